"""Gathers what is wrong with a table, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tutelage.check.findings import Finding
from tutelage.datasets.located_table import LocatedTable
from tutelage.errors import BadInputError

__all__ = ["Faults", "numbers_of"]


@dataclass
class Faults:
    """Gathers findings; `line` and `scan_id` of the table of scans."""

    line: np.ndarray
    scan_id: np.ndarray
    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, index: np.ndarray, message: str, advice: str, *access_points: str) -> None:
        """An error about the rows at `index`, if there are any."""
        at = np.unique(index)
        if len(at):
            rows, scans = tuple(self.line[at].tolist()), tuple(self.scan_id[at].tolist())
            self.found.append(Finding(code, "error", message, advice, "", rows, scans, access_points))


def numbers_of(table: LocatedTable, name: str) -> tuple[np.ndarray, np.ndarray]:
    """[n] numbers, NaN where there is none, and [n] whether something else stands there."""
    try:
        values = table.numbers(name, "")
        return values, np.zeros(len(values), dtype=bool)
    except BadInputError:  # some cell is no number: then each is looked at
        cells = table.text(name)
        values = np.array([_number(cell) for cell in cells.tolist()])
        return values, (cells != "") & np.isnan(values)


def _number(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan
