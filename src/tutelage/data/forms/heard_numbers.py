"""Numbers in the columns of a table, counted batch after batch."""

from __future__ import annotations

import numpy as np

from tutelage.data.forms.strengths import out_of_range
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM

__all__ = ["HeardNumbers"]

_PER_DB = 100  # finer differences are no signal; so many bins hold every number that may be an RSS
_MOST = 0.5
_FEW = 3


class HeardNumbers:
    """How often each number stands in a table, and which columns hold numbers that are no RSS.

    Numbers within the range of dBm are counted to a hundredth.
    """

    def __init__(self) -> None:
        n_bins = round((RSS_MAX_DBM - RSS_MIN_DBM) * _PER_DB) + 1
        self._within = np.zeros(n_bins, dtype=np.int64)
        self._outside: dict[float, int] = {}
        self._of_column: dict[str, tuple[int, int, frozenset[float]]] = {}

    def add(self, column: str, heard: np.ndarray) -> None:
        """Count some numbers of a column.

        Parameters
        ----------
        column : str
            Its name.
        heard : numpy.ndarray
            Numbers of the cells that are not empty, without codes for "not heard", [n] float32.
        """
        is_outside = out_of_range(heard)
        n_heard, n_outside, some = self._of_column.get(column, (0, 0, frozenset()))
        if is_outside.any():
            values, n = np.unique(heard[is_outside], return_counts=True)
            for value, count in zip(values.tolist(), n.tolist(), strict=True):
                self._outside[value] = self._outside.get(value, 0) + count
            some |= {*values[:_FEW].tolist()}
            heard = heard[~is_outside]
        bins = np.rint((heard.astype(np.float64) - RSS_MIN_DBM) * _PER_DB).astype(np.int64)
        self._within += np.bincount(bins, minlength=len(self._within))
        self._of_column[column] = (n_heard + len(is_outside), n_outside + int(is_outside.sum()), some)

    def holds_no_readings(self, column: str) -> bool:
        """Return whether most numbers of a column are no RSS in dBm, and none is a code.

        Parameters
        ----------
        column : str
            Its name.

        Returns
        -------
        bool
            As for a whole table, in which such a column is left out unless its name says more.
        """
        n_heard, n_outside, some = self._of_column.get(column, (0, 0, frozenset()))
        return n_outside > _MOST * n_heard and len(some) >= min(_FEW, n_heard)

    def counted(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers, each once.

        Returns
        -------
        values : numpy.ndarray
            Ascending, [m] float64.
        n : numpy.ndarray
            Number of cells with each, [m] int.
        """
        bins = np.flatnonzero(self._within)
        values = np.concatenate([np.array([*self._outside], dtype=np.float64), bins / _PER_DB + RSS_MIN_DBM])
        n = np.concatenate([np.array([*self._outside.values()], dtype=np.int64), self._within[bins]])
        order = np.argsort(values)
        return values[order], n[order]
