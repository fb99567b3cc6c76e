import math
from typing import Any

import pytest
import torch

from tutelage.errors import UnknownNameError
from tutelage.losses import angular_similarity

FORMS = ["batch_mean", "per_sample"]


def representations(n: int, d_e: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d_e, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def loop_cosine(a: list[float], b: list[float]) -> float:
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a)) / math.sqrt(sum(y * y for y in b))


def loop_margin(c: float, margin: float) -> float:
    return max(0.0, 1.0 - math.cos(math.acos(c) + margin))


def test_batch_mean_equals_loop_over_pairs() -> None:
    student, teacher = representations(6, 4, 0), representations(6, 4, 1)
    cosines = [loop_cosine(s, t) for s, t in zip(student.tolist(), teacher.tolist(), strict=True)]
    expected = loop_margin(sum(cosines) / 6, 0.3)
    assert angular_similarity(student, teacher, margin_rad=0.3).item() == pytest.approx(expected, rel=1e-12)


def test_per_sample_equals_loop_over_pairs() -> None:
    student, teacher = representations(6, 4, 0), representations(6, 4, 1)
    cosines = [loop_cosine(s, t) for s, t in zip(student.tolist(), teacher.tolist(), strict=True)]
    expected = sum(loop_margin(c, 0.3) for c in cosines) / 6
    given = angular_similarity(student, teacher, margin_rad=0.3, form="per_sample")
    assert given.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("teacher", "expected"),
    [([2.0, 0.0], 1 - math.cos(0.2)), ([0.0, 5.0], 1 + math.sin(0.2)), ([-1.0, 0.0], 1 + math.cos(0.2))],
)
def test_angular_similarity_of_same_right_and_opposite_directions(
    form: str, teacher: Any, expected: Any
) -> None:
    student = torch.tensor([[1.0, 0.0]] * 3, dtype=torch.float64)
    given = angular_similarity(student, torch.tensor([teacher] * 3, dtype=torch.float64), form=form)
    assert given.item() == pytest.approx(expected, abs=4e-4)  # the clip of c at 1 - 1e-6 moves it by 2.8e-4


def test_per_sample_sees_the_spread_that_batch_mean_hides() -> None:
    student = torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    teacher = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
    assert angular_similarity(student, teacher).item() == pytest.approx(1 + math.sin(0.2))
    assert angular_similarity(student, teacher, form="per_sample").item() == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("form", FORMS)
def test_angular_similarity_has_the_right_gradient(form: str) -> None:
    student, teacher = representations(5, 3, 0).requires_grad_(), representations(5, 3, 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda s, t: angular_similarity(s, t, form=form), (student, teacher))


@pytest.mark.parametrize("form", FORMS)
def test_angular_similarity_does_not_depend_on_batch_order(form: str) -> None:
    student, teacher, order = representations(8, 3, 0), representations(8, 3, 1), torch.randperm(8)
    assert angular_similarity(student[order], teacher[order], form=form).item() == pytest.approx(
        angular_similarity(student, teacher, form=form).item(), rel=1e-12
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("factor", [1.0, 1.001, -1.0, 0.0])
def test_gradient_stays_small_at_the_singular_points(form: str, factor: Any) -> None:
    student = torch.tensor([[0.6, 0.8], [1.0, 2.0], [3.0, 0.1]], requires_grad=True)
    loss = angular_similarity(student, factor * student.detach(), form=form)
    loss.backward()
    assert student.grad is not None
    assert math.isfinite(loss.item())
    assert student.grad.abs().max() < 10.0


@pytest.mark.parametrize("form", FORMS)
def test_gradient_stays_small_just_before_the_clip(form: str) -> None:
    angle = 0.002  # cosine 1 - 2e-6: not clipped, slope of arccos 500
    teacher = torch.tensor([[math.cos(angle), math.sin(angle)]], dtype=torch.float64)
    student = torch.tensor([[1.0, 0.0]], dtype=torch.float64, requires_grad=True)
    angular_similarity(student, teacher, form=form).backward()
    assert student.grad is not None
    assert student.grad.norm().item() == pytest.approx(math.sin(angle + 0.2), rel=1e-3)


@pytest.mark.parametrize("form", FORMS)
def test_one_dead_sample_does_not_decide_the_gradient(form: str) -> None:
    student = torch.tensor([[0.0, 0.0], [1.0, 2.0]], requires_grad=True)
    angular_similarity(student, torch.ones(2, 2), form=form).backward()
    assert student.grad is not None
    assert student.grad.abs().max() < 10.0


def test_angular_similarity_refuses_an_unknown_form() -> None:
    with pytest.raises(UnknownNameError, match="per_sample"):
        angular_similarity(torch.ones(2, 2), torch.ones(2, 2), form="per_smaple")
