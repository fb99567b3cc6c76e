"""Scans with the sums that every comparison of two scans needs."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from tutelage.runtime.readings import BETA
from tutelage.runtime.rows import (
    Rows,
    gather,
    index_ranges,
    row_lengths,
    row_numbers,
    select_entries,
    sort_columns,
)

__all__ = ["STRONGEST", "ComparedScans", "ScanArrays"]

STRONGEST = 5  # access points of a scan that are looked at one by one
_ROWS = 1 << 14  # scans whose readings are ranked at a time


class ScanArrays(NamedTuple):
    """Figures of n scans with nnz readings, in the types that the compiled loops take.

    Attributes
    ----------
    data, indices, powed, place : numpy.ndarray
        Strength, access point, powed strength and rank of each reading, [nnz].
    indptr : numpy.ndarray
        Where each scan begins among the readings, [n + 1].
    n_heard, total, total_powed, total_rare, norm, norm_powed : numpy.ndarray
        Sums over each scan, [n].
    strongest, strongest_strength : numpy.ndarray
        As `ComparedScans.strongest` gives them, [n, STRONGEST].
    """

    data: np.ndarray
    indices: np.ndarray
    powed: np.ndarray
    place: np.ndarray
    indptr: np.ndarray
    n_heard: np.ndarray
    total: np.ndarray
    total_powed: np.ndarray
    total_rare: np.ndarray
    norm: np.ndarray
    norm_powed: np.ndarray
    strongest: np.ndarray
    strongest_strength: np.ndarray


class ComparedScans:
    """Scans in the positive representation, with the sums that every comparison needs.

    Parameters
    ----------
    strength : Rows
        Scans in (0, 1] where an access point is heard, [n, n_ap].
    rarity : numpy.ndarray
        Weight of each access point, [n_ap]; the fewer fingerprints hear it, the larger.
    """

    def __init__(self, strength: Rows, rarity: np.ndarray) -> None:
        self.strength = sort_columns(select_entries(strength, strength.data != 0))
        self.rarity = rarity
        strength = self.strength
        self.n_heard = row_lengths(strength)
        self._row = row_numbers(strength).astype(np.int32)
        self.powed = strength.data**BETA
        self.total = self._sums(strength.data)
        self.total_powed = self._sums(self.powed)
        self.total_rare = self._sums(self.powed * rarity[strength.indices])
        self.norm = np.sqrt(self._sums(strength.data**2))
        self.norm_powed = np.sqrt(self._sums(self.powed**2))

    def __len__(self) -> int:
        """Return the number of scans."""
        return len(self.n_heard)

    def _sums(self, value: np.ndarray) -> np.ndarray:
        return np.bincount(self._row, weights=value, minlength=len(self))

    @cached_property
    def place(self) -> np.ndarray:
        """Rank of each reading within its scan, [nnz]; 0 is the strongest."""
        rows = self.strength
        place = np.empty(len(rows.data))
        for first in range(0, len(self), _ROWS):  # sorted all at once, a large map needs gigabytes
            of_block = slice(rows.indptr[first], rows.indptr[min(first + _ROWS, len(self))])
            row = self._row[of_block]
            order = np.lexsort((-rows.data[of_block], row))
            begin = rows.indptr[row[order]] - rows.indptr[first]
            place[of_block][order] = np.arange(len(order)) - begin
        return place

    @cached_property
    def strongest(self) -> tuple[np.ndarray, np.ndarray]:
        """Access points and strengths of the strongest readings, each [n, STRONGEST], strongest first.

        Where a scan hears fewer, the access point is -1 and the strength 0.
        """
        access_point = np.full((len(self), STRONGEST), -1, dtype=np.int64)
        strength = np.zeros((len(self), STRONGEST))
        entry = np.flatnonzero(self.place < STRONGEST)
        at = self._row[entry], self.place[entry].astype(np.int64)
        access_point[at] = self.strength.indices[entry]
        strength[at] = self.strength.data[entry]
        return access_point, strength

    @cached_property
    def arrays(self) -> ScanArrays:
        """What the compiled loops read."""
        rows = self.strength
        strongest, strongest_strength = self.strongest
        return ScanArrays(
            data=rows.data.astype(np.float64, copy=False),
            indices=rows.indices.astype(np.int64, copy=False),
            powed=self.powed.astype(np.float64, copy=False),
            place=self.place,
            indptr=rows.indptr.astype(np.int64, copy=False),
            n_heard=self.n_heard.astype(np.int64, copy=False),
            total=self.total,
            total_powed=self.total_powed,
            total_rare=self.total_rare,
            norm=self.norm,
            norm_powed=self.norm_powed,
            strongest=strongest,
            strongest_strength=strongest_strength,
        )

    def entries(self, rows: np.ndarray) -> np.ndarray:
        """Return the places of all readings of some rows, row by row.

        Parameters
        ----------
        rows : numpy.ndarray
            Rows of the scans, [m].

        Returns
        -------
        numpy.ndarray
            Indices into `strength.data`.
        """
        return index_ranges(self.strength.indptr[rows], self.n_heard[rows])

    @cached_property
    def _reading(self) -> np.ndarray:
        """Reading of each access point in each scan, [n * n_ap]; -1 where it is not heard.

        Each reading of a block of scans is looked up thousands of times. A lookup in this table costs a
        fifth of a binary search.
        """
        n_ap = self.strength.shape[1]
        reading = np.full(len(self) * n_ap, -1, dtype=np.int32)
        reading[self._row * np.int64(n_ap) + self.strength.indices] = np.arange(
            len(self._row), dtype=np.int32
        )
        return reading

    def find(self, rows: np.ndarray, access_points: np.ndarray) -> np.ndarray:
        """Find the readings of access points in rows.

        Parameters
        ----------
        rows, access_points : numpy.ndarray
            Row and column of each reading, [m].

        Returns
        -------
        numpy.ndarray
            Indices into `strength.data`, [m]; -1 where the access point is not heard.
        """
        return gather(self._reading, rows * self.strength.shape[1] + access_points)
