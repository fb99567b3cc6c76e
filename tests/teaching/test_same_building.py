"""A building is known among a teacher's sources: by its name, by its scans, with blank ones or without."""

from __future__ import annotations

import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sets.same_building import same_building
from tutelage.data.surveys import simulated_survey


@pytest.fixture(scope="module")
def scans() -> FingerprintSet:
    """Sixty scans, of which the first three hear nothing."""
    train = simulated_survey(seed=6, n_train=80, n_access_points=12).train[:60]
    blank = train[:3].aligned_to(["unheard"]).aligned_to(train.access_points)
    return blank.join([blank, train[3:]])


def heard(scans: FingerprintSet) -> FingerprintSet:
    return scans[scans.n_heard > 0]


def test_a_building_is_known_by_its_name(scans: FingerprintSet) -> None:
    sources = [("museum", ""), ("depot", "0"), ("museum", "1")]
    assert same_building(sources, scans, "museum") == ["museum", "museum"]
    assert same_building(sources, scans, "mall") == []
    assert same_building([("", "0")], scans) == []  # scans without a name are no source without one


def test_public_surveys_of_one_building_are_the_same(scans: FingerprintSet) -> None:
    sources = [(name, "0") for name in ("tampere", "tut1", "tut5", "tut6", "tut7", "dsi1")]
    assert same_building(sources, scans, "tut6") == ["tut6", "tampere", "tut1"]
    assert same_building(sources, scans, "tut5") == ["tut5", "tut7"]
    by_hash = [("tampere", scans.content_hash()), ("tut1", "0"), ("dsi1", "0")]
    assert same_building(by_hash, scans) == ["tampere", "tut1"]
    assert same_building([("uji_library:2", "0")], scans, "uji_library") == ["uji_library:2"]
    assert same_building([("uji_library", "0")], scans, "ujiindoorloc") == []


def test_a_building_is_known_by_its_scans_under_another_name(scans: FingerprintSet) -> None:
    of_matcher, of_surrogate = ("tut6", scans.content_hash()), ("tut5", heard(scans).content_hash())
    assert of_matcher[1] != of_surrogate[1]
    assert same_building([of_matcher, of_surrogate], scans, "mall") == ["tut6", "tut5"]
    assert same_building([of_matcher, of_surrogate], scans[:50], "mall") == []


def test_without_its_blank_scans_a_building_is_known_by_the_hash_of_those_that_hear(
    scans: FingerprintSet,
) -> None:
    of_matcher, of_surrogate = ("depot", scans.content_hash()), ("tut5", heard(scans).content_hash())
    assert same_building([of_matcher, of_surrogate], heard(scans)) == ["tut5"]


def test_a_building_is_known_by_the_hash_that_its_model_kept() -> None:
    sources = [("museum", "0"), ("depot", "1"), ("", "2")]
    assert same_building(sources, "1", "mall") == ["depot"]
    assert same_building(sources, "1", "museum") == ["museum", "depot"]
    assert same_building(sources, "3") == []
