"""Walks: scans a step apart stay on one side of a split."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.data.splits import reference_points, split_by_position
from tutelage.data.surveys import load

START = np.datetime64("2026-01-05T09:00:00", "ms")


def walk(n: int, step_m: float = 0.5, step_s: float = 1.0, **fields: Any) -> FingerprintSet:
    """Straight along x."""
    return scans_at(np.column_stack([np.arange(n) * step_m, np.zeros(n)]), np.arange(n) * step_s, **fields)


def scans_at(position_m: np.ndarray, time_s: np.ndarray, **fields: Any) -> FingerprintSet:
    n = len(position_m)
    empty = csr_from_dense(np.zeros((n, 1)), np.zeros((n, 1), dtype=bool))
    time = START + (time_s * 1000).astype("timedelta64[ms]")
    return FingerprintSet(empty, ("AP0",), np.arange(n).astype(str), position_m, time=time, **fields)


def test_five_metres_of_a_walk_are_one_reference_point() -> None:
    assert reference_points(walk(25)).tolist() == [0] * 10 + [1] * 10 + [2] * 5


def test_order_of_the_rows_does_not_matter() -> None:
    scans = walk(40)
    order = np.random.default_rng(0).permutation(40)
    np.testing.assert_array_equal(reference_points(scans[order]), reference_points(scans)[order])


@pytest.mark.parametrize(
    "fields",
    [
        {"floor": np.repeat(["0", "1"], 10)},
        {"building": np.repeat(["a", "b"], 10)},
        {"user": np.repeat(["a", "b"], 10)},
        {"device": np.repeat(["a", "b"], 10)},
    ],
)
def test_another_floor_building_or_walker_begins_another_walk(fields: dict[str, Any]) -> None:
    point = reference_points(walk(20, step_m=0.4, **fields))
    assert point.tolist() == [0] * 10 + [1] * 10


def test_two_phones_of_one_walker_are_on_one_walk() -> None:
    scans = walk(20, user=np.full(20, "a"), device=np.tile(["x", "y"], 10))
    assert reference_points(scans).tolist() == [0] * 10 + [1] * 10


@pytest.mark.parametrize("scans", [walk(20, step_s=11), walk(4)], ids=["pauses", "few"])
def test_who_stops_at_each_point_is_not_on_a_walk(scans: FingerprintSet) -> None:
    assert len(np.unique(reference_points(scans))) == len(scans)


def test_points_with_several_scans_stay_as_they_are() -> None:
    place = np.repeat(np.column_stack([np.arange(10.0), np.zeros(10)]), 2, axis=0)
    assert reference_points(scans_at(place, np.arange(20.0))).tolist() == np.repeat(range(10), 2).tolist()


def test_cells_know_no_walks() -> None:
    assert len(np.unique(reference_points(walk(20), cell_m=0.5))) == 20


@settings(max_examples=40)
@given(st.integers(11, 80), st.integers(0, 2**31), st.floats(0.05, 0.9))
def test_a_split_cuts_a_walk_between_sections_only(n: int, seed: int, fraction: float) -> None:
    scans = walk(n)
    rest, held = split_by_position(scans, fraction, seed)
    section = np.floor(scans.known_position_m[:, 0] / 5)
    assert set(section[rest]).isdisjoint(section[held])


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["ujiindoorloc", "tampere", "uji_library"])
def test_surveys_of_points_have_no_walks(name: str) -> None:
    train = load(name).train
    labels = [label for label in (train.floor, train.building) if label is not None]
    at = np.column_stack([train.known_position_m.astype(str), *labels])
    assert reference_points(train).max() + 1 == len(np.unique(at, axis=0))
