import math

import pytest
import torch

from tutelage.losses import mean_distance


def random_positions(n: int, seed: int) -> torch.Tensor:
    return torch.randn(n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_mean_distance_equals_loop_over_pairs() -> None:
    predicted, truth = random_positions(7, 0), random_positions(7, 1)
    total = 0.0
    for (px, py), (tx, ty) in zip(predicted.tolist(), truth.tolist(), strict=True):
        total += math.sqrt((12.5 * (px - tx)) ** 2 + (12.5 * (py - ty)) ** 2)
    assert mean_distance(predicted, truth, 12.5).item() == pytest.approx(total / 7, rel=1e-12)


def test_mean_distance_of_known_triangles() -> None:
    predicted = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert mean_distance(predicted, torch.zeros(2, 2)).item() == pytest.approx(2.5)


def test_mean_distance_scales_each_axis() -> None:
    predicted = torch.tensor([[1.0, 1.0]])
    assert mean_distance(predicted, torch.zeros(1, 2), torch.tensor([3.0, 4.0])).item() == pytest.approx(5.0)


def test_mean_distance_has_the_right_gradient() -> None:
    predicted, truth = random_positions(5, 0).requires_grad_(), random_positions(5, 1)
    assert torch.autograd.gradcheck(lambda p: mean_distance(p, truth, 3.0), predicted)


def test_mean_distance_does_not_depend_on_batch_order() -> None:
    predicted, truth, order = random_positions(9, 0), random_positions(9, 1), torch.randperm(9)
    assert mean_distance(predicted[order], truth[order]).item() == pytest.approx(
        mean_distance(predicted, truth).item(), rel=1e-12
    )


def test_mean_distance_has_zero_gradient_at_the_truth() -> None:
    predicted = torch.ones(3, 2, requires_grad=True)
    mean_distance(predicted, torch.ones(3, 2)).backward()
    assert predicted.grad is not None
    assert torch.equal(predicted.grad, torch.zeros(3, 2))
