"""The output of `iw dev wlan0 scan`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tutelage.data.forms.form import Form, ScanTables, beginning, read_text
from tutelage.data.forms.one_scan import ADDRESS, ToolReading, one_scan
from tutelage.data.forms.read_options import ReadOptions

__all__ = ["FORM"]

_BLOCK = re.compile(rf"^BSS ({ADDRESS})", flags=re.MULTILINE)
_SIGNAL = re.compile(r"\s+signal:\s*(-?\d+(?:\.\d+)?)\s*(dBm|/100)?")
_SSID = re.compile(r"\s+SSID:\s*(.*)")


def _recognises(path: Path) -> bool:
    return _BLOCK.search(beginning(path)) is not None


def _read(path: Path, options: ReadOptions) -> ScanTables:
    readings: list[ToolReading] = []
    for row, line in enumerate(read_text(path).split("\n"), start=1):
        if (block := _BLOCK.match(line)) is not None:
            readings.append(ToolReading(row, block[1], None))
        elif readings and (signal := _SIGNAL.match(line)) is not None:
            percent = signal[2] == "/100"
            readings[-1] = replace(readings[-1], strength=float(signal[1]), is_percent=percent)
        elif readings and (network := _SSID.match(line)) is not None:
            readings[-1] = replace(readings[-1], network=network[1].strip())
    return one_scan(path, readings, "iw", options)


FORM = Form("iw", _recognises, _read)
