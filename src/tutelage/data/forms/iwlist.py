"""The output of `iwlist wlan0 scan`; some drivers give the signal level in hundredths."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tutelage.data.forms.form import Form, ScanTables, beginning, read_text
from tutelage.data.forms.one_scan import ADDRESS, ToolReading, one_scan
from tutelage.data.forms.read_options import ReadOptions

__all__ = ["FORM"]

_CELL = re.compile(rf"^\s*Cell \d+ - Address: ({ADDRESS})", flags=re.MULTILINE)
_LEVEL = re.compile(r"Signal level[=:]\s*(-?\d+)\s*(dBm|/100)?")
_QUALITY = re.compile(r"Quality[=:]\s*(\d+)/(\d+)")
_SSID = re.compile(r'ESSID:"(.*)"')


def _recognises(path: Path) -> bool:
    return _CELL.search(beginning(path)) is not None


def _read(path: Path, options: ReadOptions) -> ScanTables:
    readings: list[ToolReading] = []
    for row, line in enumerate(read_text(path).split("\n"), start=1):
        if (cell := _CELL.match(line)) is not None:
            readings.append(ToolReading(row, cell[1], None))
            continue
        if not readings:
            continue
        level, quality, network = _LEVEL.search(line), _QUALITY.search(line), _SSID.search(line)
        if level and (level[2] != "/100" and int(level[1]) < 0):
            readings[-1] = replace(readings[-1], strength=float(level[1]))
        elif level and level[2] == "/100":
            readings[-1] = replace(readings[-1], strength=float(level[1]), is_percent=True)
        elif quality and int(quality[2]):
            percent = 100.0 * int(quality[1]) / int(quality[2])
            readings[-1] = replace(readings[-1], strength=percent, is_percent=True)
        if network:
            readings[-1] = replace(readings[-1], network=network[1])
    return one_scan(path, readings, "iwlist", options)


FORM = Form("iwlist", _recognises, _read)
