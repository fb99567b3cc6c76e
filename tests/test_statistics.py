"""Intervals and p-values: against SciPy, normal theory, full enumeration and the laws they obey."""

from __future__ import annotations

import itertools
import math
from dataclasses import astuple, replace

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tutelage.errors import BadInputError
from tutelage.statistics import Difference, holm, paired_bootstrap

P_VALUES = st.lists(st.floats(0, 1), max_size=12)


def _skewed(n_seeds: int, n_scans: int) -> np.ndarray:
    """[n_seeds, n_scans] differences in metres with a long tail, as positioning errors have."""
    draw = np.random.default_rng(4)
    return draw.gamma(2.0, 1.5, (n_seeds, n_scans)) - draw.gamma(2.0, 1.6, (n_seeds, n_scans))


# -- paired bootstrap ---------------------------------------------------------------------------


def test_one_seed_agrees_with_scipy() -> None:
    difference_m = _skewed(1, 400)
    theirs = scipy.stats.bootstrap(
        (difference_m[0],), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(1)
    )
    ours = paired_bootstrap(difference_m)
    assert ours.mean == pytest.approx(difference_m.mean())
    # an outer percentile of 10,000 resamples is known to about 0.03 standard errors
    tolerance_m = 5 * 0.03 * theirs.standard_error
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=tolerance_m)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=tolerance_m)


@pytest.mark.parametrize(("level", "z"), [(0.95, 1.959964), (0.80, 1.281552)])
def test_one_seed_with_many_scans_agrees_with_normal_theory(level: float, z: float) -> None:
    difference_m = _skewed(1, 3000)
    standard_error = difference_m.std() / math.sqrt(3000)
    found = paired_bootstrap(difference_m, level=level)
    assert found.low == pytest.approx(difference_m.mean() - z * standard_error, abs=0.15 * standard_error)
    assert found.high == pytest.approx(difference_m.mean() + z * standard_error, abs=0.15 * standard_error)
    two_sided = 2 * scipy.stats.norm.sf(abs(difference_m.mean()) / standard_error)
    assert found.p == pytest.approx(two_sided, abs=0.02)


def test_seeds_and_scans_are_drawn_independently_and_crossed() -> None:
    difference_m = np.array([[0.9, -1.7, 2.2], [-0.4, 1.3, 0.6]])
    every_mean = [  # all 2^2 * 3^3 resamples are equally likely
        sum(difference_m[i, j] for i in seeds for j in scans) / 6
        for seeds in itertools.product(range(2), repeat=2)
        for scans in itertools.product(range(3), repeat=3)
    ]
    found = paired_bootstrap(difference_m, n_resamples=20_000, level=0.5)
    assert found.p == pytest.approx(2 * np.mean(np.array(every_mean) <= 0), abs=0.02)
    assert found.low == pytest.approx(np.quantile(every_mean, 0.25), abs=0.05)
    assert found.high == pytest.approx(np.quantile(every_mean, 0.75), abs=0.05)
    assert (found.n_seeds, found.n_scans) == (2, 3)


def test_interval_is_wider_where_seeds_disagree() -> None:
    agreeing_m = np.tile(_skewed(1, 300), (5, 1))
    disagreeing_m = agreeing_m + np.array([-1.0, -0.5, 0.0, 0.5, 1.0])[:, None]
    same = paired_bootstrap(agreeing_m)
    wider = paired_bootstrap(disagreeing_m)
    assert wider.mean == pytest.approx(same.mean)
    # variances add: that of the mean of five seeds joins that of the mean of 300 scans
    expected = math.hypot(same.high - same.low, 2 * 1.96 * math.sqrt(0.5 / 5))
    assert wider.high - wider.low == pytest.approx(expected, rel=0.05)


def test_exchanging_the_models_mirrors_the_result() -> None:
    difference_m = _skewed(3, 50)
    ours = paired_bootstrap(difference_m)
    mirrored = paired_bootstrap(-difference_m)
    expected = replace(ours, mean=-ours.mean, low=-ours.high, high=-ours.low)
    assert astuple(mirrored) == pytest.approx(astuple(expected))


def test_constant_shift_moves_the_interval_by_as_much() -> None:
    difference_m = _skewed(3, 50)
    found = paired_bootstrap(difference_m)
    moved = paired_bootstrap(difference_m + 7.0)
    assert (moved.mean, moved.low, moved.high) == pytest.approx(
        (found.mean + 7.0, found.low + 7.0, found.high + 7.0), rel=1e-12
    )


def test_result_depends_on_the_seed_only() -> None:
    difference_m = _skewed(2, 30)
    first = paired_bootstrap(difference_m, n_resamples=200, seed=3)
    assert paired_bootstrap(difference_m, n_resamples=200, seed=3) == first
    assert paired_bootstrap(difference_m, n_resamples=200, seed=5) != first


