"""Conformal quantiles over groups, against the textbook form and against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.methods.calibration import point_shares
from tutelage.runtime.conformal import conformal_quantile


def test_every_point_counts_alike_whatever_its_scans() -> None:
    share = point_shares(np.array([0, 1, 1, 2, 2, 2, 2]))
    assert share.tolist() == pytest.approx([1 / 4, 1 / 8, 1 / 8, 1 / 16, 1 / 16, 1 / 16, 1 / 16])


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=60),
    st.sampled_from([0.1, 0.5, 0.8, 0.9, 0.95]),
)
def test_with_one_scan_a_point_it_is_the_textbook_quantile(scores: list[float], level: float) -> None:
    """Split conformal prediction: the ceil((n + 1) level)-th smallest of n scores."""
    found = conformal_quantile(np.array(scores), point_shares(np.arange(len(scores))), level)
    place = math.ceil(round((len(scores) + 1) * level, 9))
    expected = sorted(scores)[place - 1] if place <= len(scores) else math.inf
    assert found == expected


def test_too_few_points_promise_nothing() -> None:
    score = np.arange(18.0)
    assert conformal_quantile(score, point_shares(np.arange(18)), 0.95) == math.inf
    assert conformal_quantile(np.arange(19.0), point_shares(np.arange(19)), 0.95) == 18


def test_new_points_are_covered_as_often_as_asked() -> None:
    """Points with an offset of their own and between one and nine scans each: what scans alone would miss."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(2000):
        point = np.repeat(np.arange(41), rng.integers(1, 10, 41))
        score = rng.exponential(1, 41)[point] * rng.uniform(0.8, 1.2, len(point))
        seen = point < 40
        new = point == 40
        limit = conformal_quantile(score[seen], point_shares(point[seen]), 0.9)
        covered.append(np.mean(score[new] <= limit))
    assert 0.89 < np.mean(covered) < 0.93
