"""Probabilities and sets of places: what held-out blocks of scans teach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rooms import in_rooms
from tutelage import FingerprintSet, Localizer, simulated_survey
from tutelage.data.fingerprints import Survey
from tutelage.methods.calibration import calibration_error
from tutelage.runtime.positions import REFUSED

_SIDE_M = 8.0


@pytest.fixture(scope="module")
def rooms() -> Survey:
    survey = simulated_survey(seed=4, n_train=2400, n_test=600, n_access_points=20, n_floors=1)
    assert survey.test is not None
    train = in_rooms(survey.train, _SIDE_M)
    test = in_rooms(survey.test, _SIDE_M)
    return Survey("rooms", train, test[np.isin(test.known_place, train.known_place)])


@pytest.fixture(scope="module")
def model(rooms: Survey) -> Localizer:
    return Localizer("knn", settings={"k": 5, "metric": "sorensen", "representation": "powed"}).fit(rooms)


def test_honest_probabilities_have_no_error() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.2, 1.0, 40_000)
    assert calibration_error(probability, rng.random(40_000) < probability) < 0.01


def test_error_is_the_mean_distance_over_groups_of_equal_size() -> None:
    probability, is_right = np.repeat([0.9, 0.5], 10), np.repeat([True, False], 10)
    assert calibration_error(probability, is_right) == pytest.approx((0.1 + 0.5) / 2)


def test_probabilities_of_held_out_scans_are_honest(model: Localizer) -> None:
    known = model.place_calibration_
    assert known is not None
    assert known.held_out_calibration_error < 0.05
    assert 0.5 < known.held_out_hit < 1
    assert "blocks of scans within places" in known.held_out


def test_sets_hold_the_place_as_often_as_they_promise_and_grow_with_the_level(
    model: Localizer, rooms: Survey
) -> None:
    assert rooms.test is not None
    sizes = []
    for level in (0.5, 0.8, 0.95):
        places = model.predict(rooms.test, level=level).places
        assert places is not None
        assert places.holds(rooms.test.known_place).mean() >= level - 0.03
        sizes.append(places.set_size.mean())
    assert sizes == sorted(sizes)
    assert sizes[-1] < len(np.unique(rooms.train.known_place)) / 2


def test_a_scan_unlike_every_place_is_refused(model: Localizer, rooms: Survey) -> None:
    one_alone = FingerprintSet.from_scans([{name: -30.0} for name in model.access_points_[:4]])
    answers = model.predict(one_alone)
    assert answers.places is not None
    assert set(answers.reason) == {REFUSED}
    assert set(answers.places.best) == {""}
    assert model.predict(rooms.train).refused.mean() <= 0.05


def test_no_coordinate_is_invented(model: Localizer, rooms: Survey) -> None:
    answers = model.predict(rooms.train[:5])
    assert not answers.has_coordinates
    assert np.isnan(answers.position_m).all()
    assert answers.answered.all()
    assert not {"x_m", "y_m", "radius_m"} & answers.records()[0].keys()


def test_a_survey_with_both_answers_both() -> None:
    survey = simulated_survey(seed=4, n_train=300, n_test=60, n_access_points=16, n_floors=1)
    train = replace(survey.train, place=in_rooms(survey.train, _SIDE_M).place)
    model = Localizer("knn", settings={"k": 5, "metric": "sorensen", "representation": "powed"}).fit(train)
    assert model.calibration_ is not None
    assert model.place_calibration_ is not None
    record = model.predict(train[:1]).records()[0]
    assert record["place"] == train.known_place[0]
    assert record["x_m"] is not None
    assert record["radius_m"] > 0
    assert record["place"] in record["place_set"]


def test_without_a_calibration_a_place_has_no_probability(rooms: Survey) -> None:
    model = Localizer("knn", settings={"k": 5}, calibrate=False).fit(rooms)
    record = model.predict(rooms.train[:1]).records()[0]
    assert record["place"] == rooms.train.known_place[0]
    assert record["place_probability"] is None
    assert record["place_set"] == []


def test_one_scan_a_room_is_learnt_without_a_calibration(rooms: Survey) -> None:
    first = np.unique(rooms.train.known_place, return_index=True)[1]
    model = Localizer("knn").fit(rooms.train[first])
    assert model.place_calibration_ is None
    assert model.predict(rooms.train[first]).places.best.tolist() == rooms.train.known_place[first].tolist()  # type: ignore[union-attr]
