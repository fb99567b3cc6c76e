"""The output of `iw dev wlan0 scan`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tutelage.data.forms.form import Form, ScanTables, beginning, read_text
from tutelage.data.forms.one_scan import ADDRESS, ToolReading, one_scan
from tutelage.data.forms.read_options import ReadOptions

__all__ = ["FORM", "readings_of"]

_BLOCK = re.compile(rf"^BSS ({ADDRESS})", flags=re.MULTILINE)
_SIGNAL = re.compile(r"\s+signal:\s*(-?\d+(?:\.\d+)?)\s*(dBm|/100)?")
_AGE = re.compile(r"\s+last seen:\s*(\d+) ms ago")
_SSID = re.compile(r"\s+SSID:\s*(.*)")


def _recognises(path: Path) -> bool:
    return _BLOCK.search(beginning(path)) is not None


def readings_of(text: str) -> list[ToolReading]:
    """Read what `iw dev INTERFACE scan` prints.

    Parameters
    ----------
    text : str
        Its output.

    Returns
    -------
    list of ToolReading
        One for each access point.
    """
    readings: list[ToolReading] = []
    for row, line in enumerate(text.split("\n"), start=1):
        if (block := _BLOCK.match(line)) is not None:
            readings.append(ToolReading(row, block[1], None))
        elif readings and (signal := _SIGNAL.match(line)) is not None:
            percent = signal[2] == "/100"
            readings[-1] = replace(readings[-1], strength=float(signal[1]), is_percent=percent)
        elif readings and (age := _AGE.match(line)) is not None:
            readings[-1] = replace(readings[-1], age_s=float(age[1]) / 1000)
        elif readings and (network := _SSID.match(line)) is not None:
            readings[-1] = replace(readings[-1], network=network[1].strip())
    return readings


def _read(path: Path, options: ReadOptions) -> ScanTables:
    return one_scan(path, readings_of(read_text(path)), "iw", options)


FORM = Form("iw", _recognises, _read)
