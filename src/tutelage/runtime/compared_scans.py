"""Scans prepared for comparing any two of them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from tutelage.runtime.readings import BETA
from tutelage.runtime.rows import (
    Rows,
    in_order,
    kept,
    laid_end_to_end,
    row_lengths,
    row_of_each,
    taken,
)

__all__ = ["STRONGEST", "ComparedScans"]

STRONGEST = 5  # access points of a scan that are looked at one by one


class ComparedScans:
    """Scans in the positive representation, with what every comparison needs of them.

    Parameters
    ----------
    strength : CSR [n, n_ap], in (0, 1] where something is heard
    rarity : [n_ap] weight of each access point, larger for one that few fingerprints heard
    """

    def __init__(self, strength: Rows, rarity: np.ndarray) -> None:
        self.strength, self.rarity = in_order(kept(strength, strength.data != 0)), rarity
        strength = self.strength
        self.n_heard = row_lengths(strength)
        self._row = row_of_each(strength)
        self.powed = strength.data**BETA
        self.total = self._sums(strength.data)
        self.total_powed = self._sums(self.powed)
        self.total_rare = self._sums(self.powed * rarity[strength.indices])
        self.norm = np.sqrt(self._sums(strength.data**2))
        self.norm_powed = np.sqrt(self._sums(self.powed**2))

    def __len__(self) -> int:
        return len(self.n_heard)

    def _sums(self, value: np.ndarray) -> np.ndarray:
        return np.bincount(self._row, weights=value, minlength=len(self))

    @cached_property
    def place(self) -> np.ndarray:
        """[nnz] place of each reading within its scan, 0 the strongest."""
        order = np.lexsort((-self.strength.data, self._row))
        place = np.empty(len(order))
        place[order] = np.arange(len(order)) - self.strength.indptr[self._row[order]]
        return place

    @cached_property
    def strongest(self) -> tuple[np.ndarray, np.ndarray]:
        """[n, STRONGEST] access points and strengths, strongest first; -1 and 0 where fewer are heard."""
        access_point = np.full((len(self), STRONGEST), -1, dtype=np.int64)
        strength = np.zeros((len(self), STRONGEST))
        entry = np.flatnonzero(self.place < STRONGEST)
        at = self._row[entry], self.place[entry].astype(np.int64)
        access_point[at] = self.strength.indices[entry]
        strength[at] = self.strength.data[entry]
        return access_point, strength

    def entries(self, rows: np.ndarray) -> np.ndarray:
        """All readings of `rows`, row by row."""
        return laid_end_to_end(self.strength.indptr[rows], self.n_heard[rows])

    @cached_property
    def _reading(self) -> np.ndarray:
        """[n * n_ap] the reading of each access point in each scan, -1 where it is not heard.

        For a block of scans: each of its readings is asked for thousands of times, and to look one up in a
        table costs a fifth of a binary search.
        """
        n_ap = self.strength.shape[1]
        reading = np.full(len(self) * n_ap, -1, dtype=np.int32)
        reading[self._row * n_ap + self.strength.indices] = np.arange(len(self._row), dtype=np.int32)
        return reading

    def find(self, rows: np.ndarray, access_points: np.ndarray) -> np.ndarray:
        """The reading of each access point in each row, -1 where it is not heard."""
        return taken(self._reading, rows * self.strength.shape[1] + access_points)
