"""What every form of a user's own scans is read into: a table of scans and one of readings, cell by cell.

Nothing is converted or refused yet: the strict reader stops at the first cell that breaks a rule, the
survey check goes on and lists them all, and both name the place in the user's own file.
"""

from __future__ import annotations

from dataclasses import dataclass

from tutelage.datasets.located_table import LocatedTable

__all__ = ["LeftOut", "ScanTables", "counted"]


@dataclass(frozen=True)
class LeftOut:
    """Scans or readings that a reader does not take over.

    Parameters
    ----------
    code : its name, for machines
    message, advice : how many and why, and what to do
    rows : where they stand in the file
    scans : ids of the scans left out; empty where readings are
    """

    code: str
    message: str
    advice: str
    rows: tuple[int, ...] = ()
    scans: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScanTables:
    """A survey of the user's own, not yet checked.

    Parameters
    ----------
    name : of the survey
    scans : `scan_id`; `x_m` and `y_m`, or `lat` and `lon`; labels, `time` and `split` as there are. Without
        `readings`, every other column is an access point.
    readings : `scan_id`, `ap`, `rss_dbm`
    access_points : all of them in order, heard or not, where the form lists them
    epsg : EPSG code that the form itself names, as `load` takes it
    left_out : what is not in the tables
    """

    name: str
    scans: LocatedTable
    readings: LocatedTable | None = None
    access_points: tuple[str, ...] | None = None
    epsg: int | None = None
    left_out: tuple[LeftOut, ...] = ()


def counted(n: int, of: int, what: str) -> str:
    """So many of so many, such as "1 of 26 scans"."""
    return f"{n:,} of {of:,} {what}{'s' if of != 1 else ''}"
