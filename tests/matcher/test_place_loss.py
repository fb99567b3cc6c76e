"""The cross-entropy of a matcher's votes: value, gradient, order of the batch, scans that cannot be right."""

from __future__ import annotations

import math

import pytest
import torch

from tutelage.methods.matcher.matcher_training import place_loss

WEIGHT = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.4, 0.4, 0.2]], dtype=torch.float64)
IS_SAME = torch.tensor([[1.0, 0, 1], [0, 1, 0], [0, 0, 0]], dtype=torch.float64)


def test_loss_is_the_mean_over_scans_that_can_be_right() -> None:
    by_hand = (-math.log(0.5 + 0.2) - math.log(0.2)) / 2
    assert place_loss(WEIGHT, IS_SAME).item() == pytest.approx(by_hand)


def test_sure_and_right_costs_nothing_and_no_right_candidate_counts_nothing() -> None:
    assert place_loss(torch.eye(3), torch.eye(3)).item() == 0
    assert place_loss(WEIGHT, torch.zeros(3, 3)).item() == 0


def test_loss_has_the_right_gradient() -> None:
    assert torch.autograd.gradcheck(place_loss, (WEIGHT.clone().requires_grad_(), IS_SAME))


def test_loss_does_not_depend_on_batch_order() -> None:
    order = torch.tensor([2, 0, 1])
    assert place_loss(WEIGHT[order], IS_SAME[order]).item() == pytest.approx(
        place_loss(WEIGHT, IS_SAME).item(), rel=1e-12
    )
