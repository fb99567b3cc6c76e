"""The law through a learning curve: it finds what is there, and says when nothing falls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.evaluation.plan import PowerLaw, fit_power_law

N = np.array([20.0, 40.0, 80.0, 120.0, 160.0])
EVEN = np.full(5, 0.1)


@given(
    floor_m=st.sampled_from([0.0, 0.5, 2.0, 6.0]),
    above_m=st.floats(1.0, 20.0),
    exponent=st.floats(0.3, 1.5),
)
def test_a_known_law_is_found_and_its_extrapolation_is_right(
    floor_m: float, above_m: float, exponent: float
) -> None:
    true = PowerLaw(floor_m, above_m * N[0] ** exponent, exponent)
    found = fit_power_law(N, true.error_m(N), EVEN)
    assert found.floor_m == pytest.approx(floor_m, abs=0.02)
    assert found.exponent == pytest.approx(exponent, rel=0.02)
    np.testing.assert_allclose(found.error_m(2 * N), true.error_m(2 * N), atol=0.01)


def test_a_noisy_law_is_found_on_average() -> None:
    true = PowerLaw(2.0, 30.0, 0.6)
    rng = np.random.default_rng(0)
    laws = [fit_power_law(N, true.error_m(N) + rng.normal(0, 0.03, 5), EVEN) for _ in range(100)]
    assert np.median([law.floor_m for law in laws]) == pytest.approx(2.0, abs=0.3)
    assert np.mean([law.error_m(320) for law in laws]) == pytest.approx(float(true.error_m(320)), abs=0.03)


@given(
    errors=st.lists(st.floats(0.1, 50.0), min_size=5, max_size=5),
    spread=st.lists(st.floats(0.01, 5.0), min_size=5, max_size=5),
)
def test_no_figure_is_negative_and_more_points_never_harm(errors: list[float], spread: list[float]) -> None:
    law = fit_power_law(N, np.array(errors), np.array(spread))
    assert min(law.floor_m, law.scale_m, law.exponent) >= 0
    assert (np.diff(law.error_m(np.geomspace(1, 1e6, 30))) <= 1e-9).all()


@given(
    errors=st.lists(st.floats(0.1, 50.0), min_size=5, max_size=5),
    floor_m=st.floats(0, 20),
    above_m=st.floats(0, 20),
    exponent=st.floats(0.06, 1.9),
)
def test_no_other_law_is_nearer(errors: list[float], floor_m: float, above_m: float, exponent: float) -> None:
    other = PowerLaw(floor_m, above_m * N[-1] ** exponent, exponent)
    error_m = np.array(errors)
    found = fit_power_law(N, error_m, EVEN)
    left, of_other = (((law.error_m(N) - error_m) ** 2).sum() for law in (found, other))
    assert left <= of_other * 1.001 + 1e-6


@pytest.mark.parametrize("errors", [[4.0] * 5, [3.0, 3.1, 3.2, 3.3, 3.4]])
def test_errors_that_do_not_fall_are_a_constant(errors: list[float]) -> None:
    law = fit_power_law(N, np.array(errors), EVEN)
    assert law.floor_m == pytest.approx(np.mean(errors))
    assert law == PowerLaw(law.floor_m, 0.0, 0.0)
    assert float(law.error_m(1e9)) == law.floor_m


def test_a_size_that_is_known_better_counts_more() -> None:
    error_m = np.array([9.0, 5.0, 4.0, 4.0, 4.0])
    known, unknown = (fit_power_law(N, error_m, np.array([s, 0.1, 0.1, 0.1, 0.1])) for s in (0.01, 10.0))
    assert abs(known.error_m(20.0) - 9.0) < 0.1 < abs(unknown.error_m(20.0) - 9.0)
