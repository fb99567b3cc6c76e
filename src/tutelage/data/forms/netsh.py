"""The output of `netsh wlan show networks mode=bssid`, in whichever language Windows speaks."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tutelage.data.forms.form import Form, ScanTables, beginning, read_text
from tutelage.data.forms.one_scan import ToolReading, one_scan
from tutelage.data.forms.read_options import ReadOptions

__all__ = ["FORM"]

_SSID = re.compile(r"^\s*SSID \d+\s*:\s?(.*)", flags=re.MULTILINE)
_BSSID = re.compile(r"^\s*BSSID \d+\s*:\s*(\S.*?)\s*$")
_SIGNAL = re.compile(r"^\s*[^:]+:\s*(\d{1,3})\s?%\s*$")


def _recognises(path: Path) -> bool:
    return _SSID.search(beginning(path)) is not None


def _read(path: Path, options: ReadOptions) -> ScanTables:
    readings: list[ToolReading] = []
    network = ""
    for row, line in enumerate(read_text(path).split("\n"), start=1):
        if (name := _SSID.match(line)) is not None:
            network = name[1].strip()
        elif (access_point := _BSSID.match(line)) is not None:
            readings.append(ToolReading(row, access_point[1], None, network))
        elif readings and readings[-1].strength is None and (signal := _SIGNAL.match(line)) is not None:
            readings[-1] = replace(readings[-1], strength=float(signal[1]), is_percent=True)
    return one_scan(path, readings, "netsh", options)


FORM = Form("netsh", _recognises, _read)
