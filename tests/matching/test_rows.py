"""Compressed rows without scipy, against scipy."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from tutelage.runtime.rows import (
    CompressedRows,
    row_numbers,
    row_sums,
    select_entries,
    select_rows,
    slice_rows,
    sort_columns,
    stack_rows,
    transpose,
)

law = settings(max_examples=60)
scans = st.integers(0, 6).flatmap(
    lambda n: arrays(np.float64, (n, 5), elements=st.just(0.0) | st.floats(0.001, 1.0))
)


def dense(rows: CompressedRows) -> np.ndarray:
    full: np.ndarray = sparse.csr_array((rows.data, rows.indices, rows.indptr), shape=rows.shape).toarray()
    return full


@law
@given(scans)
def test_rows_transpose_and_sums_are_those_of_scipy(values: np.ndarray) -> None:
    rows = sparse.csr_array(values)
    turned = transpose(rows)
    np.testing.assert_array_equal(dense(turned), values.T)
    assert (np.diff(turned.indices)[row_numbers(turned)[1:] == row_numbers(turned)[:-1]] > 0).all()
    np.testing.assert_array_equal(row_sums(rows), rows.sum(axis=1))


@law
@given(scans, st.integers(0, 6), st.integers(0, 9))
def test_part_is_a_slice(values: np.ndarray, first: int, end: int) -> None:
    first = min(first, len(values))
    end = max(first, end)
    np.testing.assert_array_equal(dense(slice_rows(sparse.csr_array(values), first, end)), values[first:end])


@law
@given(scans, scans)
def test_stacked_is_one_below_the_other(above: np.ndarray, below: np.ndarray) -> None:
    found = stack_rows([sparse.csr_array(above), sparse.csr_array(below)])
    np.testing.assert_array_equal(dense(found), np.concatenate([above, below]))


@law
@given(scans)
def test_columns_are_put_in_order_and_stored_zeros_left_out(values: np.ndarray) -> None:
    stored = sparse.csr_array(np.ones_like(values))
    order = np.concatenate([np.arange(5)[::-1] + 5 * i for i in range(len(values))] or [np.arange(0)])
    shuffled = CompressedRows(values.ravel()[order], stored.indices[order], stored.indptr, (len(values), 5))
    found = sort_columns(select_entries(shuffled, shuffled.data != 0))
    expected = sparse.csr_array(values)
    np.testing.assert_array_equal(found.data, expected.data)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.indptr, expected.indptr)


@law
@given(scans, st.lists(st.integers(0, 5)))
def test_picked_rows_come_in_the_order_asked_for(values: np.ndarray, wanted: list[int]) -> None:
    index = np.array([i for i in wanted if i < len(values)], dtype=np.int64)
    np.testing.assert_array_equal(dense(select_rows(sparse.csr_array(values), index)), values[index])
