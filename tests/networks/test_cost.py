"""Weights and multiply-adds, against sums written out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch import nn

from tutelage.errors import BadInputError
from tutelage.networks import NetworkSpec, network_cost


def test_dnn_costs_what_its_three_layers_cost() -> None:
    weights = 465 * 512 + 512 + 512 * 512 + 512 + 512 * 256 + 256 + 256 * 2 + 2
    assert network_cost("dnn", 465, 18) == (weights, 18 * 512 + 512 * 512 + 512 * 256 + 256 * 2)


def test_cnnloc_costs_its_encoder_and_its_convolutions() -> None:
    encoder, convolutions = 18 * 128 + 128 * 64, 43 * 99 * 22 + 22 * 66 * 99 * 22 + 33 * 66 * 22
    assert network_cost("cnnloc", 520, 18).multiply_adds == encoder + convolutions + 33 * 2


def test_bayescnn_costs_its_convolutions_over_all_pixels() -> None:
    side = 22  # of 465 access points
    block_1 = side**2 * 9 * (1 * 32 + 32 * 32)
    block_2 = (side // 2) ** 2 * 9 * (32 * 64 + 64 * 64)
    block_3 = (side // 4) ** 2 * 9 * (64 * 128 + 128 * 128)
    dense = 128 * (side // 8) ** 2 * 256 + 256 * 2
    assert network_cost("bayescnn", 465, 18).multiply_adds == block_1 + block_2 + block_3 + dense


def test_baat_costs_whole_blocks_and_a_last_one_for_the_class_token() -> None:
    tokens, d, wide = 65, 128, 512
    whole = tokens * 3 * d * d + 2 * tokens * tokens * d + tokens * d * d + 2 * tokens * d * wide
    last = (1 + 2 * tokens + 1) * d * d + 2 * tokens * d + 2 * d * wide
    assert network_cost("baat", 465, 18).multiply_adds == 18 * 64 * d + 2 * whole + last + d * 2


def test_work_of_sparse_input_grows_with_the_access_points_heard_alone() -> None:
    one, other = network_cost("dnn", 40, 5), network_cost("dnn", 80, 5)
    assert one.multiply_adds == other.multiply_adds
    assert other.weights - one.weights == 40 * 512
    assert network_cost("dnn", 40, 6).multiply_adds - one.multiply_adds == 512


def test_work_of_dense_input_grows_with_all_access_points(register: Callable[..., NetworkSpec]) -> None:
    class Dense(nn.Module):
        def __init__(self, n_ap: int) -> None:
            super().__init__()
            self.front, self.body, self.head = nn.Linear(n_ap, 8), nn.Linear(8, 4), nn.Linear(4, 2)

    register("dense", Dense)
    assert network_cost("dense", 30, 0) == (30 * 8 + 8 + 8 * 4 + 4 + 4 * 2 + 2, 30 * 8 + 8 * 4 + 4 * 2)


@pytest.mark.parametrize("n_heard", [-1, 41])
def test_cost_of_an_impossible_scan_is_refused(n_heard: int) -> None:
    with pytest.raises(BadInputError, match=rf"n_heard = {n_heard} of n_ap = 40 .*give 0 to 40"):
        network_cost("dnn", 40, n_heard)
