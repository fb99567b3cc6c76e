"""Rooms of one name on several floors are different rooms, from the survey to the answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage import Localizer, evaluate, update
from tutelage.data.check import check_survey
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.same_names import named_as, places_apart, same_names
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError, ReadAsWarning

KNN = {"metric": "sorensen", "representation": "powed", "k": 3}


def labelled(place: list[str], floor: list[str] | None, building: list[str] | None = None) -> FingerprintSet:
    scans = FingerprintSet.from_scans([{"ap": -50.0}] * len(place))
    columns = {"place": place, "floor": floor, "building": building}
    labels: Any = {name: None if each is None else np.array(each) for name, each in columns.items()}
    return replace(scans, **labels)


def test_a_name_on_several_floors_is_told_apart_and_others_stay() -> None:
    scans = labelled(["101", "101", "hall", "101", ""], ["1", "2", "2", "", "1"])
    assert same_names(scans) == {"101": ["1/101", "2/101"]}
    assert places_apart(scans).known_place.tolist() == ["1/101", "2/101", "hall", "101", ""]


def test_buildings_stand_before_floors_where_both_differ() -> None:
    scans = labelled(["101", "101", "102", "102"], ["1", "2", "1", "1"], ["a", "b", "a", "b"])
    assert places_apart(scans).known_place.tolist() == ["a/1/101", "b/2/101", "a/102", "b/102"]


def test_without_floors_a_name_is_one_place() -> None:
    scans = labelled(["101", "101"], None)
    assert places_apart(scans) is scans
    assert same_names(replace(scans, place=None)) == {}


def test_scans_are_named_as_a_model_knows_them() -> None:
    scans = labelled(["101", "hall", "101"], ["2", "2", "9"])
    assert named_as(scans, ["1/101", "2/101", "hall"]).known_place.tolist() == ["2/101", "hall", "101"]
    assert named_as(scans, ["101", "hall"]) is scans


@pytest.fixture(scope="module")
def office() -> Survey:
    """Two floors of four rooms each, numbered alike."""
    survey = simulated_survey(
        seed=6, n_train=240, n_test=60, n_access_points=24, n_floors=2, width_m=30, depth_m=20, churn=0.0
    )
    assert survey.test is not None
    return Survey("office", numbered(survey.train), numbered(survey.test))


def numbered(scans: FingerprintSet) -> FingerprintSet:
    cell = (scans.absolute_position_m // [15, 10]).astype(int)
    return replace(scans, position_m=None, place=np.array([f"{x}{y}" for x, y in cell]))


def test_the_answer_names_room_and_floor(office: Survey) -> None:
    with pytest.warns(ReadAsWarning, match=r"4 names of places are on several floors .* 0/00, 1/00"):
        model = Localizer("knn", settings=KNN).fit(office)
    assert office.test is not None
    answers = model.predict(office.test)
    assert answers.places is not None
    assert answers.floor is not None
    assert sorted(answers.places.name) == sorted(f"{f}/{x}{y}" for f in "01" for x in "01" for y in "01")
    wanted = np.char.add(np.char.add(office.test.floor, "/"), office.test.known_place)  # type: ignore[arg-type]
    hit = evaluate(model, office.test).figures()["place_hit"]
    assert hit == pytest.approx(np.mean(answers.places.best == wanted), abs=1e-3)
    assert hit is not None
    assert hit > 0.7


def test_an_update_names_them_alike_and_refuses_a_name_on_a_further_floor(office: Survey) -> None:
    with pytest.warns(ReadAsWarning):
        model = Localizer("knn", settings=KNN, calibrate=False).fit(office)
    assert office.test is not None
    is_new = (office.test.floor == "1") & (office.test.known_place == "00")
    after = update(model, office.test[is_new], calibrate=False)
    before_map, after_map = model.method_.radio_map, after.method_.radio_map
    assert before_map is not None
    assert after_map is not None
    assert before_map.place is not None
    assert after_map.place is not None
    assert set(after_map.place) == set(before_map.place)
    ground = Localizer("knn", settings=KNN, calibrate=False).fit(office.train[office.train.floor == "0"])
    with pytest.raises(BadInputError, match="'00' is on floors 0 and 1"):
        update(ground, office.test[is_new], calibrate=False)


def test_the_check_names_them(office: Survey) -> None:
    codes = {finding.code: finding for finding in check_survey(office).findings}
    assert codes["same_name"].severity == "note"
    assert "0/00" in codes["same_name"].message


def test_positions_beside_places_change_nothing(tmp_path: Path) -> None:
    survey = simulated_survey(seed=6, n_train=120, n_test=20, n_access_points=24, n_floors=2).train
    cell = (survey.absolute_position_m // [15, 10]).astype(int)
    scans = replace(survey, place=np.array([f"{x}{y}" for x, y in cell]))
    with pytest.warns(ReadAsWarning):
        model = Localizer("knn", settings=KNN, calibrate=False).fit(scans)
    model.save(tmp_path / "model")
    places = Localizer.load(tmp_path / "model").predict(scans[:5]).places
    assert places is not None
    assert all("/" in name for name in places.best)
