"""Lines of a GetSensorData log that matter here: readings, marks, the device (see `getsensordata`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tutelage.data.forms.form import read_text
from tutelage.data.forms.marks import Marks
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import NO_MAP, is_mac, normalised_name

__all__ = ["Log", "LogReading", "is_log", "read_log"]

_TYPES = (  # the line types that the app writes
    *("ACCE", "GYRO", "MAGN", "PRES", "LIGH", "PROX", "HUMI", "TEMP", "AHRS", "GNSS", "WIFI", "BLUE", "BLE4"),
    *("SOUN", "RFID", "IMUX", "IMUL", "IMUI", "POSI"),
)
_LINE = re.compile(rf"(?:{'|'.join(_TYPES)});")
_LONGEST_LINE = 1 << 16  # a binary file may have no lines at all
_HEADER = "% LogFile created by"
_BEACON_KINDS = ("iBeacon", "Eddystone")
_MODEL = re.compile(r"%\s*(Manufacturer|Model):\s*(.*)")


@dataclass(frozen=True)
class LogReading:
    """A reading as its line gives it.

    Parameters
    ----------
    time_s : float
        Time of the app in seconds.
    time : str
        The same as text.
    name : str
        Access point or beacon.
    rss : str
        RSS in dBm, as text.
    row : int
        Line of the log.
    """

    time_s: float
    time: str
    name: str
    rss: str
    row: int


@dataclass
class Log:
    """The contents of a log, in the order of its lines.

    Parameters
    ----------
    path : Path
        The log.
    wifi, beacons : list
        Readings of Wi-Fi and of Bluetooth.
    marks : Marks
        Marks of the walker.
    device : list of str
        Maker and model of the phone.
    unmapped : set of str
        Access points whose owners opted out of positioning.
    """

    path: Path
    wifi: list[LogReading] = field(default_factory=list)
    beacons: list[LogReading] = field(default_factory=list)
    marks: Marks = field(default_factory=Marks)
    device: list[str] = field(default_factory=list)
    unmapped: set[str] = field(default_factory=set)

    def error(self, message: str, row: int | None = None, column: str | None = None) -> BadInputError:
        """Make the error to raise for a line.

        Parameters
        ----------
        message : str
            What is wrong, the rule and the next step.
        row : int, optional
            Line.
        column : str, optional
            Field of the line.

        Returns
        -------
        BadInputError
            The error, with the log's path.
        """
        return BadInputError(message, file=self.path, row=row, column=column)

    def seconds(self, text: str, row: int, column: str) -> float:
        """Parse the time of a line.

        Parameters
        ----------
        text : str
            The field.
        row : int
            Line.
        column : str
            Name of the field.

        Returns
        -------
        float
            Seconds.

        Raises
        ------
        BadInputError
            If the field is not a finite number.
        """
        try:
            value = float(text.replace(",", "."))  # some phones write decimal commas
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise self.error(f"{text!r} is no time; it is a number of seconds", row, column)
        return value


def is_log(path: Path) -> bool:
    """Return whether a file is a log, by its first line or by the comment that the app writes first.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        False also where it does not exist.
    """
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
    """Read a log.

    Parameters
    ----------
    path : Path
        The log.

    Returns
    -------
    Log
        Its contents.

    Raises
    ------
    BadInputError
        If a line that matters breaks the specification.
    """
    log = Log(path)
    readers: dict[str, Callable[[Log, list[str], int], None]] = {
        "WIFI;": _add_wifi,
        "BLE4;": _add_beacon,
        "POSI;": _add_mark,
    }
    for row, line in enumerate(read_text(path).split("\n"), start=1):
        reader = readers.get(line[:5])
        if reader is not None:
            fields = [cell.strip() for cell in line.rstrip("; \t").split(";")]
            reader(log, fields, row)
        elif line.startswith("%") and (model_line := _MODEL.match(line)) and model_line[2].strip():
            log.device.append(model_line[2].strip())
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
    mac = normalised_name(fields[place])
    if ";".join(fields[3:place]).endswith(NO_MAP):
        log.unmapped.add(mac)
    time_s = log.seconds(fields[1], row, "AppTimestamp")
    log.wifi.append(LogReading(time_s, fields[1], mac, fields[-1], row))


def _add_beacon(log: Log, fields: list[str], row: int) -> None:
    if len(fields) >= 5 and fields[2] in _BEACON_KINDS and is_mac(fields[3]):
        name = normalised_name(fields[3])
    elif len(fields) == 5 and fields[2].isdecimal() and fields[3].isdecimal():
        name = f"beacon-{fields[2]}-{fields[3]}"
    else:
        raise log.error(
            "no beacon; a line is BLE4;AppTimestamp;iBeacon or Eddystone;MAC;RSSI;... or, in old logs, "
            "BLE4;AppTimestamp;MajorID;MinorID;RSS",
            row,
        )
    log.beacons.append(
        LogReading(log.seconds(fields[1], row, "AppTimestamp"), fields[1], name, fields[4], row)
    )


def _add_mark(log: Log, fields: list[str], row: int) -> None:
    if len(fields) < 7:
        raise log.error(
            f"{len(fields)} fields; a mark is POSI;Timestamp;Counter;Latitude;Longitude;floor ID;Building ID",
            row,
        )
    place = [cell.replace(",", ".") for cell in fields[3:5]]
    log.marks.add(log.seconds(fields[1], row, "Timestamp"), [*place, *fields[5:7]], row)
