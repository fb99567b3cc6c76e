"""What receivers hear of a device, as an MQTT dump: ESPresense and OpenMQTTGateway.

A line is a topic and a JSON body, as `mosquitto_sub -v` prints them; a time may stand before it:

    espresense/devices/DEVICE/ROOM {"id": "DEVICE", "rssi": -63}
    home/GATEWAY/BTtoMQTT/ADDRESS {"id": "ADDRESS", "rssi": -63}

The receivers (rooms, gateways) are the access points. A scan is what they hear of one device in five seconds;
in a dump without times, a scan ends when a receiver hears the device again. Labels are the devices: a table
beside the file says at which position, or in which place, a device was (`heard_scans`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tutelage.data.forms.form import Form, LeftOut, ScanTables, beginning, read_text
from tutelage.data.forms.heard_scans import HeardScan, scan_tables
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.receiver_topics import heard_device

__all__ = ["FORM"]

_WINDOW_S = 5.0
_TOPIC = re.compile(r"(?:^|\s)(espresense/devices/[^/\s]+/[^\s{]+|[^\s{]+/BTtoMQTT(?:/[^\s{]+)?)\s+(?=\{)")
_MARKS = ("espresense/devices/", "/BTtoMQTT")
_TIMES = ("time", "timestamp", "ts", "unixtime", "UTCtime")


@dataclass
class _Open:
    """A scan to which further lines may belong."""

    row: int
    device: str
    time_s: float | None
    readings: list[tuple[str, Any]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)


def _recognises(path: Path) -> bool:
    return any(_topic(line) for line in beginning(path).split("\n")[:20])


def _read(path: Path, options: ReadOptions) -> ScanTables:
    lines = [(row, line) for row, line in enumerate(read_text(path).split("\n"), start=1) if line.strip()]
    heard = [(row, _heard(line)) for row, line in lines]
    other = tuple(row for row, each in heard if each is None)
    why = "no receiver's reading of a device"
    left_out = LeftOut("other_message", "line", len(lines), why, "nothing is to be done", other)
    scans = [
        HeardScan(
            scan.row,
            scan.readings,
            f"{scan.device}-{scan.row}",
            scan.device,
            scan.device,
            time=scan.time_s,
            reading_rows=scan.rows,
        )
        for scan in _windows((row, *each) for row, each in heard if each is not None)
    ]
    titles = {"ap": "topic", "rss_dbm": "rssi", "scan_id": "id", "label": "id"}
    told = (left_out,) if other else ()
    return scan_tables(path, scans, options, titles=titles, left_out=told, label_is_place=False)


def _topic(line: str) -> re.Match[str] | None:
    is_likely = any(mark in line for mark in _MARKS)  # the pattern is slow on other lines
    return _TOPIC.search(line) if is_likely else None


def _heard(line: str) -> tuple[str, str, Any, float | None] | None:
    """Return device, receiver, RSS and time in seconds of a line; None if it is of another kind."""
    topic = _topic(line)
    if topic is None:
        return None
    try:
        body = json.loads(line[topic.end() :])
    except (ValueError, RecursionError):
        return None
    heard = heard_device(topic[1], body) if isinstance(body, dict) else None
    if heard is None or not isinstance(heard.rss, (int, float)):
        return None
    time = next(
        (body[name] for name in _TIMES if isinstance(body.get(name), (int, float, str))),
        line[: topic.start()],
    )
    return *heard, _seconds(time)


def _seconds(time: object) -> float | None:
    text = str(time).strip().strip("[]")
    try:
        number = float(text)
        return number / 1000 if number > 1e11 else number
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.split(" ")[0] if "T" in text else text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _windows(heard: Iterable[tuple[int, str, str, Any, float | None]]) -> list[_Open]:
    scans: list[_Open] = []
    open_scans: dict[str, _Open] = {}
    for row, device, receiver, rss, time_s in heard:
        scan = open_scans.get(device)
        if scan is None or _ends(scan, receiver, time_s):
            scan = open_scans[device] = _Open(row, device, time_s)
            scans.append(scan)
        scan.readings.append((receiver, rss))
        scan.rows.append(row)
    return scans


def _ends(scan: _Open, receiver: str, time_s: float | None) -> bool:
    if time_s is None or scan.time_s is None:
        return receiver in {name for name, _ in scan.readings}
    return not 0 <= time_s - scan.time_s < _WINDOW_S


FORM = Form("espresense", _recognises, _read)
