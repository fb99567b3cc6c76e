"""The fully connected network."""

from __future__ import annotations

import pytest
import torch

from tutelage.networks import RssBatch, build_network, check_network


@pytest.mark.parametrize("settings", [{}, {"width": 16, "d_e": 8, "dropout": 0.5}])
def test_dnn_keeps_the_contract(settings: dict[str, float]) -> None:
    check_network("dnn", settings)


@pytest.mark.parametrize(("settings", "d_f", "d_e"), [({}, 512, 256), ({"width": 16, "d_e": 8}, 16, 8)])
def test_dnn_has_the_widths_of_its_settings(settings: dict[str, int], d_f: int, d_e: int) -> None:
    network = build_network("dnn", 30, settings)
    scans = RssBatch(torch.tensor([3, 7]), torch.ones(2), torch.tensor([0, 1]), 30)
    assert [list(part.shape) for part in network(scans)] == [[2, d_f], [2, d_e], [2, 2]]
    assert network.d_e(30) == d_e


def test_dnn_drops_units_in_training_only() -> None:
    network = build_network("dnn", 30, {"dropout": 0.5})
    scans = RssBatch(torch.tensor([3, 7]), torch.ones(2), torch.tensor([0, 1]), 30)
    assert not torch.equal(network(scans).position, network(scans).position)
    network.eval()
    assert torch.equal(network(scans).position, network(scans).position)
