"""Learning curves: means, intervals, and what they let one say."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.evaluation.plan import LearningCurve, PowerLaw, learning_curve, repetitions

N_POINTS = 200
SHARES = np.array([0.125, 0.25, 0.5, 0.75, 1.0])


def errors_of(
    law: PowerLaw, spread: float, seed: int = 0, n: int = N_POINTS, noise: float = 0.1
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Errors as repetitions give them: held-out points alone, each with a difficulty of its own."""
    rng = np.random.default_rng(seed)
    hard = rng.uniform(1 - spread, 1 + spread, n)
    learnt, tables = [], []
    for each in repetitions(n, n_folds=5, n_rounds=2, seed=seed):
        sizes = np.round(SHARES * len(each.order))
        table = np.full((5, n), np.nan)
        table[:, each.held_out_points] = law.error_m(sizes)[:, None] * hard[each.held_out_points]
        table[:, each.held_out_points] *= rng.uniform(1 - noise, 1 + noise, (5, len(each.held_out_points)))
        learnt.append(sizes)
        tables.append(table)
    return np.array(learnt), tables


def curve_of(
    law: PowerLaw, spread: float, seed: int = 0, n: int = N_POINTS, noise: float = 0.1
) -> LearningCurve:
    return learning_curve(*errors_of(law, spread, seed, n, noise), n, seed=seed)


def test_means_are_over_repetitions_and_points() -> None:
    learnt, tables = errors_of(PowerLaw(2.0, 30.0, 0.6), 0.4)
    found = learning_curve(learnt, tables, N_POINTS)
    np.testing.assert_array_equal(found.n_points, learnt.mean(axis=0))
    by_hand = [np.nanmean(np.stack(tables)[:, size]) for size in range(5)]
    np.testing.assert_allclose([error.mean for error in found.errors], by_hand)
    assert all(error.low < error.mean < error.high for error in found.errors)


def test_a_steep_curve_says_what_twice_the_points_bring() -> None:
    law = PowerLaw(1.0, 60.0, 0.5)
    found = curve_of(law, 0.2)
    true_m = float(law.error_m(N_POINTS) - law.error_m(2 * N_POINTS))
    mean, low, high = found.gain()
    assert found.verdict == "gain"
    assert low < true_m < high
    assert found.words == f"twice the points would bring about {mean:.1f} m ({low:.1f} to {high:.1f})"
    assert mean == pytest.approx(found.at(N_POINTS).mean - found.at(2 * N_POINTS).mean)


def test_a_flat_curve_says_so() -> None:
    found = curve_of(PowerLaw(3.0, 0.0, 0.0), 0.05)
    assert found.verdict == "little"
    assert found.words == "more points would bring less than 0.1 m: survey elsewhere or other things"


def test_few_points_with_errors_all_over_the_place_say_nothing() -> None:
    found = curve_of(PowerLaw(2.0, 12.0, 0.6), 0.9, n=24, noise=0.95)
    assert found.verdict == "unclear"
    mean, low, high = found.gain()
    assert low <= mean <= high
    assert found.words.startswith("too few points to say: twice as many would bring between")


@pytest.mark.slow
def test_intervals_of_the_gain_hold_the_truth_about_as_often_as_they_say() -> None:
    law = PowerLaw(2.0, 30.0, 0.6)
    true_m = float(law.error_m(N_POINTS) - law.error_m(2 * N_POINTS))
    held = [
        gain.low <= true_m <= gain.high for gain in (curve_of(law, 0.6, seed).gain() for seed in range(8))
    ]
    assert np.mean(held) > 0.7


def test_points_that_are_never_answered_do_not_count() -> None:
    learnt, tables = errors_of(PowerLaw(2.0, 30.0, 0.6), 0.4)
    blank = [np.where(np.arange(N_POINTS) < 5, np.nan, table) for table in tables]
    found = learning_curve(learnt, blank, N_POINTS)
    by_hand = np.nanmean(np.stack(tables)[:, -1, 5:])
    assert found.errors[-1].mean == pytest.approx(by_hand)
