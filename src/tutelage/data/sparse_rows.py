"""Sparse rows of readings, in which a stored 0 is a reading."""

from __future__ import annotations

import numpy as np
from scipy import sparse

__all__ = ["csr", "csr_from_dense"]


def csr(data: np.ndarray, indices: np.ndarray, indptr: np.ndarray, n_columns: int) -> sparse.csr_array:
    """CSR with float32 values, int32 indices sorted in each row; stored zeros stay readings."""
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


def csr_from_dense(dense_dbm: np.ndarray, heard: np.ndarray) -> sparse.csr_array:
    """CSR of the readings that the mask `heard` [n, n_ap] marks."""
    _, indices = np.nonzero(heard)
    lengths = heard.sum(axis=1)
    return csr(dense_dbm[heard], indices, np.concatenate([[0], np.cumsum(lengths)]), heard.shape[1])
