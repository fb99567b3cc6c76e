"""How far from a survey people ask, and what held-out errors are multiplied by on that account."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridded_survey import gridded
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.splits import split_by_position
from tutelage.data.survey_places import coordinates_m, distance_m
from tutelage.methods.calibration import query_distance
from tutelage.methods.calibration.query_distance import (
    ErrorGrowth,
    error_growth,
    nearer_errors,
    query_distances_m,
)


def factors(
    train: FingerprintSet, rest: FingerprintSet, queries: FingerprintSet, seed: int = 0
) -> np.ndarray:
    return nearer_errors(error_growth(train, seed), train, rest, queries, seed)


def moved(scans: FingerprintSet, by_m: float, seed: int = 0) -> FingerprintSet:
    """The scans, each moved into some direction."""
    angle = 2 * np.pi * np.random.default_rng(seed).random(len(scans))
    offset_m = by_m * np.column_stack([np.cos(angle), np.sin(angle)])
    return replace(scans, position_m=scans.known_position_m + offset_m)


def stretched(scans: FingerprintSet, factor: float) -> FingerprintSet:
    return replace(scans, position_m=factor * scans.known_position_m)


# -- places that people ask about -------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.floats(0.5, 20), st.integers(0, 1000), st.integers(1, 3))
def test_around_a_square_grid_they_ask_four_tenths_of_its_spacing_away(
    spacing_m: float, seed: int, n_floors: int
) -> None:
    asked_m = query_distances_m(gridded(16, spacing_m=spacing_m, n_floors=n_floors), seed)
    assert asked_m.mean() == pytest.approx(0.4 * spacing_m, rel=0.1)
    assert asked_m.max() <= spacing_m * (1 + 1e-9)


def test_a_part_of_the_survey_with_more_points_is_not_asked_about_more_often() -> None:
    coarse = gridded(12, spacing_m=4.0)
    corner = gridded(12, spacing_m=0.4)  # ten times as dense, on a tenth of the width
    both = np.concatenate([coarse.known_position_m, corner.known_position_m])
    joined = replace(FingerprintSet.join([coarse, replace(corner, scan_id=corner.scan_id + "'")]))
    asked_m = query_distances_m(replace(joined, position_m=both))
    assert (asked_m < 0.4).mean() < 0.1


# -- other floors -----------------------------------------------------------------------------------------


def test_other_floors_and_buildings_are_out_of_reach() -> None:
    scans = gridded(4, n_floors=2)
    below, above = scans[:16], scans[16:]
    assert distance_m(below, below).max() == 0
    assert distance_m(below, above).min() > 1e4
    assert distance_m(scans, above).max() == 0
    here, there = (replace(below, building=np.full(16, name)) for name in "ab")
    assert distance_m(here, there).min() > 1e4
    assert coordinates_m(here, there)[0].shape == (16, 4)


def test_a_label_that_one_set_lacks_does_not_count() -> None:
    below, above = gridded(4, n_floors=2)[:16], gridded(4, n_floors=2)[16:]
    assert distance_m(below, replace(above, floor=None)).max() == 0
    assert coordinates_m(below, replace(above, floor=None))[1].shape == (16, 2)


# -- the growth of errors ---------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.floats(0.1, 20), st.floats(0.05, 2), st.integers(0, 100))
def test_it_finds_base_and_slope_of_made_up_errors(base: float, slope: float, seed: int) -> None:
    made_up = ErrorGrowth(base, slope)

    def held_out_errors(*_: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        distances_m = np.random.default_rng(seed).uniform(1, 8, 400)
        return distances_m, made_up.error_m(distances_m), np.ones(400)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(query_distance, "_held_out_errors", held_out_errors)
        found = error_growth(gridded())
    assert found is not None
    asked_m = np.linspace(1, 8, 20)
    np.testing.assert_allclose(found.error_m(asked_m), made_up.error_m(asked_m), rtol=0.03)
    # No distance lies below 1 m, so the base is an extrapolation.
    assert found.base == pytest.approx(base, rel=0.05, abs=0.1 * slope)
    assert found.slope == pytest.approx(slope, rel=0.05, abs=0.01)


def test_errors_grow_where_fingerprints_tell_places_apart() -> None:
    growth = error_growth(gridded(16))
    assert growth is not None
    assert growth.slope > 0.05
    assert growth.error_m(np.array([4.0])) > 1.2 * growth.error_m(np.array([1.0]))


def test_errors_do_not_grow_where_fingerprints_tell_nothing() -> None:
    scans = gridded(16)
    shuffled = replace(scans, rss_dbm=scans.rss_dbm[np.random.default_rng(1).permutation(len(scans))])
    growth = error_growth(shuffled)
    assert growth is not None
    near_m, far_m = growth.error_m(np.array([1.0, 4.0]))
    assert far_m < 1.1 * near_m
    assert near_m > 5  # half the width of the grid is 16 m


@settings(max_examples=10)
@given(st.sampled_from([0.25, 0.5, 2.0, 8.0]), st.integers(0, 100))
def test_in_a_survey_stretched_by_a_factor_errors_grow_alike(factor: float, seed: int) -> None:
    scans = gridded(10)
    before, after = error_growth(scans, seed), error_growth(stretched(scans, factor), seed)
    assert before is not None
    assert after is not None
    np.testing.assert_allclose(after, (factor**2 * before.base, before.slope), rtol=1e-6, atol=1e-9)


def test_a_survey_of_one_block_shows_no_growth() -> None:
    scans = gridded(2)
    diagonal = replace(scans, position_m=np.array([[0.0, 0], [0.7, 0.7]])[[0, 1, 0, 1]])
    assert error_growth(diagonal) is None
    assert (factors(diagonal, diagonal[:1], diagonal[1:]) == 1).all()


# -- the factors ------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(st.integers(4, 14), st.floats(0.1, 0.6), st.integers(0, 1000), st.floats(0.1, 8))
def test_held_out_errors_are_made_smaller_by_a_fifth_at_most(
    n_side: int, share: float, seed: int, noise_db: float
) -> None:
    scans = gridded(n_side, noise_db=noise_db)
    rest, held_out = split_by_position(scans, share, seed)
    factor = factors(scans, scans[rest], scans[held_out], seed)
    assert factor.shape == held_out.shape
    assert (factor >= 0.8).all()
    assert (factor <= 1).all()


def test_points_taken_out_of_a_grid_are_too_far_from_it() -> None:
    scans = gridded(14)
    rest, held_out = split_by_position(scans, 0.15, 0)
    assert factors(scans, scans[rest], scans[held_out]).mean() < 0.97


@settings(max_examples=10)
@given(st.floats(0, 0.01), st.integers(0, 100))
def test_scans_as_near_as_queries_keep_their_errors(by_m: float, seed: int) -> None:
    scans = gridded(12)
    assert (query_distances_m(scans, seed) > 0).all()
    queries = moved(scans[::5], by_m, seed)
    np.testing.assert_array_equal(factors(scans, scans, queries, seed), 1.0)


@settings(max_examples=8)
@given(st.integers(0, 1000))
def test_places_drawn_as_queries_keep_nearly_all_of_their_errors(seed: int) -> None:
    scans = gridded(14, noise_db=4)
    asked_m = np.random.default_rng(seed).choice(query_distances_m(scans, seed), 120)
    alone, others = scans[[0]], scans[1:121]

    def factor(away_m: np.ndarray) -> float:
        place_m = alone.known_position_m + away_m[:, None] * [[1.0, 0.0]]
        return float(factors(scans, alone, replace(others, position_m=place_m), seed + 1).mean())

    as_far_as_points = np.full(120, 2.0)
    assert factor(as_far_as_points) < 0.98
    assert 1 - factor(asked_m) < 0.5 * (1 - factor(as_far_as_points))
