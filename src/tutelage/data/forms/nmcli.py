"""The output of `nmcli device wifi list`: a table, or with -t lines in which addresses are escaped."""

from __future__ import annotations

import re
from pathlib import Path

from tutelage.data.forms.form import Form, ScanTables, beginning, read_text
from tutelage.data.forms.one_scan import ADDRESS, ToolReading, one_scan
from tutelage.data.forms.read_options import ReadOptions

__all__ = ["FORM", "readings_of"]

_ESCAPED = re.compile(r"(?:^|:)(?P<address>[0-9A-Za-z]{2}(?:\\:[0-9A-Za-z]{2}){5})(?::|$)")
_TABLE = re.compile(
    rf"^.*?(?P<address>{ADDRESS})\s+(?P<ssid>.*?)\s+(?:Infra|Ad-Hoc|Mesh|N/A)\s.*/s\s+(?P<signal>\d+)\s"
)
_HEADER = re.compile(r"^\s*(?:IN-USE|\*)?\s*(?:BSSID|SSID)\s.*\bSIGNAL\b", flags=re.MULTILINE)
_SIGNAL = re.compile(r"\d{1,3}")


def _recognises(path: Path) -> bool:
    text = beginning(path)
    first = text.lstrip().split("\n")[0]
    return _ESCAPED.search(first) is not None or (_HEADER.search(text) is not None and "," not in first)


def readings_of(text: str) -> list[ToolReading]:
    """Read what `nmcli device wifi list` prints, with or without -t.

    Parameters
    ----------
    text : str
        Its output.

    Returns
    -------
    list of ToolReading
        One for each access point, in percent.
    """
    readings = []
    for row, line in enumerate(text.split("\n"), start=1):
        escaped = _ESCAPED.search(line)
        if escaped:
            readings.append(_terse(line, escaped, row))
        elif (cells := _TABLE.match(line)) is not None:
            readings.append(ToolReading(row, cells["address"], float(cells["signal"]), cells["ssid"], True))
    return readings


def _read(path: Path, options: ReadOptions) -> ScanTables:
    return one_scan(path, readings_of(read_text(path)), "nmcli", options)


def _terse(line: str, escaped: re.Match[str], row: int) -> ToolReading:
    """Read a line of -t: the signal follows the rate, or else is the first number after the address."""
    before, after = line[: escaped.start()], line[escaped.end() :]
    fields = re.split(r"(?<!\\):", after)
    rate = next((i for i, cell in enumerate(fields) if cell.endswith("/s")), -1)
    signal = next((cell for cell in fields[rate + 1 :] if _SIGNAL.fullmatch(cell) and int(cell) <= 100), None)
    address = escaped["address"].replace("\\:", ":")
    network = before if before and before not in ("*", " ") else fields[0]
    return ToolReading(
        row, address, None if signal is None else float(signal), network.replace("\\:", ":"), True
    )


FORM = Form("nmcli", _recognises, _read)
