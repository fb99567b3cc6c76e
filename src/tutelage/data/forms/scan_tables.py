"""What every form of a user's own scans is read into: a table of scans and one of readings, cell by cell.

Nothing is converted or refused yet: the strict reader stops at the first cell that breaks a rule, the
survey check goes on and lists them all, and both name the place in the user's own file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tutelage.data.forms.located_table import LocatedTable

__all__ = ["LeftOut", "ScanTables"]


@dataclass(frozen=True)
class LeftOut:
    """Scans or readings that a reader does not take over.

    Parameters
    ----------
    code : its name, for machines
    what : of which there are `of` in the file, such as "scan"
    of : how many there are
    why, advice : the reason, and what to do or to know
    rows : where those left out stand in the file
    scans : ids of the scans left out; empty where readings are
    """

    code: str
    what: str
    of: int
    why: str
    advice: str
    rows: tuple[int, ...]
    scans: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """How many of how many, and why."""
        plural = "" if self.of == 1 else "s"
        return f"{len(self.rows):,} of {self.of:,} {self.what}{plural} left out: {self.why}"

    def __add__(self, other: LeftOut) -> LeftOut:
        """The same of two files."""
        return replace(
            self, of=self.of + other.of, rows=self.rows + other.rows, scans=self.scans + other.scans
        )


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
