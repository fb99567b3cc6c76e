"""`tutelage collect`: recorded output of iw and nmcli, a real service, and a service that is away."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from running_service import RunningService
from typer.testing import CliRunner, Result

from mosquitto import wait_until
from tutelage.cli import app
from tutelage.data.forms.one_scan import ToolReading
from tutelage.errors import BadInputError
from tutelage.serving.collecting.outbox import Outbox
from tutelage.serving.collecting.scan_tools import scan_of, scan_tool
from tutelage.serving.heard_scans import HeardScan

A, B, C = "a0:b1:c2:00:00:01", "a0:b1:c2:00:00:02", "a0:b1:c2:00:00:03"
IW_DEV = """phy#0
	Unnamed/non-netdev interface
		wdev 0x2
	Interface wlp3s0
		ifindex 3
		type managed
"""
IW_SCAN = f"""BSS {A}(on wlp3s0) -- associated
	TSF: 2483939393 usec (0d, 00:41:23)
	freq: 2437
	signal: -58.00 dBm
	last seen: 2480 ms ago
	Information elements from Probe Response frame:
	SSID: net
BSS {B}(on wlp3s0)
	last seen: 4053.123s [boottime]
	signal: -80.00 dBm
	last seen: 0 ms ago
	SSID: other
BSS {C}(on wlp3s0)
	signal: -70.00 dBm
	SSID: private_nomap
"""
NMCLI = r"""my\:net:A0\:B1\:C2\:00\:00\:01:84
:A0\:B1\:C2\:00\:00\:02:40
private_nomap:A0\:B1\:C2\:00\:00\:03:60
"""


def fake(folder: Path, name: str, script: str) -> None:
    """A program that prints what the true one was recorded to print."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def printing(text: str) -> str:
    return f"/bin/cat <<'END'\n{text}END"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path with nothing on it yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def iw(programs: Path) -> Path:
    fake(programs, "iw", f'case "$*" in\n*scan) {printing(IW_SCAN)}\n;;\n*) {printing(IW_DEV)}\n;;\nesac')
    return programs


