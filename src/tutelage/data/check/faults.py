"""Gathers what is wrong with a table, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tutelage.data.check.findings import Finding
from tutelage.data.forms.located_table import LocatedTable
from tutelage.errors import BadInputError

__all__ = ["Faults", "numbers_of"]


@dataclass
class Faults:
    """Gathers findings.

    Parameters
    ----------
    line, scan_id : [n] of the table of scans
    split : [n] "train" or "test" where each has a file of its own, whose lines are counted apart
    """

    line: np.ndarray
    scan_id: np.ndarray
    split: np.ndarray | None = None
    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, index: np.ndarray, message: str, advice: str, *access_points: str) -> None:
        """An error about the rows at `index`, if there are any; one for each file that they are of."""
        at = np.unique(index)
        of = np.full(len(at), "") if self.split is None else self.split[at]
        for name in np.unique(of).tolist():
            here = at[of == name]
            rows, scans = tuple(self.line[here].tolist()), tuple(self.scan_id[here].tolist())
            self.found.append(Finding(code, "error", message, advice, name, rows, scans, access_points))


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
