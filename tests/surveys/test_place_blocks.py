"""Blocks of scans within places: no block leaves its place, and no hold-out takes a whole place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import groups_of, hold_out, lacks
from tutelage.data.place_blocks import blocks_to_hold_out, place_blocks
from tutelage.data.splits import is_spread, split_by_position
from tutelage.errors import BadInputError

_SECOND = np.timedelta64(1, "s")


def scans_of(place: list[str], minute: list[int] | None = None) -> FingerprintSet:
    scans = FingerprintSet.from_scans([{"ap": -50.0}] * len(place))
    time = None if minute is None else np.datetime64("2026-01-01", "ms") + 60 * _SECOND * np.array(minute)
    return replace(scans, place=np.array(place), time=time)


places = st.lists(st.sampled_from(["hall", "kitchen", "office"]), min_size=1, max_size=60)


@given(places, st.integers(0, 3))
def test_a_block_lies_within_one_place_and_blocks_have_no_gaps(place: list[str], seed: int) -> None:
    minute = np.random.default_rng(seed).integers(0, 300, len(place)).tolist()
    block = place_blocks(scans_of(place, minute))
    assert set(block) == set(range(block.max() + 1))
    assert len({(b, p) for b, p in zip(block.tolist(), place, strict=True)}) == block.max() + 1


@given(places, st.floats(0.05, 0.9), st.integers(0, 3))
def test_every_place_keeps_a_scan(place: list[str], share: float, seed: int) -> None:
    block = place_blocks(scans_of(place))
    held_out = np.isin(block, blocks_to_hold_out(np.array(place), block, share, seed))
    assert set(np.array(place)[~held_out]) == set(place)


def test_visits_are_apart_by_five_minutes_and_a_long_one_is_cut_in_the_order_of_time() -> None:
    visits = scans_of(["hall"] * 60, [*range(0, 60, 10)] * 10)  # ten scans at each of six visits
    assert len(np.unique(place_blocks(visits))) == 6 * 9
    minute = [3, 1, 2, 0]
    assert place_blocks(scans_of(["hall"] * 4, minute)).tolist() == minute


def test_of_a_few_places_there_are_enough_blocks_for_sets_at_95_percent() -> None:
    block = place_blocks(scans_of(["hall"] * 100 + ["office"] * 100))
    assert len(np.unique(block)) == 50


def test_a_survey_of_places_is_held_out_within_them() -> None:
    scans = scans_of(["hall"] * 30 + ["office"] * 30)
    division = hold_out(scans, 0.2, 0)
    assert set(scans.known_place[division.rest]) == {"hall", "office"}
    assert sorted([*division.rest, *division.held_out]) == [*range(60)]
    assert "blocks of scans within places" in division.words
    assert groups_of(scans).kind == "block"
    assert lacks(scans) == ("phone",)
    assert is_spread(scans)
    assert not is_spread(scans[:30])


def test_one_scan_a_place_cannot_be_held_out() -> None:
    with pytest.raises(BadInputError, match="each of the 2 places has one scan"):
        hold_out(scans_of(["hall", "office"]), 0.2, 0)


def test_places_are_no_positions() -> None:
    with pytest.raises(BadInputError, match="no positions"):
        split_by_position(scans_of(["hall", "office"]))