@pytest.fixture(scope="module")
def running(office: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service, in a process of its own."""
    with RunningService([office], tmp_path_factory.mktemp("collected")) as service:
        yield service


def collect(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["collect", "--json", *arguments])


def counts(result: Result) -> dict[str, int]:
    assert result.exit_code == 0, result.exception
    read: dict[str, int] = json.loads(result.stdout)
    return read


@pytest.mark.usefixtures("iw")
def test_scans_reach_the_survey_of_the_device(running: RunningService, tmp_path: Path) -> None:
    session = {"id": "walk", "name": "Walk", "device": "laptop"}
    running.call("POST", "v1/surveys", session)
    mark = {"id": "here", "start_s": time.time() - 5, "end_s": time.time() + 60, "x_m": 1.0, "y_m": 1.0}
    running.call("POST", "v1/surveys/walk/marks", {"marks": [mark]})
    unsent = tmp_path / "unsent.jsonl"
    told = collect(
        *("--to", running.url, "--device", "laptop", "--every", "1", "--scans", "2", "--tool", "iw"),
        *("--unsent", str(unsent)),
    )
    assert counts(told) == {"scans": 2, "failed": 0, "new": 2, "repeated": 0, "waiting": 0, "dropped": 0}
    (described,) = running.call("GET", "v1/surveys/walk")["marks"]
    assert described["n_scans"] == 2
    assert not unsent.exists()


@pytest.mark.usefixtures("iw")
def test_scans_wait_while_the_service_is_away_and_none_counts_twice(
    running: RunningService, tmp_path: Path
) -> None:
    unsent = tmp_path / "unsent.jsonl"
    arguments = ["--to", running.url, "--device", "tablet", "--tool", "iw", "--unsent", str(unsent)]
    running.stop()
    away = counts(collect(*arguments, "--scans", "1"))
    assert (away["new"], away["waiting"]) == (0, 1)
    kept = unsent.read_text()
    running.start()
    back = counts(collect(*arguments, "--scans", "1"))
    assert (back["new"], back["waiting"]) == (2, 0)
    unsent.write_text(kept)  # as if the power had gone before the answer came
    again = counts(collect(*arguments, "--scans", "1"))
    assert (again["new"], again["repeated"]) == (1, 1)


def test_what_iw_says_is_dbm_and_age(iw: Path) -> None:
    scan = scan_tool("iw").scan()
    assert dict(scan.rss_dbm) == {A: -58.0, B: -80.0}
    assert dict(scan.age_s) == {A: 2.48}
    assert scan_tool("iw", "wlan7").command == ("iw", "dev", "wlan7", "scan")
    assert (iw / "iw").exists()


def test_what_nmcli_says_is_percent(programs: Path) -> None:
    fake(programs, "nmcli", printing(NMCLI))
    scan = scan_tool("nmcli").scan()
    assert dict(scan.rss_dbm) == {A: -58.0, B: -80.0}
    assert dict(scan.age_s) == {}
    assert scan_tool("nmcli", "wlan7").command[-2:] == ("ifname", "wlan7")


def test_root_scans_with_iw_and_others_with_nmcli(iw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(iw, "nmcli", printing(NMCLI))
    for user, name in ((0, "iw"), (1000, "nmcli")):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert scan_tool().name == name
    (iw / "nmcli").unlink()
    assert scan_tool().name == "iw"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "neither iw nor nmcli is installed"),
        ("exit 0", "finds no wireless interface"),
        ("echo 'command failed: Operation not permitted (-1)' >&2; exit 255", "Run the command as root"),
    ],
)
def test_what_keeps_from_scanning_is_said(programs: Path, script: str | None, words: str) -> None:
    if script:
        fake(programs, "iw", script)
    with pytest.raises(BadInputError, match=words):
        scan_tool()


def test_a_scan_that_fails_is_counted_and_told_once(
    programs: Path, running: RunningService, tmp_path: Path
) -> None:
    fake(programs, "nmcli", "echo 'Error: Device busy' >&2; exit 1")
    told = collect(
        *("--to", running.url, "--device", "busy", "--tool", "nmcli", "--every", "1", "--scans", "2"),
        *("--unsent", str(tmp_path / "unsent")),
    )
    assert counts(told)["failed"] == 2
    assert told.stderr.count("nmcli fails: Error: Device busy") == 1


@pytest.mark.usefixtures("iw")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "laptop"], "is no address of a service"),
        (["--to", "http://localhost:1?key=s3cret"], "'http://localhost:1' is no address of a service"),
        (["--to", "http://me:s3cret@localhost"], "is no address of a service"),
        (["--to", "http://localhost:1", "--every", "0.1"], "give 1 or more"),
        (["--to", "http://localhost:1", "--every", "nan"], "give 1 or more"),
        (["--to", "http://localhost:1", "--device", " "], "give one of 1 to 200 characters"),
        (["--to", "URL/docs", "--tool", "iw"], "answers 405"),
        (["--to", "http://localhost:1", "--key-file", "nothing"], "cannot read the secret"),
    ],
)
def test_bad_input_is_one_message(
    running: RunningService, tmp_path: Path, arguments: list[str], words: str
) -> None:
    given = [each.replace("URL", running.url.rstrip("/")) for each in arguments]
    ended = collect(*given, "--scans", "1", "--unsent", str(tmp_path / "unsent"))
    assert words in str(ended.exception)
    assert "s3cret" not in str(ended.exception)


@pytest.mark.usefixtures("iw")
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "Give a key of role locate"),
        (403, "Give a key of role locate"),
        (302, "scans wait"),
        (500, "scans wait"),
        (200, "not as a Tutelage service does"),
    ],
)
def test_what_the_service_answers_is_said(tmp_path: Path, status: int, words: str) -> None:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    unsent = tmp_path / "unsent"
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        ended = collect("--to", url, "--scans", "1", "--tool", "iw", "--unsent", str(unsent))
        server.shutdown()
        thread.join()
    assert words in f"{ended.exception} {ended.stderr}"
    assert len(Outbox(unsent)) == 1


@pytest.mark.usefixtures("iw")
def test_ctrl_c_ends_it_with_what_was_collected(tmp_path: Path) -> None:
    unsent = tmp_path / "unsent"
    command = [sys.executable, "-m", "tutelage", "collect", "--to", "http://127.0.0.1:9", "--json"]
    options = ["--tool", "iw", "--unsent", str(unsent), "--device", "laptop"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_until(unsent.exists)
        with pytest.raises(BadInputError, match="another command collects with"):
            raise collect("--to", "http://127.0.0.1:9", *options).exception or AssertionError
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        printed, told = process.communicate(timeout=20)
    assert (process.returncode, json.loads(printed)["waiting"]) == (130, 1)
    assert b"scans wait until it is back" in told
    assert b"Traceback" not in told


def test_a_scan_without_sound_readings_is_empty() -> None:
    readings = [ToolReading(1, A, None), ToolReading(2, B, 0.0), ToolReading(3, C, -130.0)]
    assert scan_of(readings, 0.0).rss_dbm == {}


def test_the_outbox_survives_a_restart_and_a_torn_line_and_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "unsent.jsonl"
    outbox = Outbox(file, most=3)
    for time_s in range(5):
        outbox.add(HeardScan({A: -50.0}, float(time_s), {A: 1.0}))
    assert (len(outbox), outbox.n_dropped) == (3, 2)
    with file.open("a") as torn:
        torn.write('{"rss_dbm": {"a0:')
    again = Outbox(file, most=3)
    expected: list[dict[str, Any]] = [
        {"rss_dbm": {A: -50.0}, "age_s": {A: 1.0}, "time_s": time_s} for time_s in (2.0, 3.0, 4.0)
    ]
    assert again.first(10) == expected
    again.remove(2)
    assert Outbox(file).first(10) == expected[2:]
    again.remove(1)
    assert not file.exists()
