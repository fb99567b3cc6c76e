"""The output of `airport -s`, the scan tool of macOS."""

from __future__ import annotations

import re
from pathlib import Path

from tutelage.data.forms.form import Form, ScanTables, beginning, read_text
from tutelage.data.forms.one_scan import ADDRESS, ToolReading, one_scan
from tutelage.data.forms.read_options import ReadOptions

__all__ = ["FORM"]

_HEADER = re.compile(r"^\s*SSID\s+BSSID\s+RSSI\s+CHANNEL\b", flags=re.MULTILINE)
_LINE = re.compile(rf"^\s*(.*?)\s+({ADDRESS})\s+(-\d+)\s")


def _recognises(path: Path) -> bool:
    return _HEADER.search(beginning(path)) is not None


def _read(path: Path, options: ReadOptions) -> ScanTables:
    lines = ((row, _LINE.match(line)) for row, line in enumerate(read_text(path).split("\n"), start=1))
    readings = [ToolReading(row, cells[2], float(cells[3]), cells[1]) for row, cells in lines if cells]
    return one_scan(path, readings, "airport", options)


FORM = Form("airport", _recognises, _read)
