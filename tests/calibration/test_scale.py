"""The scale of a scan: what it learns, and from whom."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.methods.calibration import cross_fit_scale, fit_scale

RNG = np.random.default_rng(3)


def hard_scans(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Difficulties of which the second alone goes with the error."""
    hard = RNG.normal(size=(n, 4))
    return hard, np.exp(1 + 0.7 * hard[:, 1] + 0.3 * RNG.normal(size=n))


def test_it_finds_what_goes_with_the_error() -> None:
    hard, error_m = hard_scans(4000)
    scale = fit_scale(hard, error_m, np.ones(4000))
    assert scale.slope[1] == pytest.approx(0.6, abs=0.1)  # softened: small errors differ less
    assert np.abs(np.delete(scale.slope, 1)).max() < 0.05
    assert scale.relative_error(hard.mean(axis=0, keepdims=True)) == pytest.approx(1)


def test_few_points_leave_every_scan_nearly_as_hard() -> None:
    hard, error_m = hard_scans(20)
    few, many = (fit_scale(hard, error_m, np.full(20, weight)) for weight in (1.0, 100.0))
    assert np.ptp(few.relative_error(hard)) < 0.5 * np.ptp(many.relative_error(hard))


def test_no_error_judges_a_scale_that_it_helped_to_fit() -> None:
    hard, error_m = hard_scans(60)
    point = np.repeat(np.arange(20), 3)
    before = cross_fit_scale(hard, error_m, np.ones(60), point, seed=0)
    error_m[point == 4] *= 50
    after = cross_fit_scale(hard, error_m, np.ones(60), point, seed=0)
    np.testing.assert_array_equal(before[point == 4], after[point == 4])
    assert (before != after).sum() == 60 - 12  # the others of its fold, four points, do not see it either
