import math

import pytest
import torch

from tutelage.errors import UnknownNameError
from tutelage.losses import (
    MutualInformationEstimator,
    infonce,
    jensen_shannon,
    mutual_information,
    shifted_estimate,
)


def numbers(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def estimator(d_e: int = 3, width: int = 5) -> MutualInformationEstimator:
    torch.manual_seed(0)
    return MutualInformationEstimator(d_e, width).double()


def loop_layer(layer: torch.nn.Module, x: list[float]) -> list[float]:
    assert isinstance(layer, torch.nn.Linear)
    rows = zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
    return [b + sum(w * v for w, v in zip(row, x, strict=True)) for row, b in rows]


def loop_score(psi: MutualInformationEstimator, teacher: list[float], student: list[float]) -> float:
    hidden = [max(0.0, h) for h in loop_layer(psi.first, teacher + student)]
    hidden = [max(0.0, h) for h in loop_layer(psi.rest[1], hidden)]
    return loop_layer(psi.rest[3], hidden)[0]


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_jensen_shannon_form_equals_loop_over_pairs() -> None:
    psi, student, teacher = estimator(), numbers(4, 3, seed=1), numbers(4, 3, seed=2)
    permutation = [2, 3, 1, 0]
    s, t = student.tolist(), teacher.tolist()
    expected = 0.0
    for k in range(4):
        expected -= softplus(-loop_score(psi, t[k], s[k])) / 4
        expected -= softplus(loop_score(psi, t[k], s[permutation[k]])) / 4
    given = mutual_information(psi, student, teacher, permutation=torch.tensor(permutation))
    assert given.item() == pytest.approx(expected, rel=1e-12)


def test_infonce_form_equals_loop_over_pairs() -> None:
    psi, student, teacher = estimator(), numbers(4, 3, seed=1), numbers(4, 3, seed=2)
    s, t = student.tolist(), teacher.tolist()
    expected = math.log(4)
    for i in range(4):
        row = [loop_score(psi, t[i], s[j]) for j in range(4)]
        expected += math.log(math.exp(row[i]) / sum(math.exp(r) for r in row)) / 4
    assert mutual_information(psi, student, teacher, form="infonce").item() == pytest.approx(
        expected, rel=1e-9
    )


def test_without_permutation_each_teacher_meets_the_student_before() -> None:
    psi, student, teacher = estimator(), numbers(4, 3, seed=1), numbers(4, 3, seed=2)
    rolled = mutual_information(psi, student, teacher, permutation=torch.tensor([3, 0, 1, 2]))
    assert mutual_information(psi, student, teacher).item() == rolled.item()


def test_jensen_shannon_of_blind_scores_is_minus_two_log_two() -> None:
    blind = jensen_shannon(torch.zeros(5), torch.zeros(5))
    assert blind.item() == pytest.approx(-2 * math.log(2))
    assert shifted_estimate(blind).item() == pytest.approx(0.0, abs=1e-7)


def test_jensen_shannon_of_perfect_scores_is_zero_and_the_divergence_log_two() -> None:
    perfect = jensen_shannon(torch.full((5,), 200.0), torch.full((5,), -200.0))
    assert perfect.item() == pytest.approx(0.0, abs=1e-7)
    assert shifted_estimate(perfect).item() == pytest.approx(math.log(2))


def test_shifted_estimate_of_the_best_score_is_the_divergence() -> None:
    # One binary value each: p(joint) = (0.4, 0.1, 0.1, 0.4), product of the marginals 0.25 everywhere.
    joint, product = [0.4, 0.1, 0.1, 0.4], [0.25] * 4
    middle = [(p + q) / 2 for p, q in zip(joint, product, strict=True)]
    divergence = sum(
        p / 2 * math.log(p / m) + q / 2 * math.log(q / m)
        for p, q, m in zip(joint, product, middle, strict=True)
    )
    best = [math.log(p / q) for p, q in zip(joint, product, strict=True)]
    scores_joint = torch.tensor([best[k] for k in (0, 0, 0, 0, 1, 2, 3, 3, 3, 3)], dtype=torch.float64)
    scores_product = torch.tensor(best, dtype=torch.float64)
    estimate = shifted_estimate(jensen_shannon(scores_joint, scores_product))
    assert estimate.item() == pytest.approx(divergence, rel=1e-12)


def test_infonce_of_blind_scores_is_zero_and_of_perfect_scores_log_batch() -> None:
    assert infonce(torch.ones(6, 6)).item() == pytest.approx(0.0, abs=1e-6)
    assert infonce(100.0 * torch.eye(6)).item() == pytest.approx(math.log(6))


def test_all_pairs_equals_scoring_pair_by_pair() -> None:
    psi, student, teacher = estimator(), numbers(4, 3, seed=1), numbers(5, 3, seed=2)
    scores = psi.all_pairs(teacher, student)
    assert scores.shape == (5, 4)
    for i in range(5):
        for j in range(4):
            torch.testing.assert_close(scores[i, j], psi(teacher[i : i + 1], student[j : j + 1])[0])


@pytest.mark.parametrize("form", ["jensen_shannon", "infonce"])
def test_mutual_information_has_the_right_gradient(form: str) -> None:
    psi = estimator()
    inputs = (numbers(4, 3, seed=1).requires_grad_(), numbers(4, 3, seed=2).requires_grad_())
    assert torch.autograd.gradcheck(lambda s, t: mutual_information(psi, s, t, form=form), inputs)


@pytest.mark.parametrize("form", ["jensen_shannon", "infonce"])
def test_mutual_information_teaches_the_estimator(form: str) -> None:
    psi = estimator()
    mutual_information(psi, numbers(4, 3, seed=1), numbers(4, 3, seed=2), form=form).backward()
    assert psi.first.weight.grad is not None
    assert psi.first.weight.grad.abs().max() > 0


@pytest.mark.parametrize("form", ["jensen_shannon", "infonce"])
def test_mutual_information_does_not_depend_on_the_order_of_pairs(form: str) -> None:
    psi, student, teacher = estimator(), numbers(6, 3, seed=1), numbers(6, 3, seed=2)
    permutation, order = torch.tensor([1, 2, 3, 4, 5, 0]), torch.tensor([4, 0, 5, 2, 1, 3])
    moved_permutation = torch.argsort(order)[permutation[order]]  # the same pairs, under their new numbers
    before = mutual_information(psi, student, teacher, permutation=permutation, form=form)
    after = mutual_information(psi, student[order], teacher[order], permutation=moved_permutation, form=form)
    assert after.item() == pytest.approx(before.item(), rel=1e-12)


def test_jensen_shannon_stays_finite_at_huge_scores() -> None:
    scores = torch.tensor([1e4, -1e4], requires_grad=True)
    jensen_shannon(scores, scores).backward()
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()


def test_mutual_information_refuses_an_unknown_form() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean infonce"):
        mutual_information(estimator(), numbers(4, 3, seed=1), numbers(4, 3, seed=2), form="info_nce")