def test_comparisons_on_the_same_scans_share_their_draws() -> None:
    a_less_b = _skewed(6, 40)[:3]
    b_less_c = _skewed(6, 40)[3:]
    # of one resample, the interval is its mean; errors of A - B and of B - C then add up to A - C
    low_m = [paired_bootstrap(d, n_resamples=1).low for d in (a_less_b, b_less_c, a_less_b + b_less_c)]
    assert low_m[0] + low_m[1] == pytest.approx(low_m[2], rel=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 20), (4, 20)])
def test_equal_models_do_not_differ(shape: tuple[int, int]) -> None:
    assert paired_bootstrap(np.zeros(shape), n_resamples=50) == Difference(0.0, 0.0, 0.0, 1.0, *shape)


def test_p_is_never_zero_and_is_a_plain_number() -> None:
    found = paired_bootstrap(np.full((2, 30), -1.5), n_resamples=99)
    assert found == Difference(mean=-1.5, low=-1.5, high=-1.5, p=2 / 100, n_seeds=2, n_scans=30)
    assert {type(value) for value in astuple(found)} == {float, int}


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    draw = np.random.default_rng(11)
    n_worlds = 300
    truth_m = 0.7
    covered = 0
    for world in range(n_worlds):
        of_seeds = draw.normal(size=(10, 1))
        of_scans = draw.normal(scale=3.0, size=(1, 60))
        difference_m = truth_m + 0.5 * of_seeds + of_scans
        found = paired_bootstrap(difference_m, n_resamples=200, level=0.9, seed=world)
        covered += found.low <= truth_m <= found.high
    assert covered / n_worlds == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("shape", [(5,), (1, 2, 3), (0, 4), (4, 0)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match="none 0"):
        paired_bootstrap(np.zeros(shape))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_missing_differences_are_refused(value: float) -> None:
    with pytest.raises(BadInputError, match="1 differences are not finite numbers; compare on the scans"):
        paired_bootstrap(np.array([[0.0, value, 1.0]]))


@pytest.mark.parametrize(("n_resamples", "level"), [(0, 0.95), (10, 0.0), (10, 1.0), (10, np.nan)])
def test_settings_out_of_range_are_refused(n_resamples: int, level: float) -> None:
    with pytest.raises(BadInputError, match="give at least 1 and a share between 0 and 1"):
        paired_bootstrap(np.zeros((1, 3)), n_resamples=n_resamples, level=level)


# -- Holm ---------------------------------------------------------------------------------------


def _holm_by_rejecting(p_values: list[float]) -> list[float]:
    """The smallest level at which each hypothesis falls, as the procedure is told in words."""
    left = dict(enumerate(p_values))
    level = 0.0
    adjusted = [0.0] * len(p_values)
    while left:
        smallest = min(left, key=lambda k: left[k])
        level = max(level, len(left) * left.pop(smallest))  # rejected once alpha / (how many left) >= p
        adjusted[smallest] = min(level, 1.0)
    return adjusted


def test_holm_on_an_example_done_by_hand() -> None:
    # 4 x 0.005, 3 x 0.01, 2 x 0.03, and 1 x 0.04 raised to its predecessor
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02], rtol=1e-12)
    assert _holm_by_rejecting([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_is_not_the_false_discovery_rate() -> None:
    p_values = [0.01, 0.04, 0.03, 0.005]
    assert (holm(p_values) > scipy.stats.false_discovery_control(p_values)).any()


@given(P_VALUES)
def test_holm_follows_the_procedure(p_values: list[float]) -> None:
    np.testing.assert_allclose(holm(p_values), _holm_by_rejecting(p_values), rtol=1e-12)


@given(P_VALUES)
def test_holm_only_raises_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert adjusted.shape == (len(p_values),)
    assert (adjusted >= p_values).all()
    assert (adjusted <= 1).all()
    # never above Bonferroni, which asks more of every hypothesis but the first
    assert (adjusted <= np.minimum(1, len(p_values) * np.array(p_values))).all()
    assert (np.diff(adjusted[np.argsort(p_values)]) >= 0).all()


@given(st.data())
def test_holm_does_not_depend_on_the_order(data: st.DataObject) -> None:
    p_values = data.draw(P_VALUES)
    shuffled = data.draw(st.permutations(range(len(p_values))))
    np.testing.assert_array_equal(holm([p_values[k] for k in shuffled]), holm(p_values)[list(shuffled)])


def test_holm_of_nothing_and_of_one() -> None:
    assert holm([]).shape == (0,)
    assert holm([0.2]).tolist() == [0.2]


@pytest.mark.parametrize("p_values", [[0.5, np.nan], [-0.1], [1.1], [[0.1, 0.2]]])
def test_holm_refuses_what_is_no_probability(p_values: list[float]) -> None:
    with pytest.raises(BadInputError, match="give a list of numbers from 0 to 1"):
        holm(p_values)
