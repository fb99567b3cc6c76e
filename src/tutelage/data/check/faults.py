"""Collect what is wrong with a table, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tutelage.data.check.findings import Finding
from tutelage.data.forms.located_table import LocatedTable, number_in
from tutelage.errors import BadInputError

__all__ = ["Faults", "lenient_numbers"]


@dataclass
class Faults:
    """Findings about a table of scans.

    Parameters
    ----------
    line : numpy.ndarray
        Line of each scan, [n].
    scan_id : numpy.ndarray
        Id of each scan, [n].
    split : numpy.ndarray, optional
        "train" or "test" for each scan, [n], where each split has a file of its own with its own lines.
    findings : list of Finding
        Findings so far.
    """

    line: np.ndarray
    scan_id: np.ndarray
    split: np.ndarray | None = None
    findings: list[Finding] = field(default_factory=list)

    def add(self, code: str, index: np.ndarray, message: str, advice: str, *access_points: str) -> None:
        """Add an error about some rows, if there are any; one error for each file.

        Parameters
        ----------
        code, message, advice
            As for `Finding`.
        index : numpy.ndarray
            Rows of the table of scans, [m].
        *access_points : str
            Access points of the fault.
        """
        at = np.unique(index)
        of = np.full(len(at), "") if self.split is None else self.split[at]
        for name in np.unique(of).tolist():
            index_here = at[of == name]
            rows = tuple(self.line[index_here].tolist())
            scans = tuple(self.scan_id[index_here].tolist())
            self.findings.append(Finding(code, "error", message, advice, name, rows, scans, access_points))


def lenient_numbers(table: LocatedTable, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Read the numbers of a column and go on at cells that hold none.

    Parameters
    ----------
    table : LocatedTable
        The table.
    name : str
        The column.

    Returns
    -------
    values : numpy.ndarray
        Numbers, [n]; NaN where there is none.
    bad : numpy.ndarray
        Whether the cell holds something else, [n] bool.
    """
    try:
        values = table.numbers(name, "")
        return values, np.zeros(len(values), dtype=bool)
    except BadInputError:  # some cell is no number: then each is looked at
        cells = table.text(name)
        numbers = [number_in(cell) for cell in cells.tolist()]
        values = np.array([np.inf if number is None else number for number in numbers])
        bad = np.isinf(values)
        return np.where(bad, np.nan, values), bad
