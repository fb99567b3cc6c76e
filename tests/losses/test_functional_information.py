import math
from typing import Any

import pytest
import torch
from torch import Tensor

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.losses import (
    compare_norms,
    functional_information,
    largest_singular_value,
    sensitivity,
    transmitting_matrix,
)

FORMS = ["literal", "scale_free", "log_ratio", "least_squares"]
Rows = list[list[float]]


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def batch(n: int = 6, d_f: int = 3, d_e: int = 2) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return numbers(n, d_f, seed=1), numbers(n, d_e, seed=2), numbers(n, 4, seed=3), numbers(n, d_e, seed=4)


# -- plain-loop derivation ----------------------------------------------------------------------


def loop_product(a: Rows, b: Rows) -> Rows:
    """a' b"""
    return [
        [sum(a[k][i] * b[k][j] for k in range(len(a))) for j in range(len(b[0]))] for i in range(len(a[0]))
    ]


def loop_norm(a: Rows) -> float:
    """Largest singular value of a matrix with two columns, from the quadratic equation of a' a."""
    (p, q), (_, r) = loop_product(a, a)
    return math.sqrt((p + r) / 2 + math.sqrt(((p - r) / 2) ** 2 + q * q))


def loop_unit(rows: Rows) -> Rows:
    return [[x / math.sqrt(sum(y * y for y in row)) for x in row] for row in rows]


def loop_sigma(z_f: Tensor, z_e: Tensor) -> float:
    return loop_norm(loop_product(loop_unit(z_f.tolist()), loop_unit(z_e.tolist())))


def loop_centred(rows: Rows) -> Rows:
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    return [[x - m for x, m in zip(row, means, strict=True)] for row in rows]


def loop_least_squares(z_f: Tensor, z_e: Tensor) -> float:
    """Normal equations (X' X + r I) W = X' Y for two inputs, by Cramer's rule."""
    x, y = loop_centred(z_f.tolist()), loop_centred(z_e.tolist())
    (a, b), (_, c) = loop_product(x, x)
    ridge = 1e-3 * sum(v * v for row in x for v in row) / len(x) + 1e-12
    a, c = a + ridge, c + ridge
    top, bottom = loop_product(x, y)
    determinant = a * c - b * b
    return loop_norm(
        [
            [(c * t - b * u) / determinant for t, u in zip(top, bottom, strict=True)],
            [(a * u - b * t) / determinant for t, u in zip(top, bottom, strict=True)],
        ]
    )


def test_literal_equals_loop() -> None:
    f_s, e_s, f_t, e_t = batch()
    expected = abs(loop_sigma(f_t, e_t) - loop_sigma(f_s, e_s))
    assert functional_information(f_s, e_s, [(f_t, e_t)], iterations=200).item() == pytest.approx(expected)


def test_scale_free_equals_loop() -> None:
    f_s, e_s, f_t, e_t = batch()
    expected = abs(loop_sigma(f_t, e_t) - loop_sigma(f_s, e_s)) / 6
    value = functional_information(f_s, e_s, [(f_t, e_t)], form="scale_free", iterations=200)
    assert value.item() == pytest.approx(expected)


def test_log_ratio_equals_loop() -> None:
    f_s, e_s, f_t, e_t = batch()
    expected = abs(math.log(loop_sigma(f_t, e_t) / loop_sigma(f_s, e_s)))
    value = functional_information(f_s, e_s, [(f_t, e_t)], form="log_ratio", iterations=200)
    assert value.item() == pytest.approx(expected)


def test_least_squares_equals_loop() -> None:
    f_s, e_s, f_t, e_t = (numbers(7, 2, seed=seed) + 3.0 for seed in range(4))
    expected = abs(math.log(loop_least_squares(f_t, e_t) / loop_least_squares(f_s, e_s)))
    value = functional_information(f_s, e_s, [(f_t, e_t)], form="least_squares", iterations=200)
    assert value.item() == pytest.approx(expected)


# -- known values -------------------------------------------------------------------------------


def along(direction: list[float], signs: list[float]) -> Tensor:
    return torch.tensor(signs, dtype=torch.float64)[:, None] * torch.tensor(direction, dtype=torch.float64)


