"""The lines of a GetSensorData log that are of use: readings, marks, the device. See `getsensordata`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tutelage.data.forms.form import decoded
from tutelage.data.forms.marks import Marks
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import NO_MAP, is_mac, plain_name

__all__ = ["Heard", "Log", "is_log", "read_log"]

_TYPES = (  # of the lines that the app writes
    *("ACCE", "GYRO", "MAGN", "PRES", "LIGH", "PROX", "HUMI", "TEMP", "AHRS", "GNSS", "WIFI", "BLUE", "BLE4"),
    *("SOUN", "RFID", "IMUX", "IMUL", "IMUI", "POSI"),
)
_LINE = re.compile(rf"(?:{'|'.join(_TYPES)});")
_LONGEST_LINE = 1 << 16  # a file that is no text may have no lines at all
_HEADER = "% LogFile created by"
_BEACON_KINDS = ("iBeacon", "Eddystone")
_MODEL = re.compile(r"%\s*(Manufacturer|Model):\s*(.*)")


@dataclass(frozen=True)
class Heard:
    """A reading as it stands in its line."""

    time_s: float
    time: str
    name: str
    rss: str
    row: int


@dataclass
class Log:
    """What is of use in a log, in the order of its lines."""

    path: Path
    wifi: list[Heard] = field(default_factory=list)
    beacons: list[Heard] = field(default_factory=list)
    marks: Marks = field(default_factory=Marks)
    device: list[str] = field(default_factory=list)
    unmapped: set[str] = field(default_factory=set)

    def error(self, message: str, row: int | None = None, column: str | None = None) -> BadInputError:
        """The error to raise for a line."""
        return BadInputError(message, file=self.path, row=row, column=column)

    def seconds(self, text: str, row: int, column: str) -> float:
        """The time that a line gives."""
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise self.error(f"{text!r} is no time; it is a number of seconds", row, column)
        return value


def is_log(path: Path) -> bool:
    """Whether the first line that is no comment, or the comment that the app writes first, is of a log."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        for raw in iter(lambda: file.readline(_LONGEST_LINE), b""):
            line = raw.decode("utf-8-sig", errors="replace").strip()
            if line.startswith(_HEADER) or _LINE.match(line):
                return True
            if line and not line.startswith("%"):
                return False
    return False


def read_log(path: Path) -> Log:
    """The lines of use of a log.

    Raises
    ------
    BadInputError
        If one of them is not as the specification has it.
    """
    log = Log(path)
    readers: dict[str, Callable[[Log, list[str], int], None]] = {
        "WIFI;": _add_wifi,
        "BLE4;": _add_beacon,
        "POSI;": _add_mark,
    }
    for row, line in enumerate(decoded(path).split("\n"), start=1):
        reader = readers.get(line[:5])
        if reader is not None:
            fields = [cell.strip() for cell in line.rstrip("; \t").split(";")]
            reader(log, fields, row)
        elif line.startswith("%") and (told := _MODEL.match(line)) and told[2].strip():
            log.device.append(told[2].strip())
    return log


def _add_wifi(log: Log, fields: list[str], row: int) -> None:
    # From behind, since the name of a network may hold semicolons.
    place = next((i for i in (-2, -3) if len(fields) >= 4 - i and is_mac(fields[i])), None)
    if place is None:
        raise log.error(
            "no MAC address where one belongs; a line is WIFI;AppTimestamp;SensorTimeStamp;Name_SSID;"
            "MAC_BSSID;Frequency;RSS (Frequency may be missing)",
            row,
        )
    mac = plain_name(fields[place])
    if ";".join(fields[3:place]).endswith(NO_MAP):
        log.unmapped.add(mac)
    time_s = log.seconds(fields[1], row, "AppTimestamp")
    log.wifi.append(Heard(time_s, fields[1], mac, fields[-1], row))


def _add_beacon(log: Log, fields: list[str], row: int) -> None:
    if len(fields) >= 5 and fields[2] in _BEACON_KINDS and is_mac(fields[3]):
        name = plain_name(fields[3])
    elif len(fields) == 5 and fields[2].isdecimal() and fields[3].isdecimal():
        name = f"beacon-{fields[2]}-{fields[3]}"
    else:
        raise log.error(
            "no beacon; a line is BLE4;AppTimestamp;iBeacon or Eddystone;MAC;RSSI;... or, in old logs, "
            "BLE4;AppTimestamp;MajorID;MinorID;RSS",
            row,
        )
    log.beacons.append(Heard(log.seconds(fields[1], row, "AppTimestamp"), fields[1], name, fields[4], row))


def _add_mark(log: Log, fields: list[str], row: int) -> None:
    if len(fields) < 7:
        raise log.error(
            f"{len(fields)} fields; a mark is POSI;Timestamp;Counter;Latitude;Longitude;floor ID;Building ID",
            row,
        )
    log.marks.add(log.seconds(fields[1], row, "Timestamp"), fields[3:7], row)
