"""The bridge with a real broker: what nodes hear comes in, where devices are goes out."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from home_assistant_rules import broken_rules, components_of, is_discovery_topic

from mosquitto import Listener, Mosquitto, wait_until
from tutelage.serving.mqtt.announcer import Announcer
from tutelage.serving.store import Store
from tutelage.serving.tracks.settings import TrackSettings

pytestmark = pytest.mark.broker
CONFIG = "homeassistant/device/tutelage_keys/config"
STATE = "tutelage/devices/keys/state"
ATTRIBUTES = "tutelage/devices/keys/attributes"
Serving = Callable[..., AbstractContextManager[TestClient]]


def is_known(state: dict[str, Any]) -> bool:
    return state["x_m"] is not None


def is_gone(body: Any) -> bool:
    return bool(body == "")


def send_as_espresense(listener: Listener, heard: dict[str, float]) -> None:
    for node, rss_dbm in heard.items():
        body = {"mac": "aabbccddeeff", "id": "keys", "rssi": rss_dbm, "rssi@1m": -65, "distance": 3.4}
        listener.send(f"espresense/devices/keys/{node}", body)


def locate(client: TestClient, heard: dict[str, float], device: str = "keys") -> None:
    scan = {"rss_dbm": heard, "device": device, "time_s": time.time()}
    client.post("/v1/locate", json={"scans": [scan]}).raise_for_status()


def test_a_device_that_nodes_hear_is_announced_and_located(
    bridged: TestClient, listener: Listener, heard: dict[str, float]
) -> None:
    send_as_espresense(listener, heard)
    announced = listener.wait_for(CONFIG)
    state = listener.wait_for(STATE, is_known)
    attributes = listener.wait_for(ATTRIBUTES, bool)
    assert is_discovery_topic(CONFIG)
    assert broken_rules(announced) == []
    components = components_of(announced)
    assert [*components] == ["room", "floor", "x", "y", "accuracy", "tracker"]
    assert components["room"]["state_topic"] == STATE
    assert components["tracker"]["json_attributes_topic"] == ATTRIBUTES
    (device,) = bridged.get("/v1/devices").json()["devices"]
    last = device["last"]
    assert (device["device"], last["answer"]["n_heard"]) == ("keys", len(heard))
    assert state["room"] == "Everywhere"
    assert (state["x_m"], state["y_m"]) == (round(last["x_m"], 1), round(last["y_m"], 1))
    assert attributes["latitude"] == pytest.approx(last["latitude"], abs=1e-6)
    assert attributes["longitude"] == pytest.approx(last["longitude"], abs=1e-6)
    assert attributes["gps_accuracy"] >= last["radius_m"]


def test_without_degrees_there_is_no_tracker(
    serving: Serving, home_in_metres: Path, listener: Listener, heard: dict[str, float]
) -> None:
    with serving(home_in_metres) as client:
        locate(client, heard)
        announced = listener.wait_for(CONFIG)
        assert broken_rules(announced) == []
        assert "tracker" not in announced["components"]
        assert listener.wait_for(STATE, is_known)["accuracy_m"] > 0
    assert listener.bodies(ATTRIBUTES) == []


def test_messages_of_all_kinds_come_in_and_bad_ones_do_no_harm(
    bridged: TestClient, listener: Listener, heard: dict[str, float]
) -> None:
    nested, large = b"[" * 30_000, b'{"id": "' + b"x" * 1_000_000 + b'", "rssi": -50}'
    loud = b'{"id": "a", "rssi": "loud"}'
    for payload in (b"", b"nothing", b"[1]", b'{"rssi": NaN}', nested, large, loud, b"\xff"):
        listener.send("espresense/devices/bad/kitchen", payload)
    listener.send("find3/data", {"d": "", "f": "home", "s": {}})
    listener.send("home/hall/BTtoMQTT/AABBCCDDEEFF", {"id": "AA:BB:CC:DD:EE:FF", "tempc": 21.5})
    listener.send("home/kitchen/BTtoMQTT/AABBCCDDEEFF", {"id": "AA:BB:CC:DD:EE:FF", "rssi": -60})
    listener.send("find3/data", {"d": "Phone", "f": "home", "s": {"wifi": heard}})
    listener.send("find3/passive", {"d": "kitchen", "f": "home", "s": {"bluetooth": {"watch": -60}}})
    wait_until(lambda: len(bridged.get("/v1/devices").json()["devices"]) >= 3)
    devices = bridged.get("/v1/devices").json()["devices"]
    assert sorted(each["device"] for each in devices) == ["aa:bb:cc:dd:ee:ff", "phone", "watch"]
    metrics = bridged.get("/metrics").text
    assert 'tutelage_mqtt_messages_total{outcome="bad",source="espresense"} 8.0' in metrics
    assert 'tutelage_mqtt_messages_total{outcome="ignored",source="openmqttgateway"} 1.0' in metrics
    assert 'tutelage_mqtt_messages_total{outcome="bad",source="find3"} 1.0' in metrics


def test_a_fingerprint_with_a_location_joins_the_survey(
    bridged: TestClient, listener: Listener, heard: dict[str, float]
) -> None:
    listener.send("find3/data", {"d": "phone", "f": "home", "l": "Kitchen", "s": {"wifi": heard}})
    wait_until(lambda: bridged.get("/v1/surveys").json()["surveys"])
    (session,) = bridged.get("/v1/surveys").json()["surveys"]

    def marks() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = bridged.get(f"/v1/surveys/{session['id']}").json()["marks"]
        return found

    wait_until(lambda: any(each["n_scans"] for each in marks()))
    (mark,) = marks()
    assert (mark["place"], mark["n_scans"]) == ("kitchen", 1)


def test_readings_that_the_broker_kept_are_of_an_unknown_time(
    serving: Serving, listener: Listener, heard: dict[str, float]
) -> None:
    listener.send("espresense/devices/old/kitchen", {"id": "old", "rssi": -60}, retain=True)
    with serving() as client:
        wait_until(lambda: 'outcome="retained"' in client.get("/metrics").text)
        send_as_espresense(listener, heard)
        listener.wait_for(STATE, is_known)
        assert [each["device"] for each in client.get("/v1/devices").json()["devices"]] == ["keys"]


def test_what_did_not_change_is_not_published_again(
    bridged: TestClient, listener: Listener, heard: dict[str, float]
) -> None:
    locate(bridged, heard)
    listener.wait_for(ATTRIBUTES, bool)
    before = listener.count
    locate(bridged, heard)
    locate(bridged, heard, "phone")  # its state comes after all that the other device has to say
    listener.wait_for("tutelage/devices/phone/state", is_known, since=before)
    later = listener.messages[before:]
    assert [topic for topic, _ in later if topic in (CONFIG, STATE, ATTRIBUTES)] == []


def test_a_state_is_published_again_before_it_expires(
    serving: Serving, listener: Listener, heard: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutelage.serving.mqtt.announcer._LEAST_EXPIRY_S", 3)
    with serving(track=TrackSettings(silence_s=3.0)) as client:
        locate(client, heard)
        assert listener.wait_for(CONFIG)["components"]["room"]["expire_after"] == 3
        first = listener.wait_for(STATE, is_known)
        before = listener.count
        assert listener.wait_for(STATE, is_known, since=before) == first


def test_home_assistant_that_starts_is_told_everything_again(
    bridged: TestClient, listener: Listener, heard: dict[str, float]
) -> None:
    locate(bridged, heard)
    listener.wait_for(ATTRIBUTES, bool)
    before = listener.count
    listener.send("homeassistant/status", b"online")
    assert broken_rules(listener.wait_for(CONFIG, since=before)) == []
    listener.wait_for(STATE, is_known, since=before)
    listener.wait_for(ATTRIBUTES, bool, since=before)


def test_a_broker_that_restarts_gets_everything_again(
    bridged: TestClient, broker: Mosquitto, listener: Listener, heard: dict[str, float]
) -> None:
    locate(bridged, heard)
    listener.wait_for(ATTRIBUTES, bool)
    broker.stop()
    wait_until(lambda: "tutelage_mqtt_connected 0.0" in bridged.get("/metrics").text)
    broker.start()
    later = Listener(broker)
    assert later.wait_for("tutelage/status") == "online"
    assert broken_rules(later.wait_for(CONFIG)) == []
    later.wait_for(STATE, is_known)
    later.wait_for(ATTRIBUTES, bool)
    send_as_espresense(later, heard)
    wait_until(lambda: 'outcome="heard",source="espresense"' in bridged.get("/metrics").text)
    later.stop()


def test_a_forgotten_device_leaves_the_broker(
    bridged: TestClient, broker: Mosquitto, listener: Listener, heard: dict[str, float]
) -> None:
    locate(bridged, heard)
    listener.wait_for(ATTRIBUTES, bool)
    bridged.delete("/v1/devices/keys").raise_for_status()
    for topic in (CONFIG, ATTRIBUTES, STATE):
        listener.wait_for(topic, is_gone)
    late = Listener(broker)
    late.send("end", {})
    late.wait_for("end")
    assert {topic for topic, _ in late.messages} == {"tutelage/status", "end"}
    late.stop()


def test_a_device_that_was_renamed_is_announced_by_its_name(
    bridged: TestClient, listener: Listener, heard: dict[str, float]
) -> None:
    locate(bridged, heard)
    listener.wait_for(CONFIG)
    bridged.patch("/v1/devices/keys", json={"name": "Grandma's keys"}).raise_for_status()
    listener.wait_for(CONFIG, lambda body: body["device"]["name"] == "Grandma's keys")


def test_what_changed_while_the_service_was_away_is_set_right(
    serving: Serving, store: Store, listener: Listener
) -> None:
    store.devices.seen("phone", time.time())
    for device in ("keys", "phone"):
        listener.send(f"tutelage/devices/{device}/state", {"room": "Kitchen", "x_m": 1.0}, retain=True)
    with serving():
        # One that was forgotten is removed. One that was not heard since is unknown.
        listener.wait_for(STATE, is_gone)
        listener.wait_for(CONFIG, is_gone)
        listener.wait_for("tutelage/devices/phone/state", lambda body: body["room"] is None)
    listener.wait_for("tutelage/status", lambda body: body == "offline")


def test_a_silent_device_becomes_unknown(
    serving: Serving, listener: Listener, heard: dict[str, float]
) -> None:
    with serving(track=TrackSettings(silence_s=1.0)) as client:
        locate(client, heard)
        listener.wait_for(STATE, is_known)
        state = listener.wait_for(STATE, lambda body: not is_known(body))
        assert set(state.values()) == {None}
        listener.wait_for(ATTRIBUTES, lambda body: body == {})


def test_a_fault_ends_one_connection_alone(
    bridged: TestClient, listener: Listener, heard: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_news = Announcer.news
    faults = iter([ValueError("a fault")])

    async def news(announcer: Announcer, batch: Any) -> None:
        for fault in faults:
            raise fault
        await publish_news(announcer, batch)

    monkeypatch.setattr(Announcer, "news", news)
    locate(bridged, heard)
    listener.wait_for(STATE, is_known)
    assert next(faults, None) is None
    assert listener.bodies("tutelage/status") in (["online", "online"], ["online", "offline", "online"])


def test_a_late_goodbye_is_corrected(bridged: TestClient, listener: Listener) -> None:
    assert bridged.get("/healthz").is_success
    before = listener.count
    listener.send("tutelage/status", b"offline", retain=True)  # the will of a connection that broke before
    listener.wait_for("tutelage/status", lambda body: body == "online", since=before)


def test_other_devices_stay_out(serving: Serving, listener: Listener, heard: dict[str, float]) -> None:
    with serving(topic="flat/2", discovery="", devices=("key*",)) as client:
        locate(client, heard, "neighbour")
        listener.send("find3/data", {"d": "stranger", "f": "home", "s": {"wifi": heard}})
        locate(client, heard, "keys")
        listener.wait_for("flat/2/devices/keys/attributes", bool)
        assert "stranger" not in client.get("/v1/devices").text
    assert {topic for topic, _ in listener.messages} == {
        *("flat/2/status", "flat/2/devices/keys/state", "flat/2/devices/keys/attributes", "find3/data")
    }