def test_sigma_is_the_batch_size_where_all_point_along_one_line() -> None:
    signs = [1.0, -2.0, 3.0, -1.0, 0.5]
    gram = transmitting_matrix(along([1.0, 2.0, 2.0], signs), along([3.0, 4.0], signs))
    assert largest_singular_value(gram).item() == pytest.approx(5.0)


def test_known_difference_between_one_line_and_crossed_axes() -> None:
    # TrainedNetwork: one line, sigma = 4 = B. Teacher: two samples along each axis, T = 4 I, sigma = 2.
    line = along([1.0, 0.0], [1.0, 2.0, 3.0, 4.0])
    axes = torch.tensor([[1.0, 0.0], [0.0, 1.0]] * 2, dtype=torch.float64)
    assert functional_information(line, line, [(axes, axes)]).item() == pytest.approx(2.0)
    assert functional_information(line, line, [(axes, axes)], form="scale_free").item() == pytest.approx(0.5)
    value = functional_information(line, line, [(axes, axes)], form="log_ratio")
    assert value.item() == pytest.approx(math.log(2))


def test_least_squares_finds_the_slope_of_a_linear_extractor() -> None:
    z_f = numbers(200, 3)
    slopes = torch.diag(torch.tensor([5.0, 1.0, 0.1], dtype=torch.float64))
    value = functional_information(
        z_f, z_f @ slopes + 7.0, [(z_f, z_f)], form="least_squares", iterations=100
    )
    assert value.item() == pytest.approx(math.log(5), abs=1e-4)


def test_scale_of_the_extractor_shows_only_in_least_squares() -> None:
    z_f, z_e = numbers(20, 4), numbers(20, 3, seed=1)
    for form in FORMS[:3]:
        assert functional_information(z_f, 10 * z_e, [(z_f, z_e)], form=form).item() == pytest.approx(
            0, abs=1e-9
        )
    value = functional_information(z_f, 10 * z_e, [(z_f, z_e)], form="least_squares")
    assert value.item() == pytest.approx(math.log(10))


@pytest.mark.parametrize(("form", "expected"), [("difference", 6.0), ("log_ratio", math.log(4))])
def test_compare_norms_of_two_and_eight(form: str, expected: Any) -> None:
    teacher = torch.tensor(8.0, requires_grad=True)
    student = torch.tensor(2.0, requires_grad=True)
    value = compare_norms(teacher, student, form)
    value.backward()
    assert value.item() == pytest.approx(expected)
    assert teacher.grad is None
    assert student.grad is not None
    assert student.grad < 0


# -- shapes that would multiply either way -------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 5])
def test_vectors_multiply_over_the_batch_also_where_all_sizes_agree(n: int) -> None:
    """With d_F = d_E = B, Eq. 8 as printed (Zf Ze', over the features) has the same shape: [n, n]."""
    z_f, z_e = numbers(n, n, seed=1), numbers(n, n, seed=2)
    cross = loop_product(loop_unit(z_f.tolist()), loop_unit(z_e.tolist()))
    expected = torch.tensor(loop_product(cross, cross), dtype=torch.float64)
    torch.testing.assert_close(transmitting_matrix(z_f, z_e), expected)
    over_features = [list(row) for row in zip(*loop_unit(z_f.tolist()), strict=True)]
    turned = [list(row) for row in zip(*loop_unit(z_e.tolist()), strict=True)]
    as_printed = loop_product(over_features, turned)
    assert not torch.allclose(
        expected, torch.tensor(loop_product(as_printed, as_printed), dtype=torch.float64)
    )


