"""Whole walks are held out where a survey was walked, reference points elsewhere, and of few phones one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tutelage as tt
from gridded_survey import gridded
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import FEWEST_WALKS, groups_of, hold_out, lacks, n_phones, unsaid
from tutelage.data.place_blocks import walks
from tutelage.data.splits import is_spread, reference_points, split_by_position
from tutelage.data.survey_places import distance_m
from walked_survey import START, walked

PHONES = list("pqrstuvwxyz")


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


def assert_divided_by_points(scans: FingerprintSet, seed: int, **how: bool) -> None:
    division = hold_out(scans, 0.2, seed, **how)
    rest, held_out = split_by_position(scans, 0.2, seed)
    assert (division.groups.kind, division.n_phones) == ("reference point", 0)
    assert "phone" not in division.words
    assert np.array_equal(division.rest, rest)
    assert np.array_equal(division.held_out, held_out)


@settings(max_examples=10)
@given(st.integers(0, 100))
def test_a_survey_of_points_is_divided_by_points(seed: int) -> None:
    scans = tt.simulated_survey(n_train=200, n_test=20).train
    assert_divided_by_points(replace(scans, device=None), seed)
    assert_divided_by_points(scans, seed, across_phones=False)


# -- of few phones, one asks ------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(2, 7), st.integers(1, 7), st.integers(0, 1000), st.floats(0.05, 0.6))
def test_nothing_of_the_phone_that_asks_is_learnt(phones: int, each: int, seed: int, share: float) -> None:
    scans = gridded(phones=PHONES[:phones], per_point=min(phones, each))
    division = hold_out(scans, share, seed)
    assert scans.device is not None
    (asking,) = set(scans.device[division.held_out])
    assert set(scans.device[division.rest]) == set(PHONES[:phones]) - {asking}
    point = reference_points(scans)
    assert set(point[division.rest]).isdisjoint(point[division.held_out])
    assert is_spread(scans[division.rest])
    assert (distance_m(scans[division.rest], scans[division.held_out]) <= 5).all()
    held_out = np.unique(point[division.held_out])
    assert np.array_equal(held_out[division.group], point[division.held_out])
    assert division.n_phones == phones
    assert division.words == f"{len(held_out)} of 64 reference points, and 1 of {phones} phones"


def test_each_phone_asks_by_some_seed() -> None:
    scans = gridded(phones=PHONES[:3], per_point=3)
    assert scans.device is not None
    asking = {scans.device[hold_out(scans, 0.2, seed).held_out][0] for seed in range(30)}
    assert asking == set(PHONES[:3])
    assert hold_out(gridded(phones="pq", per_point=2), 0.2, 0).words.endswith(", and 1 of 2 phones")


def in_two_parts(scans: FingerprintSet) -> FingerprintSet:
    """The scans with each phone in its own part of the building."""
    assert scans.device is not None
    apart_m = np.where(scans.device == "p", 100.0, 0.0)
    return replace(scans, position_m=scans.known_position_m + apart_m[:, None])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "scans",
    [
        pytest.param(gridded(phones="p"), id="one phone"),
        pytest.param(gridded(), id="no names"),
        pytest.param(gridded(phones=["p", "q", ""]), id="some without a name"),
        pytest.param(gridded(phones=PHONES[:8], per_point=2), id="eight phones"),
        pytest.param(in_two_parts(gridded(phones="pq", per_point=2)), id="in different parts"),
    ],
)
def test_other_surveys_are_divided_by_points_alone(scans: FingerprintSet, seed: int) -> None:
    assert_divided_by_points(scans, seed)


@pytest.mark.parametrize("seed", range(6))
def test_a_phone_that_was_at_one_point_does_not_survey_alone(seed: int) -> None:
    scans = gridded()
    division = hold_out(replace(scans, device=np.where(np.arange(64) == 5, "q", "p")), 0.2, seed)
    assert is_spread(scans[division.rest])
    assert len(division.held_out)


def test_phones_of_a_walked_survey_do_not_ask() -> None:
    scans = walked(12)
    device = np.where(walks(scans) % 2, "p", "q")
    division = hold_out(replace(scans, device=device), 0.3, 0)
    assert (division.groups.kind, division.n_phones) == ("walk", 0)
    assert set(device[division.rest]) == {"p", "q"}


def test_a_survey_lacks_phones_and_days_that_it_has_too_few_of() -> None:
    minute, hour = np.arange(64) * np.timedelta64(1, "m"), np.arange(64) * np.timedelta64(1, "h")
    for phones in range(1, 10):
        scans = gridded(phones=PHONES[:phones])
        assert n_phones(scans) == phones
        assert lacks(scans) == (() if phones > 7 else ("phone",))
    assert n_phones(gridded()) == 0
    assert lacks(gridded()) == ()  # who surveys points without naming phones has perhaps several
    assert lacks(walked(1)) == ("phone", "day")
    nameless = replace(gridded(), device=np.full(64, ""))
    assert n_phones(nameless) == 0
    assert lacks(replace(nameless, time=START + minute)) == ("day",)
    assert lacks(replace(nameless, time=START + hour)) == ()
    assert lacks(replace(nameless, time=np.datetime64("1970-01-01", "ms") + minute)) == ()


@pytest.mark.slow
@pytest.mark.real_data
def test_walks_of_wifine_are_held_out_whole() -> None:
    scans = tt.load("wifine").train
    division = hold_out(scans, 0.15, 0)
    assert division.words == "19 of 120 walks"
    assert scans.user is not None
    assert set(scans.user[division.rest]).isdisjoint(scans.user[division.held_out])
