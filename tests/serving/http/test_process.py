"""The service as a process: `tutelage serve`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tutelage.cli import app


def started(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start a service on a free port, and return it and its address."""
    command = [sys.executable, "-m", "tutelage", "serve", *arguments, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    line = process.stderr.readline()
    address = re.search(r"http://\S+/", line)
    assert address is not None, line + process.stderr.read()
    return process, address[0]


def test_it_serves_until_it_is_stopped(office: Path, tmp_path: Path, heard: dict[str, float]) -> None:
    process, address = started(str(office), "--store", str(tmp_path / "a.db"), "--simulate")
    try:
        body = json.dumps({"scans": [{"rss_dbm": heard}]}).encode()
        with urllib.request.urlopen(f"{address}v1/locate", body, timeout=10) as answer:
            (found,) = json.load(answer)["answers"]
        assert found["model"] == "office"
        with urllib.request.urlopen(f"{address}v1/events", timeout=10) as stream:
            assert stream.readline() == b"event: device\n"
            devices = json.loads(stream.readline().removeprefix(b"data: "))
            process.send_signal(signal.SIGINT)  # while a browser listens
            _, words = process.communicate(timeout=10)
    finally:
        process.kill()
    names = {"simulated-ada-1", "simulated-ben-2", "simulated-cleo-3"}
    assert {*(each["device"] for each in devices)} <= names
    assert process.returncode == 130
    assert words.strip() == "stopped"


def test_pytorch_is_not_loaded(office: Path, tmp_path: Path) -> None:
    program = f"""
import sys
from fastapi.testclient import TestClient
from pathlib import Path
from tutelage.serving import app, server
from tutelage.serving.served_models import ServedModels
from tutelage.serving.service import Service
from tutelage.serving.settings import ServeSettings
from tutelage.serving.store import Store
from tutelage.serving.tracks.settings import TrackSettings
store = Store.open({str(tmp_path / "a.db")!r})
service = Service(ServedModels([Path({str(office)!r})]), store, ServeSettings(), TrackSettings(), Path("m"))
with TestClient(app.create_app(service, needs_keys=False), base_url="http://127.0.0.1") as client:
    scan = {{"rss_dbm": {{"02:00:00:00:00:05": -50}}}}
    assert client.post("/v1/locate", json={{"scans": [scan]}}).is_success
print("torch" in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "there is no model nothing"),
        (["SURVEY"], "is no model; give a folder that fit wrote"),
        (["OFFICE", "--host", "0.0.0.0"], "requests need keys, and there is none"),
        (["OFFICE", "--require-keys"], "requests need keys, and there is none"),
        (["OFFICE", "--public-name", "building.example"], "building.example is reached from other machines"),
        (["OFFICE", "--trusted-proxy", "proxy"], "trusted proxy 'proxy' is no address"),
        (["OFFICE", "--level", "2"], "level 2"),
        (["OFFICE", "--port", "70000"], "port 70000"),
        (["OFFICE", "OFFICE"], "two models have the name"),
    ],
)
def test_bad_input_is_one_message(office: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    survey = tmp_path / "survey.csv"
    survey.write_text("scan_id,x_m,y_m,AP1\n1,2,3,-50\n")
    files = {"OFFICE": str(office), "SURVEY": str(survey)}
    given = [files.get(each, each) for each in arguments]
    ended = CliRunner().invoke(app, ["serve", *given, "--store", str(tmp_path / "a.db")])
    assert words in str(ended.exception)
