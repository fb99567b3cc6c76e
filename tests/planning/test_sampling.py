"""Which points are learnt: nested, whole, and never those that are asked about."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tutelage.evaluation.plan import SHARES, repetitions


@given(
    n_points=st.integers(4, 200),
    n_folds=st.integers(2, 6),
    n_rounds=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_parts_are_nested_and_hold_no_point_that_is_asked_about(
    n_points: int, n_folds: int, n_rounds: int, seed: int
) -> None:
    found = repetitions(n_points, n_folds=min(n_folds, n_points), n_rounds=n_rounds, seed=seed)
    for each in found:
        parts = [set(each.part(share).tolist()) for share in SHARES]
        assert all(smaller <= larger for smaller, larger in pairwise(parts))
        assert parts[-1] | set(each.held_out_points.tolist()) == set(range(n_points))
        assert not parts[-1] & set(each.held_out_points.tolist())
        assert [len(part) for part in parts] == [round(share * len(each.order)) for share in SHARES]


@given(n_points=st.integers(6, 100), seed=st.integers(0, 99))
def test_each_point_is_asked_about_once_a_round_and_rounds_differ(n_points: int, seed: int) -> None:
    found = repetitions(n_points, n_folds=3, n_rounds=2, seed=seed)
    for first in (0, 3):
        held = np.concatenate([each.held_out_points for each in found[first : first + 3]])
        np.testing.assert_array_equal(np.sort(held), np.arange(n_points))
    assert any(not np.array_equal(a.order, b.order) for a, b in zip(found[:3], found[3:], strict=True))
