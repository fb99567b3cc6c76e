"""The output of a scan tool: one scan, in dBm or in percent of signal quality."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tutelage.data.forms.form import LeftOut, ScanTables
from tutelage.data.forms.heard_scans import HeardScan, scan_tables
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import NO_MAP

__all__ = ["ADDRESS", "ToolReading", "one_scan"]

ADDRESS = r"[0-9A-Za-z]{2}(?::[0-9A-Za-z]{2}){5}"
"""Pattern of an address; letters beyond F stand in outputs that somebody made anonymous."""


@dataclass(frozen=True)
class ToolReading:
    """One line, or block of lines, of a tool's output.

    Parameters
    ----------
    row : int
        Its line.
    name : str
        Address of the access point.
    strength : float or None
        RSS in dBm, or percent of signal quality; None if the tool says nothing.
    network : str
        Name of the network.
    is_percent : bool
        Whether the strength is percent.
    age_s : float
        How long ago the tool heard it, in seconds.
    """

    row: int
    name: str
    strength: float | None
    network: str = ""
    is_percent: bool = False
    age_s: float = 0.0

    @property
    def rss_dbm(self) -> float | None:
        """Its RSS in dBm."""
        if self.strength is None or not self.is_percent:
            return self.strength
        return self.strength / 2 - 100


def one_scan(path: Path, readings: Sequence[ToolReading], tool: str, options: ReadOptions) -> ScanTables:
    """Make the tables of one scan.

    Parameters
    ----------
    path : Path
        File with the output.
    readings : sequence of ToolReading
        What it says.
    tool : str
        Name of the tool.
    options : ReadOptions
        Whether positions are needed.

    Returns
    -------
    ScanTables
        One scan, named after the file.

    Raises
    ------
    BadInputError
        If nothing was heard, or positions are needed.
    """
    if options.located:
        raise BadInputError(
            f"this is one scan of {tool}, without a place; locate it (tutelage locate MODEL "
            f"{path.name}), or write a "
            "table of scans and places to learn from",
            file=path,
        )
    mapped = [each for each in readings if not each.network.endswith(NO_MAP)]
    told = [each for each in mapped if each.strength is not None]
    if not told:
        raise BadInputError(f"{tool} heard nothing whose strength it says; scan again", file=path)
    n_percent = sum(each.is_percent for each in told)
    note = f"{n_percent} strengths are percent of signal quality, read as dBm = percent / 2 - 100"
    scan = HeardScan(
        told[0].row,
        [(each.name, each.rss_dbm) for each in told],
        re.sub(r"\s+", "-", path.name.split(".")[0]) or "scan",
        reading_rows=[each.row for each in told],
    )
    silent = tuple(each.row for each in mapped if each.strength is None)
    unmapped = tuple(each.row for each in readings if each.network.endswith(NO_MAP))
    why = f"a network whose name ends in {NO_MAP} is not to be used for positioning"
    left_out = (
        LeftOut("no_strength", "reading", len(readings), "no strength", "nothing is to be done", silent),
        LeftOut("nomap", "reading", len(readings), why, "nothing is to be done", unmapped),
    )
    notes = (note,) if n_percent else ()
    return scan_tables(
        path, [scan], options, notes=notes, left_out=tuple(each for each in left_out if each.rows)
    )
