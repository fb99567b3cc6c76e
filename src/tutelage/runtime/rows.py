"""Compressed rows of readings without scipy; a `scipy.sparse.csr_array` serves as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

__all__ = [
    "CompressedRows",
    "Rows",
    "by_column",
    "in_order",
    "kept",
    "laid_end_to_end",
    "part",
    "picked",
    "row_lengths",
    "row_of_each",
    "row_sums",
    "stacked",
    "taken",
    "which_of",
]


class Rows(Protocol):
    """n rows over n_columns: row i has `data[k]` in column `indices[k]`, indptr[i] <= k < indptr[i + 1]."""

    @property
    def data(self) -> np.ndarray: ...
    @property
    def indices(self) -> np.ndarray: ...
    @property
    def indptr(self) -> np.ndarray: ...
    @property
    def shape(self) -> tuple[int, int]: ...


class CompressedRows(NamedTuple):
    """`Rows` as four fields."""

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple[int, int]


def taken(array: np.ndarray, index: np.ndarray) -> np.ndarray:
    """`array[index]` where all of the index is there: not to check each takes half the time."""
    return np.asarray(array.take(index, mode="clip"))


def laid_end_to_end(start: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Ranges start, start + 1, ... of these lengths, one after the other."""
    # To repeat a figure is a quarter of the work of looking it up for each entry.
    entry = np.repeat(start - (np.cumsum(length) - length), length)
    entry += np.arange(len(entry))
    return entry


def which_of(length: np.ndarray) -> np.ndarray:
    """Of each entry of ranges laid end to end, the number of its range."""
    return np.repeat(np.arange(len(length)), length)


def row_lengths(rows: Rows) -> np.ndarray:
    """[n] how many entries each row has; of one scan at a time np.diff would cost more than its figures."""
    return np.asarray(rows.indptr[1:] - rows.indptr[:-1])


def row_of_each(rows: Rows) -> np.ndarray:
    """[nnz] the row of each entry."""
    return which_of(row_lengths(rows))


def row_sums(rows: Rows) -> np.ndarray:
    """[n] float64 sums."""
    sums = np.zeros(rows.shape[0])
    filled = np.flatnonzero(row_lengths(rows))
    if len(filled):
        sums[filled] = np.add.reduceat(rows.data, rows.indptr[filled])
    return sums


def part(rows: Rows, first: int, end: int) -> CompressedRows:
    """The rows from `first` up to `end`."""
    end = min(end, rows.shape[0])
    entries = slice(rows.indptr[first], rows.indptr[end])
    indptr = rows.indptr[first : end + 1] - rows.indptr[first]
    return CompressedRows(rows.data[entries], rows.indices[entries], indptr, (end - first, rows.shape[1]))


def picked(rows: Rows, index: np.ndarray) -> CompressedRows:
    """The rows at `index` [m]."""
    lengths = row_lengths(rows)[index]
    entry = laid_end_to_end(rows.indptr[index], lengths)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return CompressedRows(rows.data[entry], rows.indices[entry], indptr, (len(index), rows.shape[1]))


def in_order(rows: Rows) -> CompressedRows:
    """The same with columns ascending in each row."""
    key = row_of_each(rows) * np.int64(rows.shape[1]) + rows.indices
    if (key[1:] >= key[:-1]).all():
        return CompressedRows(rows.data, rows.indices, rows.indptr, rows.shape)
    order = np.argsort(key, kind="stable")
    return CompressedRows(rows.data[order], rows.indices[order], rows.indptr, rows.shape)


def kept(rows: Rows, mask: np.ndarray) -> CompressedRows:
    """The entries that `mask` [nnz] marks."""
    if mask.all():
        return CompressedRows(rows.data, rows.indices, rows.indptr, rows.shape)
    lengths = np.bincount(row_of_each(rows)[mask], minlength=rows.shape[0])
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return CompressedRows(rows.data[mask], rows.indices[mask], indptr, rows.shape)


def stacked(parts: Sequence[Rows]) -> CompressedRows:
    """Several over the same columns, one below the other."""
    ends = np.cumsum([0, *(len(rows.data) for rows in parts)])
    indptr = [rows.indptr[1:] + end for rows, end in zip(parts, ends, strict=False)]
    return CompressedRows(
        np.concatenate([rows.data for rows in parts]),
        np.concatenate([rows.indices for rows in parts]),
        np.concatenate([[0], *indptr]),
        (sum(rows.shape[0] for rows in parts), parts[0].shape[1]),
    )


def by_column(rows: Rows) -> CompressedRows:
    """The transpose: row j has what stands in column j, in the order of the rows."""
    order = np.argsort(rows.indices, kind="stable")
    lengths = np.bincount(rows.indices, minlength=rows.shape[1])
    return CompressedRows(
        rows.data[order],
        row_of_each(rows)[order],
        np.concatenate([[0], np.cumsum(lengths)]),
        (rows.shape[1], rows.shape[0]),
    )