@pytest.mark.parametrize("n", [2, 3, 5])
def test_power_iteration_takes_one_vector_also_where_all_sizes_agree(n: int) -> None:
    """A start of shape [d, d], as Algorithm 1 prints it, would divide by the norms of the wrong axis."""
    gram = transmitting_matrix(numbers(n, n, seed=1), numbers(n, n, seed=2))
    exact = torch.linalg.eigvalsh(gram)[-1].sqrt()
    found = largest_singular_value(gram, iterations=500)
    assert found.shape == ()
    assert found.item() == pytest.approx(exact.item(), rel=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_batch_order_does_not_matter_where_all_sizes_agree(form: str) -> None:
    f_s, e_s, f_t, e_t = (numbers(4, 4, seed=seed) for seed in range(4))
    order = torch.tensor([2, 0, 3, 1])
    moved = functional_information(f_s[order], e_s[order], [(f_t, e_t)], form=form)
    assert moved.item() == pytest.approx(functional_information(f_s, e_s, [(f_t, e_t)], form=form).item())


@pytest.mark.parametrize("shape", [(3, 3, 3), (3, 3, 3, 3)])
def test_maps_and_tokens_stay_apart_by_sample_where_all_sizes_agree(shape: Any) -> None:
    z_in, z_out = numbers(*shape, seed=1), numbers(*shape, seed=2)
    together = transmitting_matrix(z_in, z_out)
    assert together.shape == (3, 3, 3)
    for i in range(3):
        alone = transmitting_matrix(z_in[i : i + 1], z_out[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone)
    expected = loop_map_gram(*(z.mT[..., None] if z.ndim == 3 else z for z in (z_in, z_out)))
    torch.testing.assert_close(together, torch.tensor(expected, dtype=torch.float64))


# -- maps and tokens ----------------------------------------------------------------------------


def loop_map_gram(z_in: Tensor, z_out: Tensor) -> list[Rows]:
    """Per sample, channels [C][positions] as unit rows."""
    grams = []
    for a, b in zip(z_in.flatten(2).tolist(), z_out.flatten(2).tolist(), strict=True):
        by_position_in = [list(p) for p in zip(*loop_unit(a), strict=True)]
        by_position_out = [list(p) for p in zip(*loop_unit(b), strict=True)]
        cross = loop_product(by_position_in, by_position_out)
        grams.append(loop_product(cross, cross))
    return grams


def test_maps_multiply_over_positions_sample_by_sample() -> None:
    z_in, z_out = numbers(3, 2, 2, 3, seed=1), numbers(3, 4, 2, 3, seed=2)
    expected = torch.tensor(loop_map_gram(z_in, z_out), dtype=torch.float64)
    torch.testing.assert_close(transmitting_matrix(z_in, z_out), expected)


def test_larger_map_is_averaged_to_the_smaller() -> None:
    z_in, z_out = numbers(3, 2, 4, 6, seed=1), numbers(3, 4, 2, 3, seed=2)
    blocks = z_in.reshape(3, 2, 2, 2, 3, 2).mean(dim=(3, 5))
    torch.testing.assert_close(transmitting_matrix(z_in, z_out), transmitting_matrix(blocks, z_out))


def test_tokens_are_maps_of_one_column() -> None:
    z_in, z_out = numbers(3, 5, 2, seed=1), numbers(3, 5, 4, seed=2)
    maps = z_in.mT[..., None], z_out.mT[..., None]
    torch.testing.assert_close(transmitting_matrix(z_in, z_out), transmitting_matrix(*maps))


def test_map_and_vector_are_flattened() -> None:
    z_in, z_out = numbers(5, 2, 3, 3, seed=1), numbers(5, 4, seed=2)
    torch.testing.assert_close(transmitting_matrix(z_in, z_out), transmitting_matrix(z_in.flatten(1), z_out))


def test_map_and_tokens_are_flattened() -> None:
    z_in, z_out = numbers(5, 2, 3, 3, seed=1), numbers(5, 3, 4, seed=2)
    flat = transmitting_matrix(z_in.flatten(1), z_out.flatten(1))
    torch.testing.assert_close(transmitting_matrix(z_in, z_out), flat)


def test_map_of_one_position_counts_as_a_vector() -> None:
    z_in, z_out = numbers(5, 2, 3, 3, seed=1), numbers(5, 4, seed=2)
    gram = transmitting_matrix(z_in, z_out[:, :, None, None])
    torch.testing.assert_close(gram, transmitting_matrix(z_in, z_out))


@pytest.mark.parametrize("form", FORMS)
def test_student_of_maps_has_the_right_gradient(form: str) -> None:
    teacher = numbers(3, 4, seed=3), numbers(3, 2, seed=4)
    student = numbers(3, 2, 4, 4, seed=1).requires_grad_(), numbers(3, 3, 2, 2, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda f, e: functional_information(f, e, [teacher], form=form, iterations=4), student
    )


def test_scale_free_sigma_of_identical_channels_is_one() -> None:
    pattern = numbers(1, 1, 3, 3)
    same = functional_information(
        pattern.expand(4, 2, 3, 3),
        pattern.expand(4, 5, 3, 3),
        [(along([1.0, 1.0], [1.0] * 4), along([1.0, 1.0], [1.0] * 4))],
        form="scale_free",
    )
    assert same.item() == pytest.approx(0.0, abs=1e-9)


# -- gradients, order, degenerate cases ---------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [(6, 3, 2), (3, 3, 3), (2, 5, 4)])
def test_functional_information_has_the_right_gradient(form: str, size: Any) -> None:
    f_s, e_s, f_t, e_t = batch(*size)
    assert torch.autograd.gradcheck(
        lambda f, e: functional_information(f, e, [(f_t, e_t)], form=form, iterations=5),
        (f_s.requires_grad_(), e_s.requires_grad_()),
    )


@pytest.mark.parametrize("form", FORMS)
def test_no_gradient_reaches_the_teacher(form: str) -> None:
    f_s, e_s, f_t, e_t = (z.requires_grad_() for z in batch())
    functional_information(f_s, e_s, [(f_t, e_t)], form=form).backward()
    assert f_s.grad is not None
    assert f_t.grad is None
    assert e_t.grad is None


@pytest.mark.parametrize("form", FORMS)
def test_functional_information_does_not_depend_on_batch_order(form: str) -> None:
    f_s, e_s, f_t, e_t = batch(n=8)
    order = torch.randperm(8)
    moved = functional_information(f_s[order], e_s[order], [(f_t, e_t)], form=form).item()
    assert moved == pytest.approx(functional_information(f_s, e_s, [(f_t, e_t)], form=form).item(), rel=1e-9)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dead", [slice(None), slice(0, 1)])
def test_dead_samples_give_finite_values_and_moderate_gradients(form: str, dead: Any) -> None:
    f_s, e_s, f_t, e_t = (z.float() for z in batch())
    f_s[dead], e_s[dead] = 0.0, 0.0
    f_s.requires_grad_(), e_s.requires_grad_()
    value = functional_information(f_s, e_s, [(f_t, e_t)], form=form)
    value.backward()
    assert math.isfinite(value.item())
    for z in (f_s, e_s):
        assert z.grad is not None
        assert z.grad.abs().max() < 1e3


@pytest.mark.parametrize("form", FORMS)
def test_dead_teacher_gives_a_finite_value(form: str) -> None:
    f_s, e_s, f_t, e_t = batch()
    assert math.isfinite(functional_information(f_s, e_s, [(0 * f_t, 0 * e_t)], form=form).item())


def test_functional_information_refuses_an_unknown_form() -> None:
    f_s, e_s, f_t, e_t = batch()
    with pytest.raises(UnknownNameError, match="Did you mean log_ratio"):
        functional_information(f_s, e_s, [(f_t, e_t)], form="log-ratio")


def test_compare_norms_refuses_an_unknown_form() -> None:
    with pytest.raises(UnknownNameError, match="difference"):
        compare_norms(torch.tensor(1.0), torch.tensor(1.0), "differences")


# -- the contraction over the features, as printed ------------------------------------------------


def turned(rows: Rows) -> Rows:
    return [list(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize(("n", "d"), [(2, 5), (3, 3)])
def test_contraction_over_the_features_equals_the_loop(n: int, d: int) -> None:
    z_f, z_e = numbers(n, d, seed=1), numbers(n, d, seed=2)
    cross = loop_product(turned(loop_unit(z_f.tolist())), turned(loop_unit(z_e.tolist())))
    expected = torch.tensor(loop_product(cross, cross), dtype=torch.float64)
    torch.testing.assert_close(transmitting_matrix(z_f, z_e, contraction="features"), expected)


@pytest.mark.parametrize("contraction", ["batch", "features"])
def test_sigma_of_one_line_is_the_batch_size_in_both_contractions(contraction: str) -> None:
    line = along([1.0, 2.0, 2.0], [1.0, -2.0, 3.0, -1.0])
    orthogonal = torch.eye(4, 3, dtype=torch.float64)  # the last is blank
    options: dict[str, Any] = {"contraction": contraction, "iterations": 60}
    value = functional_information(line, line, [(orthogonal, orthogonal)], **options)
    assert value.item() == pytest.approx(4 - 1)
    scale_free = functional_information(line, line, [(orthogonal, orthogonal)], form="scale_free", **options)
    assert scale_free.item() == pytest.approx((4 - 1) / 4)


@pytest.mark.parametrize("form", FORMS[:3])
def test_contraction_over_the_features_has_the_right_gradient(form: str) -> None:
    teacher = numbers(5, 4, seed=3), numbers(5, 4, seed=4)
    student = numbers(5, 3, seed=1).requires_grad_(), numbers(5, 3, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda f, e: functional_information(f, e, [teacher], form=form, contraction="features", iterations=5),
        student,
    )


@pytest.mark.parametrize("form", FORMS[:3])
def test_batch_order_does_not_matter_to_the_contraction_over_the_features(form: str) -> None:
    f_s, e_s, f_t, e_t = (numbers(6, 3, seed=seed) for seed in range(4))
    order = torch.tensor([2, 0, 3, 1, 5, 4])
    options: dict[str, Any] = {"form": form, "contraction": "features", "iterations": 400}
    moved = functional_information(f_s[order], e_s[order], [(f_t, e_t)], **options)
    assert moved.item() == pytest.approx(functional_information(f_s, e_s, [(f_t, e_t)], **options).item())


@pytest.mark.parametrize("shapes", [((5, 3), (5, 2)), ((5, 4, 3), (5, 3)), ((5, 2, 2, 2), (5, 2, 2, 2))])
def test_contraction_over_the_features_is_refused_where_it_has_no_meaning(shapes: Any) -> None:
    z_f, z_e = (numbers(*shape) for shape in shapes)
    with pytest.raises(BadInputError, match="needs vectors with d_F = d_E"):
        functional_information(z_f, z_e, [(z_f, z_e)], contraction="features")


def test_unknown_contraction_is_refused() -> None:
    f_s, e_s, f_t, e_t = batch()
    with pytest.raises(UnknownNameError, match="Did you mean features"):
        functional_information(f_s, e_s, [(f_t, e_t)], contraction="feature")


# -- the dead zone of two teachers --------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_absolute_differences_of_two_teachers_have_no_gradient_between_them_and_squared_ones_have(
    form: str,
) -> None:
    pairs = [(numbers(8, 3, seed=2 * i), numbers(8, 3, seed=2 * i + 1)) for i in range(9)]
    by_sigma = sorted(pairs, key=lambda pair: float(sensitivity(*pair, form=form)))
    lowest, second, middle, highest = (by_sigma[i] for i in (0, 1, 4, -1))

    def gradient(
        student: tuple[Tensor, Tensor], teachers: list[tuple[Tensor, Tensor]], squared: bool
    ) -> float:
        z_e = student[1].clone().requires_grad_()
        loss = functional_information(student[0], z_e, teachers, form=form, squared=squared)
        return float(torch.autograd.grad(loss, z_e)[0].norm())

    assert gradient(middle, [lowest, highest], False) == 0
    assert gradient(middle, [lowest, highest], True) > 1e-6
    assert gradient(lowest, [second, highest], False) > 1e-6  # outside, both pull one way
    assert gradient(middle, [highest], False) > 1e-6


@pytest.mark.parametrize(("form", "expected"), [("difference", 36.0), ("log_ratio", math.log(4) ** 2)])
def test_squared_comparison_of_two_and_eight(form: str, expected: float) -> None:
    found = compare_norms(torch.tensor(2.0), torch.tensor(8.0), form, squared=True)
    assert found.item() == pytest.approx(expected)
