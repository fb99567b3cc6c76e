"""Forms of scans on disk, and the tables into which every form is read.

Reading converts and refuses nothing yet. The strict reader stops at the first cell that breaks a rule; the
survey check goes on and lists them all. Both name the place in the user's own file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms.file_content import file_content, is_packed, lenient_text
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError

__all__ = ["Form", "LeftOut", "Note", "ScanTables", "beginning", "read_text"]

_BEGINNING_BYTES = 1 << 14


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
class Note:
    """How a file was read, where that is not plain.

    Parameters
    ----------
    code : str
        Name of the note, for machines.
    message, advice : str
        What was done, and what to do if that is wrong.
    columns : tuple of str
        Columns of the file that it is about.
    """

    code: str
    message: str
    advice: str = ""
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return message and advice."""
        return f"{self.message}; {self.advice}" if self.advice else self.message


@dataclass(frozen=True)
class ScanTables:
    """A user's survey before it is checked.

    Parameters
    ----------
    name : str
        Name of the survey.
    scans : LocatedTable
        `scan_id`; `x_m` and `y_m`, or `lat` and `lon`, or `place` alone; labels, `time` and `split` where
        there are any.
        Without `readings`, every other column is an access point.
    readings : LocatedTable, optional
        `scan_id`, `ap`, `rss_dbm`.
    access_points : tuple of str, optional
        All access points in order, heard or not, where the form lists them.
    epsg : int, optional
        EPSG code that the form itself names.
    left_out : tuple of LeftOut
        What is not in the tables.
    notes : tuple of Note
        How the file was read; `all_notes` adds those of the tables.
    options : ReadOptions, optional
        How the tables are to be read on: what the user said, and what the file says itself.
    """

    name: str
    scans: LocatedTable
    readings: LocatedTable | None = None
    access_points: tuple[str, ...] | None = None
    epsg: int | None = None
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[Note, ...] = ()
    options: ReadOptions | None = None

    @property
    def read_options(self) -> ReadOptions:
        """How the tables are to be read on."""
        return self.options or ReadOptions()

    @property
    def all_notes(self) -> tuple[Note, ...]:
        """Notes of the form, and of each of its tables."""
        tables = [self.scans, *([] if self.readings is None else [self.readings])]
        written = dict.fromkeys(note for table in tables for note in table.notes)
        return (*(Note("read_as", note) for note in written), *self.notes)


Read = Callable[[Path, ReadOptions], ScanTables]
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
        Reads the tables of a path as its second argument, `ReadOptions`, says.
    write : callable, optional
        Writes splits of a survey by name to a path, whole or not at all; None if the form is only read.
    endings : tuple of str
        Endings of the files that it writes.
    needs_positions : bool
        Whether it can write only scans with positions.
    """

    name: str
    recognises: Callable[[Path], bool]
    read: Read
    write: Write | None = None
    endings: tuple[str, ...] = ()
    needs_positions: bool = False


def beginning(path: Path) -> str:
    """Read the beginning of a text, for a form to recognise it.

    Parameters
    ----------
    path : Path
        Any path.

    Returns
    -------
    str
        Some thousand characters; "" if the path is no file, or is not readable.
    """
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            data = file.read(_BEGINNING_BYTES)
        if is_packed(data):
            data = file_content(path).data[:_BEGINNING_BYTES]
    except (OSError, BadInputError):
        return ""
    return lenient_text(data)


def read_text(path: Path) -> str:
    """Read a text file, also out of a .gz or a .zip, without a byte-order mark.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        Its text with plain line ends; a replacement mark stands for bytes that are not UTF-8, which names of
        networks may hold.

    Raises
    ------
    BadInputError
        If it cannot be read, or its container is damaged.
    """
    return lenient_text(file_content(path).data)
