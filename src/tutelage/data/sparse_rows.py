"""Sparse rows of readings, in which a stored 0 is a reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # imported where an array is built: forms of scans are read without scipy
    from scipy import sparse

__all__ = ["csr", "csr_from_dense"]


def csr(data: np.ndarray, indices: np.ndarray, indptr: np.ndarray, n_columns: int) -> sparse.csr_array:
    """Build a CSR array of float32 readings whose stored zeros stay readings.

    Parameters
    ----------
    data, indices, indptr : numpy.ndarray
        Entries, their columns and the bounds of the rows, as in scipy.
    n_columns : int
        Number of columns.

    Returns
    -------
    scipy.sparse.csr_array
        Readings, [len(indptr) - 1, n_columns], with sorted int32 columns.
    """
    from scipy import sparse

    matrix = sparse.csr_array(
        (
            np.asarray(data, dtype=np.float32),
            np.asarray(indices, dtype=np.int32),
            np.asarray(indptr, dtype=np.int32),
        ),
        shape=(len(indptr) - 1, n_columns),
    )
    matrix.sort_indices()
    return matrix


def csr_from_dense(dense_dbm: np.ndarray, is_heard: np.ndarray) -> sparse.csr_array:
    """Build a CSR array of the readings that a mask marks.

    Parameters
    ----------
    dense_dbm : numpy.ndarray
        Readings in dBm, [n, n_ap].
    is_heard : numpy.ndarray
        Whether each cell is a reading, [n, n_ap] bool.

    Returns
    -------
    scipy.sparse.csr_array
        Readings, [n, n_ap] float32.
    """
    _, indices = np.nonzero(is_heard)
    lengths = is_heard.sum(axis=1)
    return csr(dense_dbm[is_heard], indices, np.concatenate([[0], np.cumsum(lengths)]), is_heard.shape[1])
