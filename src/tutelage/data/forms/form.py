"""What a form is: how it is recognised, read and, of some, written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms.scan_tables import ScanTables

__all__ = ["Form", "decoded"]

Read = Callable[[Path, bool], ScanTables]
Write = Callable[[Mapping[str, FingerprintSet], Path], None]


@dataclass(frozen=True)
class Form:
    """One form of scans on disk.

    Parameters
    ----------
    name : as `data export --to` takes it
    recognises : whether a path is of this form, by what it holds
    read : the tables of a path; the second argument is whether positions are wanted
    write : writes splits of a survey by name to a path, whole or not at all; None if it is only read
    endings : of the files it writes
    """

    name: str
    recognises: Callable[[Path], bool]
    read: Read
    write: Write | None = None
    endings: tuple[str, ...] = ()


def decoded(path: Path) -> str:
    """A text file without a byte-order mark; undecodable bytes, which names of networks may hold, marked."""
    return path.read_text(encoding="utf-8-sig", errors="replace")
