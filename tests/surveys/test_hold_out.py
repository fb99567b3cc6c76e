"""Whole walks are held out where a survey was walked, reference points elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tutelage as tt
from tutelage.data.hold_out import FEWEST_WALKS, groups_of, hold_out, unsaid, walks
from tutelage.data.splits import split_by_position
from walked_survey import walked


def test_a_pause_begins_another_walk() -> None:
    scans = walked(3)
    assert walks(scans).tolist() == np.repeat([0, 1, 2], 30).tolist()
    assert walks(walked(3, pause_min=4)).max() == 0
    assert walks(replace(scans, time=None)).max() == 0


def test_users_and_devices_walk_on_their_own() -> None:
    scans = walked(1)
    by_user = replace(scans, user=np.repeat(["x", "y"], 15))
    assert walks(by_user).max() == 1
    assert walks(replace(by_user, device=np.tile(["p", "q"], 15))).max() == 3


@settings(max_examples=25)
@given(st.integers(FEWEST_WALKS, 30), st.integers(0, 1000))
def test_nothing_of_a_held_out_walk_is_learnt(n_walks: int, seed: int) -> None:
    scans = walked(n_walks)
    division = hold_out(scans, 0.3, seed)
    walk = walks(scans)
    assert division.groups.kind == "walk"
    assert set(walk[division.rest]).isdisjoint(walk[division.held_out])
    assert len(np.intersect1d(division.rest, division.held_out)) == 0
    assert np.array_equal(np.unique(division.group), np.arange(len(np.unique(walk[division.held_out]))))
    assert division.words == f"{division.group.max() + 1} of {n_walks} walks"


def test_few_walks_hold_out_places_and_say_so() -> None:
    scans = walked(FEWEST_WALKS - 1)
    assert groups_of(scans).kind == "reference point"
    assert unsaid(scans) == f"the survey has {FEWEST_WALKS - 1} walks and one day; others will differ"
    assert unsaid(walked(1)) == "the survey has one walk and one day; others will differ"
    assert unsaid(replace(walked(1), time=None)) == ""


def test_what_is_unknown_is_not_called_one() -> None:
    scans = walked(FEWEST_WALKS)
    assert scans.time is not None
    nameless = replace(
        scans, device=np.full(len(scans), ""), time=np.full(len(scans), np.datetime64("NaT", "ms"))
    )
    assert unsaid(nameless) == ""
    half = replace(scans, device=np.where(np.arange(len(scans)) % 2, "p", ""))
    assert unsaid(half) == "the survey has one phone and one day; others will differ"


def test_walks_that_never_meet_hold_out_places() -> None:
    division = hold_out(walked(20, apart_m=50.0), 0.3, 0)
    assert division.groups.kind == "reference point"
    assert division.words.endswith("reference points")


def test_a_place_that_no_other_walk_knows_is_not_asked_about() -> None:
    scans = walked(12)
    assert scans.position_m is not None
    detour = scans.position_m + np.where(np.arange(len(scans))[:, None] % 30 > 27, [[0.0, 400.0]], 0.0)
    detour[:, 1] += np.where(np.arange(len(scans)) % 30 > 27, 100.0 * walks(scans), 0.0)
    division = hold_out(replace(scans, position_m=detour), 0.3, 0)
    assert division.groups.kind == "walk"
    assert (division.held_out % 30 <= 27).all()


@settings(max_examples=10)
@given(st.integers(0, 100))
def test_a_survey_of_points_is_divided_by_points(seed: int) -> None:
    scans = tt.simulated_survey(n_train=200, n_test=20).train
    division = hold_out(scans, 0.2, seed)
    rest, held_out = split_by_position(scans, 0.2, seed)
    assert division.groups.kind == "reference point"
    assert np.array_equal(division.rest, rest)
    assert np.array_equal(division.held_out, held_out)


@pytest.mark.real_data
def test_walks_of_wifine_are_held_out_whole() -> None:
    scans = tt.load("wifine").train
    division = hold_out(scans, 0.15, 0)
    assert division.words == "19 of 120 walks"
    assert scans.user is not None
    assert set(scans.user[division.rest]).isdisjoint(scans.user[division.held_out])
