"""Scans to locate as rows of readings, without scipy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tutelage.runtime.access_point_names import find_columns
from tutelage.runtime.rows import CompressedRows, row_lengths, select_entries, sort_columns

__all__ = ["ScanRows"]


@dataclass(frozen=True, eq=False)
class ScanRows:
    """Scans to locate: what each of n heard.

    Parameters
    ----------
    rss_dbm : CompressedRows
        Readings in dBm, [n, n_ap].
    access_points : tuple of str
        Names of the columns.
    scan_id : numpy.ndarray
        Names of the scans, [n] str.
    """

    rss_dbm: CompressedRows
    access_points: tuple[str, ...]
    scan_id: np.ndarray

    @property
    def n_heard(self) -> np.ndarray:
        """Number of access points that each scan heard, [n]."""
        return row_lengths(self.rss_dbm)

    def rss_of(self, access_points: Sequence[str]) -> CompressedRows:
        """Return the readings of some access points.

        Parameters
        ----------
        access_points : sequence of str
            Names of the columns. Another spelling of a MAC address is found too.

        Returns
        -------
        CompressedRows
            Readings in dBm, [n, len(access_points)], with ascending columns.
        """
        rows = self.rss_dbm
        column = find_columns(tuple(access_points), self.access_points)
        column = column[rows.indices] if len(column) else np.empty(0, dtype=np.int64)
        shape = (rows.shape[0], len(access_points))
        over = CompressedRows(rows.data, column, rows.indptr, shape)
        return sort_columns(select_entries(over, column >= 0))
