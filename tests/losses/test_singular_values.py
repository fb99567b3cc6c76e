import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tutelage.losses import compare_norms, jacobian_spectral_norm, largest_singular_value


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def loop_norm(rows: list[list[float]]) -> float:
    """Largest singular value of a matrix A with two columns, from the quadratic equation of A' A."""
    p = sum(a * a for a, _ in rows)
    q = sum(a * b for a, b in rows)
    r = sum(b * b for _, b in rows)
    return math.sqrt((p + r) / 2 + math.sqrt(((p - r) / 2) ** 2 + q * q))


# -- power iteration ----------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 10**6))
def test_largest_singular_value_equals_svd(rows: Any, columns: Any, seed: Any) -> None:
    matrix = numbers(rows, columns, seed=seed)
    expected = torch.linalg.svdvals(matrix)[0].item()
    estimate = largest_singular_value(matrix.mT @ matrix, iterations=300).item()
    assert 0.99 * expected <= estimate <= expected * (1 + 1e-9)


@settings(max_examples=15)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6))
def test_largest_singular_value_of_a_batch_equals_one_by_one(n: int, d: Any, seed: Any) -> None:
    matrices = numbers(n, d, d, seed=seed)
    grams = matrices.mT @ matrices
    together = largest_singular_value(grams)
    assert together.shape == (n,)
    torch.testing.assert_close(together, torch.stack([largest_singular_value(gram) for gram in grams]))


def test_start_is_used() -> None:
    gram = torch.diag(torch.tensor([9.0, 4.0]))
    second = torch.tensor([[0.0], [1.0]])
    assert largest_singular_value(gram).item() == pytest.approx(3.0)
    assert largest_singular_value(gram, start=second).item() == pytest.approx(2.0)


def test_zero_matrix_has_a_zero_gradient() -> None:
    gram = torch.zeros(3, 3, requires_grad=True)
    largest_singular_value(gram).backward()
    assert gram.grad is not None
    assert torch.equal(gram.grad, torch.zeros(3, 3))


# -- Jacobian -----------------------------------------------------------------------------------


def small_extractor(d_f: int = 2, d_e: int = 2) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(d_f, 4), nn.Tanh(), nn.Linear(4, d_e)).double()


def loop_jacobian_norm(extractor: nn.Module, z_f: Tensor, step: float = 1e-5) -> float:
    """Mean norm of Jacobians built column by column from central differences."""
    norms = []
    for x, y in z_f.tolist():
        points = [[x + step, y], [x - step, y], [x, y + step], [x, y - step]]
        right, left, up, down = extractor(torch.tensor(points, dtype=torch.float64)).tolist()
        norms.append(
            loop_norm(
                [
                    [(r - le) / (2 * step), (u - d) / (2 * step)]
                    for r, le, u, d in zip(right, left, up, down, strict=True)
                ]
            )
        )
    return sum(norms) / len(norms)


@pytest.mark.parametrize("n", [2, 5])
def test_jacobian_norm_equals_loop(n: int) -> None:
    extractor, z_f = small_extractor(), numbers(n, 2)
    expected = loop_jacobian_norm(extractor, z_f)
    assert jacobian_spectral_norm(extractor, z_f, iterations=100).item() == pytest.approx(expected, rel=1e-6)


def test_jacobian_norm_of_a_linear_map_is_its_largest_singular_value() -> None:
    slopes = torch.tensor([[3.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    assert jacobian_spectral_norm(lambda z: z @ slopes.T, torch.ones(4, 2)).item() == pytest.approx(3.0)


def test_jacobian_norm_reads_maps() -> None:
    torch.manual_seed(0)
    extractor = nn.Sequential(nn.Conv2d(1, 2, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()).double()
    z_f = numbers(3, 1, 5, 5)
    jacobians = [torch.autograd.functional.jacobian(extractor, z[None]).reshape(8, 25) for z in z_f]
    expected = torch.stack([torch.linalg.svdvals(jacobian)[0] for jacobian in jacobians]).mean()
    value = jacobian_spectral_norm(extractor, z_f, iterations=200)
    assert value.item() == pytest.approx(expected.item(), rel=1e-3)


def test_jacobian_norm_has_the_right_gradient_in_the_parameters() -> None:
    extractor, z_f = small_extractor(), numbers(3, 2)
    (weight, *_) = extractor.parameters()
    jacobian_spectral_norm(extractor, z_f, iterations=100).backward()
    assert weight.grad is not None
    for index in [(0, 0), (1, 1), (3, 0)]:
        values = []
        for shift in (1e-6, -1e-6):
            with torch.no_grad():
                weight[index] += shift
                values.append(jacobian_spectral_norm(extractor, z_f, iterations=100).item())
                weight[index] -= shift
        assert weight.grad[index].item() == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-4)


def test_jacobian_norm_has_the_right_gradient_in_the_input() -> None:
    extractor = small_extractor()
    assert torch.autograd.gradcheck(
        lambda z: jacobian_spectral_norm(extractor, z, iterations=100), numbers(3, 2).requires_grad_()
    )


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_jacobian_norm_of_a_frozen_teacher_is_the_same(mode: Any) -> None:
    extractor, z_f = small_extractor(), numbers(4, 2)
    expected = jacobian_spectral_norm(extractor, z_f).item()
    with mode():
        frozen = jacobian_spectral_norm(extractor, z_f)
    assert frozen.item() == pytest.approx(expected)
    assert not frozen.requires_grad


def test_jacobian_norm_does_not_depend_on_batch_order() -> None:
    extractor, z_f = small_extractor(), numbers(6, 2)
    order = torch.randperm(6)
    moved = jacobian_spectral_norm(extractor, z_f[order]).item()
    assert moved == pytest.approx(jacobian_spectral_norm(extractor, z_f).item(), rel=1e-12)


def test_constant_extractor_has_norm_zero_and_a_finite_gradient() -> None:
    layer = nn.Linear(2, 3)
    nn.init.zeros_(layer.weight)
    value = jacobian_spectral_norm(layer, torch.ones(4, 2))
    compare_norms(torch.tensor(2.0), value).backward()
    assert value.item() == 0.0
    assert layer.weight.grad is not None
    assert torch.isfinite(layer.weight.grad).all()


def test_extractor_runs_once_so_that_dropout_draws_one_mask() -> None:
    calls = []

    def extractor(z: Tensor) -> Tensor:
        calls.append(len(z))
        return 2.0 * nn.functional.dropout(z, 0.5)

    norm = jacobian_spectral_norm(extractor, torch.ones(3, 50), iterations=30)
    assert calls == [3]
    assert norm.item() == pytest.approx(4.0)
