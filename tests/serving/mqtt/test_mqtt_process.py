"""`tutelage serve --mqtt` as a process: killed, started again, and with a broker that is late."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from home_assistant_rules import broken_rules
from running_service import RunningService
from typer.testing import CliRunner

from mosquitto import Listener, Mosquitto
from tutelage.cli import app

STATE = "tutelage/devices/keys/state"
CONFIG = "homeassistant/device/tutelage_keys/config"


def is_known(state: dict[str, Any]) -> bool:
    return state["x_m"] is not None


@pytest.mark.broker
@pytest.mark.slow
def test_a_killed_service_is_offline_and_tells_everything_again_when_it_is_back(
    home: Path, broker: Mosquitto, listener: Listener, heard: dict[str, float], tmp_path: Path
) -> None:
    service = RunningService([home], tmp_path, ["--mqtt", broker.url])
    with service:
        listener.wait_for("tutelage/status", lambda body: body == "online")
        scan = {"rss_dbm": heard, "device": "keys", "time_s": time.time()}
        service.call("POST", "v1/locate", {"scans": [scan]})
        listener.wait_for(STATE, is_known)
        before = listener.count
        service.kill()
        listener.wait_for("tutelage/status", lambda body: body == "offline", since=before)
        before = listener.count
        service.start()
        listener.wait_for("tutelage/status", lambda body: body == "online", since=before)
        assert broken_rules(listener.wait_for(CONFIG, since=before)) == []
        listener.wait_for(STATE, is_known, since=before)
        before = listener.count
    listener.wait_for("tutelage/status", lambda body: body == "offline", since=before)


@pytest.mark.broker
@pytest.mark.slow
def test_a_broker_that_comes_late_and_wants_a_password(home: Path, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, "secret words")
    broker.stop()
    password = tmp_path / "password"
    password.write_text("secret words\n")
    url = broker.url.replace("mqtt://", "mqtt://tutelage@")
    options = ["--mqtt", url, "--mqtt-password-file", str(password)]
    with RunningService([home], tmp_path, options) as service:
        assert service.call("GET", "v1/devices") == {"devices": []}
        broker.start()
        listener = Listener(broker)
        listener.wait_for("tutelage/status", lambda body: body == "online")
        log = (tmp_path / "serve.log").read_text()
        assert "trying again" in log
        assert "secret" not in log
    listener.stop()
    broker.stop()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--mqtt", "mqtt://me:secret@broker"], "put it into a file"),
        (["--mqtt", "broker"], "is no broker"),
        (["--mqtt", "mqtt://me@broker", "--mqtt-password-file", "NOTHING"], "cannot read the secret"),
        (["--mqtt", "mqtt://me@broker", "--mqtt-password-file", "EMPTY"], "the file is empty"),
        (["--mqtt", "mqtt://broker", "--mqtt-topic", "#"], "cannot begin topics"),
        (["--omlox-hub", "hub"], "is no hub"),
    ],
)
def test_bad_options_are_one_message(home: Path, tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "empty").touch()
    named = {"NOTHING": str(tmp_path / "nothing"), "EMPTY": str(tmp_path / "empty")}
    given = [named.get(each, each) for each in options]
    ended = CliRunner().invoke(app, ["serve", str(home), "--store", str(tmp_path / "a.db"), *given])
    assert words in str(ended.exception)


def test_the_password_can_be_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tutelage.cli.bridge_options import secret_of

    monkeypatch.setenv("TUTELAGE_MQTT_PASSWORD", "of the environment")
    assert secret_of(None, "TUTELAGE_MQTT_PASSWORD") == "of the environment"
    (tmp_path / "password").write_text("of a file\n")
    assert secret_of(tmp_path / "password", "TUTELAGE_MQTT_PASSWORD") == "of a file"
    monkeypatch.delenv("TUTELAGE_MQTT_PASSWORD")
    assert secret_of(None, "TUTELAGE_MQTT_PASSWORD") is None
