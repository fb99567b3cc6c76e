"""Sparse batches of scans, and the layer that reads them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from torch import nn

from tutelage.data.sparse_rows import csr_from_dense
from tutelage.networks import RssBatch, RssTable, SparseLinear

CPU = torch.device("cpu")
# blank scans first, in between, twice in a row and last; an access point that nothing hears
DENSE = np.array(
    [[0, 0, 0, 0], [0.5, 0, 0.25, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0.75, 1], [0, 0, 0, 0]], np.float32
)


def table(dense: np.ndarray = DENSE) -> RssTable:
    return RssTable(sparse.csr_array(dense), CPU)


def batch(dense: np.ndarray = DENSE) -> RssBatch:
    return table(dense).rows(torch.arange(len(dense)))


@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.floats(0, 1, width=32)
    ),
    st.data(),
)
def test_rows_equal_dense_indexing(dense: np.ndarray, data: st.DataObject) -> None:
    index = data.draw(st.lists(st.integers(0, len(dense) - 1), min_size=1, max_size=8))
    drawn = table(dense).rows(torch.tensor(index))
    assert len(drawn) == len(index)
    np.testing.assert_array_equal(drawn.dense().numpy(), dense[index])


@pytest.mark.parametrize("index", [[0], [5, 0], [5, 4, 0, 1, 1, 2], [3, 3, 3]])
def test_rows_keep_blank_scans_in_their_place(index: list[int]) -> None:
    np.testing.assert_array_equal(table().rows(torch.tensor(index)).dense().numpy(), DENSE[index])


def test_rows_keep_a_stored_zero_as_a_reading() -> None:
    stored = csr_from_dense(np.zeros((1, 2)), np.array([[True, False]]))
    assert RssTable(stored, CPU).rows(torch.tensor([0])).column.tolist() == [0]


def test_table_has_the_length_of_its_scans() -> None:
    assert len(table()) == 6


def test_row_names_the_scan_of_each_reading() -> None:
    assert batch().row.tolist() == [1, 1, 4, 4]


def test_row_normalised_scales_each_scan_to_norm_one_and_leaves_blank_ones() -> None:
    normalised = batch().row_normalised()
    np.testing.assert_allclose(normalised.dense().norm(dim=1), [0, 1, 0, 0, 1, 0], rtol=1e-6)
    np.testing.assert_allclose(normalised.dense()[4], [0, 0, 0.6, 0.8], rtol=1e-6)


def test_row_normalised_takes_the_gain_of_a_scan_out() -> None:
    np.testing.assert_allclose(
        batch(3 * DENSE).row_normalised().dense(), batch().row_normalised().dense(), rtol=1e-6
    )


def test_sparse_linear_equals_linear_on_the_dense_form_in_value_and_gradient() -> None:
    torch.manual_seed(0)
    layer, dense_layer = SparseLinear(4, 3), nn.Linear(4, 3)
    with torch.no_grad():
        dense_layer.weight.copy_(layer.weight.T)
        dense_layer.bias.copy_(layer.bias)
    scans = batch()
    scans.value.requires_grad_()
    x = scans.dense().detach().requires_grad_()
    upstream = torch.randn(6, 3)
    out, expected = layer(scans), dense_layer(x)
    torch.testing.assert_close(out, expected)
    out.backward(upstream)
    expected.backward(upstream)
    assert layer.weight.grad is not None
    assert x.grad is not None
    torch.testing.assert_close(layer.weight.grad.T, dense_layer.weight.grad)
    torch.testing.assert_close(layer.bias.grad, dense_layer.bias.grad)
    torch.testing.assert_close(scans.value.grad, x.grad[scans.row, scans.column])


def test_sparse_linear_of_blank_scans_alone_is_its_bias() -> None:
    layer = SparseLinear(4, 3)
    torch.testing.assert_close(layer(batch(np.zeros((2, 4), np.float32))), layer.bias.expand(2, 3))


def test_sparse_linear_is_initialised_as_linear_is() -> None:
    torch.manual_seed(0)
    layer, dense_layer = SparseLinear(400, 300), nn.Linear(400, 300)
    assert float(layer.weight.detach().abs().max()) <= 1 / 20
    np.testing.assert_allclose(layer.weight.detach().std(), dense_layer.weight.detach().std(), rtol=0.02)
    np.testing.assert_allclose(layer.bias.detach().std(), dense_layer.bias.detach().std(), rtol=0.15)
