"""BayesCNN: the fingerprint as an image, its blocks, and what the search may choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tutelage.errors import BadInputError
from tutelage.networks import BayesCNN, RssBatch, build_network, check_network, network_spec
from tutelage.networks.bayescnn import FingerprintImage, bayescnn_space


def blank(n_ap: int, n: int = 2) -> RssBatch:
    return RssBatch(
        torch.zeros(0, dtype=torch.int64), torch.zeros(0), torch.zeros(n, dtype=torch.int64), n_ap
    )


SETTINGS: list[dict[str, Any]] = [
    {},
    {"widths": (8,), "kernels": (5,), "d_e": 6},
    {"widths": (4, 6), "kernels": (3, 7), "dropout": 0.4},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_bayescnn_keeps_the_contract(settings: dict[str, Any]) -> None:
    check_network("bayescnn", settings)


# -- the image ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_ap", "side"), [(520, 23), (589, 25), (992, 32), (1024, 32), (1025, 33), (4, 2), (5, 3), (1, 1)]
)
def test_image_is_the_smallest_square_that_holds_all(n_ap: int, side: int) -> None:
    assert FingerprintImage(n_ap).side == side


@given(st.integers(1, 300), st.integers(1, 3))
def test_image_holds_the_scan_row_after_row_and_zeros_behind(n_ap: int, n: int) -> None:
    image = FingerprintImage(n_ap)
    scans = torch.rand(n, n_ap) + 1.0
    out = image(scans)
    assert out.shape == (n, 1, image.side, image.side)
    pixels = out.flatten(1)
    assert torch.equal(pixels[:, :n_ap], scans)
    assert not pixels[:, n_ap:].any()


# -- the layers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_ap", "half"), [(520, 11), (589, 12), (992, 16)])
def test_representation_of_the_framer_is_a_map(n_ap: int, half: int) -> None:
    network = build_network("bayescnn", n_ap)
    out = network(blank(n_ap))
    assert [list(z.shape) for z in out] == [[2, 32, half, half], [2, 256], [2, 2]]


def test_weights_of_520_access_points_are_those_counted_by_hand() -> None:
    module = BayesCNN(520)
    found = [sum(p.numel() for p in part.parameters()) for part in module.children()]
    block_1 = (1 * 9 * 32 + 32) + (32 * 9 * 32 + 32)
    block_2 = (32 * 9 * 64 + 64) + (64 * 9 * 64 + 64)
    block_3 = (64 * 9 * 128 + 128) + (128 * 9 * 128 + 128)
    dense = 128 * 2 * 2 * 256 + 256  # 23 pooled three times is 2
    assert found == [block_1, block_2 + block_3 + dense, 256 * 2 + 2]


def test_a_block_is_two_convolutions_of_the_same_size_and_a_pool() -> None:
    block = BayesCNN(30).framer[1]
    assert isinstance(block, nn.Sequential)
    assert [type(layer).__name__ for layer in block] == ["Conv2d", "ReLU", "Conv2d", "ReLU", "MaxPool2d"]
    assert block(torch.zeros(1, 1, 9, 9)).shape == (1, 32, 4, 4)


@pytest.mark.parametrize("n_ap", [1, 5, 63])
def test_small_buildings_get_an_image_that_every_block_can_pool(n_ap: int) -> None:
    network = build_network("bayescnn", n_ap)
    assert network(blank(n_ap)).position.shape == (2, 2)
    assert network.d_e(n_ap) == 256


def test_one_kernel_serves_all_blocks_and_several_serve_one_each() -> None:
    def sides(**settings: Any) -> list[int]:
        layers = BayesCNN(100, **settings).modules()
        return [layer.kernel_size[0] for layer in layers if isinstance(layer, nn.Conv2d)]

    assert sides(kernels=(5,)) == [5] * 6
    assert sides(kernels=(3, 5, 7)) == [3, 3, 5, 5, 7, 7]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kernels": (3, 5)}, "kernels has 2 values for 3 blocks; give one for all, or one a block"),
        ({"kernels": (4,)}, "kernels must be odd, to keep the image's size; 4 is even"),
        ({"kernels": (13,)}, "kernels.0 = 13: input should be less than or equal to 11"),
        ({"widths": ()}, r"widths = \(\): tuple should have at least 1 item"),
        ({"widths": "32,many"}, "widths.1 = 'many': input should be a valid integer"),
    ],
)
def test_blocks_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        build_network("bayescnn", 100, settings)


def test_blocks_can_be_written_on_the_command_line() -> None:
    asked = network_spec("bayescnn").settings({"widths": "16, 32", "kernels": "5"})
    assert (asked["widths"], asked["kernels"]) == ((16, 32), (5,))


# -- the search ---------------------------------------------------------------------------------------


class Corner:
    """Answers every question of the search with its first or its last choice."""

    def __init__(self, last: bool) -> None:
        self.last = last

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        assert name
        assert not log
        assert (high - low) % step == 0
        return high if self.last else low

    def suggest_float(self, *_: Any, **__: Any) -> float:
        raise AssertionError

    def suggest_categorical(self, name: str, choices: Sequence[int]) -> int:
        assert name
        return choices[-1 if self.last else 0]


@pytest.mark.parametrize(
    ("last", "settings"),
    [
        (False, {"widths": (16,), "kernels": (3,)}),
        (True, {"widths": (128,) * 4, "kernels": (7,) * 4}),
    ],
)
def test_corners_of_the_search_are_networks(last: bool, settings: dict[str, Any]) -> None:
    assert network_spec("bayescnn").search is bayescnn_space
    asked = bayescnn_space(Corner(last))  # type: ignore[arg-type]
    assert asked == settings
    assert build_network("bayescnn", 100, asked)(blank(100)).position.shape == (2, 2)
