"""Scans that wait to be sent, in a file: nothing is lost if the service or this program ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tutelage.errors import BadInputError
from tutelage.files.atomic import atomic_file
from tutelage.serving.heard_scans import HeardScan

__all__ = ["Outbox"]

_MOST = 100_000


class Outbox:
    """Scans in a file, a line of JSON each.

    Parameters
    ----------
    file : Path
        The file. It is made with its first scan, and removed with its last.
    most : int
        Number of scans that are kept; the oldest go first.

    Raises
    ------
    BadInputError
        If the file cannot be read.
    """

    def __init__(self, file: Path, most: int = _MOST) -> None:
        self._file = file
        self._most = most
        self.n_dropped = 0
        self._waiting: list[dict[str, Any]] = []
        try:
            lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        except (OSError, UnicodeDecodeError) as error:
            raise BadInputError(f"cannot read the scans that wait: {error}", file=file) from error
        for line in lines:
            scan = _scan(line)
            if scan is not None:
                self._waiting.append(scan)

    def __len__(self) -> int:
        """Return the number of scans that wait."""
        return len(self._waiting)

    def add(self, scan: HeardScan) -> None:
        """Keep a scan."""
        written = {"rss_dbm": dict(scan.rss_dbm), "age_s": dict(scan.age_s), "time_s": scan.time_s}
        self._waiting.append(written)
        surplus = len(self._waiting) - self._most
        if surplus > 0:
            self.n_dropped += surplus
            del self._waiting[:surplus]
            self._write()
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(written) + "\n")

    def first(self, n: int) -> list[dict[str, Any]]:
        """Return the oldest scans, as the service takes them.

        Parameters
        ----------
        n : int
            Largest number.
        """
        return self._waiting[:n]

    def remove(self, n: int) -> None:
        """Remove the oldest scans, which the service has.

        Parameters
        ----------
        n : int
            Number of scans.
        """
        del self._waiting[:n]
        self._write()

    def _write(self) -> None:
        if not self._waiting:
            self._file.unlink(missing_ok=True)
            return
        with atomic_file(self._file) as beside:
            beside.write_text("".join(json.dumps(scan) + "\n" for scan in self._waiting), encoding="utf-8")


def _scan(line: str) -> dict[str, Any] | None:
    """Read a line; one that was cut off as the power went is None."""
    try:
        scan = json.loads(line)
    except ValueError:
        return None
    return scan if isinstance(scan, dict) and {"rss_dbm", "time_s"} <= scan.keys() else None
