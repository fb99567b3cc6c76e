"""Walks smoothed in both directions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.errors import BadInputError
from tutelage.serving.tracks import smoothed_walk


def noisy_walk(seed: int, n: int = 80) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times, true and measured positions of a walk with turns."""
    rng = np.random.default_rng(seed)
    times_s = np.cumsum(rng.uniform(2, 6, n))
    course = np.cumsum(rng.normal(0, 0.3, n))
    step_m = 0.8 * np.diff(times_s, prepend=0.0)
    true_m = np.cumsum(np.column_stack([step_m * np.cos(course), step_m * np.sin(course)]), axis=0)
    return times_s, true_m, true_m + rng.normal(0, 3.0, (n, 2))


def mean_error_m(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.hypot(*(one - other).T).mean())


@pytest.mark.parametrize("seed", range(5))
def test_a_smoothed_walk_is_nearer(seed: int) -> None:
    times_s, true_m, measured_m = noisy_walk(seed)
    smoothed_m = smoothed_walk(times_s, measured_m, np.full(len(times_s), 3.0 * 2.45))
    assert mean_error_m(smoothed_m, true_m) < 0.9 * mean_error_m(measured_m, true_m)


@given(st.integers(0, 1000), st.floats(-100, 100), st.floats(0, 6))
def test_smoothing_moves_and_turns_with_the_walk(seed: int, shift_m: float, turn: float) -> None:
    times_s, _, measured_m = noisy_walk(seed, 12)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = smoothed_walk(times_s, measured_m @ rotation + shift_m)
    assert moved == pytest.approx(smoothed_walk(times_s, measured_m) @ rotation + shift_m, abs=1e-6)


def test_gaps_are_filled_within_the_walk_alone() -> None:
    times_s, _, measured_m = noisy_walk(3, 20)
    measured_m[[0, 8, 9, 19]] = np.nan
    smoothed_m = smoothed_walk(times_s, measured_m)
    assert np.flatnonzero(np.isnan(smoothed_m).any(axis=1)).tolist() == [0, 19]
    heard = np.isfinite(measured_m).all(axis=1)
    assert smoothed_m[heard] == pytest.approx(smoothed_walk(times_s[heard], measured_m[heard]))
    share = (times_s[8] - times_s[7]) / (times_s[10] - times_s[7])
    assert smoothed_m[8] == pytest.approx((1 - share) * smoothed_m[7] + share * smoothed_m[10])
    assert np.isnan(smoothed_walk(times_s, np.full((20, 2), np.nan))).all()


def test_times_and_shapes_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(BadInputError, match="times of a walk must ascend"):
        smoothed_walk(np.array([0.0, 0.0]), np.zeros((2, 2)))
    with pytest.raises(BadInputError, match="do not go together"):
        smoothed_walk(np.array([0.0, 1.0]), np.zeros((3, 2)))
    with pytest.raises(BadInputError, match="do not go together"):
        smoothed_walk(np.array([0.0, 1.0]), np.zeros((2, 2)), np.zeros(3))
