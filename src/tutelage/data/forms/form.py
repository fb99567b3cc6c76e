"""Forms of scans on disk, and the tables into which every form is read.

Reading converts and refuses nothing yet. The strict reader stops at the first cell that breaks a rule; the
survey check goes on and lists them all. Both name the place in the user's own file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms.located_table import LocatedTable

__all__ = ["Form", "LeftOut", "ScanTables", "read_text"]


@dataclass(frozen=True)
class LeftOut:
    """Scans or readings that a reader leaves out.

    Parameters
    ----------
    code : str
        Name of the reason, for machines.
    what : str
        What is left out, such as "scan".
    of : int
        Number of them in the file.
    why, advice : str
        The reason, and what to do or to know.
    rows : tuple of int
        Rows of those left out.
    scans : tuple of str
        Ids of the scans left out; empty where readings are.
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
        """How many of how many are left out, and why."""
        plural = "" if self.of == 1 else "s"
        return f"{len(self.rows):,} of {self.of:,} {self.what}{plural} left out: {self.why}"

    def __add__(self, other: LeftOut) -> LeftOut:
        """Add the same of another file."""
        return replace(
            self, of=self.of + other.of, rows=self.rows + other.rows, scans=self.scans + other.scans
        )


@dataclass(frozen=True)
class ScanTables:
    """A user's survey before it is checked.

    Parameters
    ----------
    name : str
        Name of the survey.
    scans : LocatedTable
        `scan_id`; `x_m` and `y_m`, or `lat` and `lon`; labels, `time` and `split` where there are any.
        Without `readings`, every other column is an access point.
    readings : LocatedTable, optional
        `scan_id`, `ap`, `rss_dbm`.
    access_points : tuple of str, optional
        All access points in order, heard or not, where the form lists them.
    epsg : int, optional
        EPSG code that the form itself names.
    left_out : tuple of LeftOut
        What is not in the tables.
    """

    name: str
    scans: LocatedTable
    readings: LocatedTable | None = None
    access_points: tuple[str, ...] | None = None
    epsg: int | None = None
    left_out: tuple[LeftOut, ...] = ()


Read = Callable[[Path, bool], ScanTables]
Write = Callable[[Mapping[str, FingerprintSet], Path], None]


@dataclass(frozen=True)
class Form:
    """One form of scans on disk.

    Parameters
    ----------
    name : str
        Name for `data export --to`.
    recognises : callable
        Returns whether a path is of this form, by its content.
    read : callable
        Reads the tables of a path; its second argument says whether positions are needed.
    write : callable, optional
        Writes splits of a survey by name to a path, whole or not at all; None if the form is only read.
    endings : tuple of str
        Endings of the files that it writes.
    """

    name: str
    recognises: Callable[[Path], bool]
    read: Read
    write: Write | None = None
    endings: tuple[str, ...] = ()


def read_text(path: Path) -> str:
    """Read a text file without a byte-order mark.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        Its text; a replacement mark stands for bytes that are not UTF-8, which names of networks may hold.
    """
    return path.read_text(encoding="utf-8-sig", errors="replace")
