"""Drift of rooms: what gone access points cost is said in right places, and is lost indeed."""

from __future__ import annotations

import json

import pytest
from drifted import without

from rooms import rooms_survey
from tutelage import Localizer, RunOptions, measure_drift
from tutelage.data.fingerprints import Survey
from tutelage.evaluation.drift.expected_loss import judge_severity

KNN = {"metric": "sorensen", "representation": "powed", "k": 3}


@pytest.fixture(scope="module")
def survey() -> Survey:
    return rooms_survey()


def test_lost_hits_grow_with_what_is_gone_and_an_update_brings_some_back(survey: Survey) -> None:
    model = Localizer("knn", settings=KNN).fit(survey)
    assert survey.test is not None
    assert model.place_calibration_ is not None
    names = model.access_points_
    found = [measure_drift(model, without(survey.test, names[:n])) for n in (0, 4, 12)]
    losses = [each.loss for each in found]
    lost = [each.hits_lost for each in losses]
    assert all(each is not None for each in lost)
    assert [each.severity for each in found[::2]] == ["none", "resurvey"]
    assert lost[0] == 0.0 < (lost[1] or 0) < (lost[2] or 0)
    assert 0 < (losses[2].hits_lost_after_update or 0) < (lost[2] or 0)
    assert {each.then_hit for each in losses} == {model.place_calibration_.held_out_hit}
    assert {each.then_m for each in losses} == {each.now_m for each in losses} == {None}
    hits = [each.measured.place_hit for each in found if each.measured]
    assert hits == sorted(hits, key=lambda hit: -(hit or 0))
    assert "percentage points smaller than it was" in found[2].reasons[0]
    assert json.loads(json.dumps(found[2].as_dict()))["loss"]["hits_lost"] == lost[2]


def test_few_lost_hits_are_watched_and_unknown_ones_are_judged_by_readings(survey: Survey) -> None:
    model = Localizer("knn", settings=KNN, calibrate=False).fit(survey)
    assert survey.test is not None
    loss = measure_drift(model, without(survey.test, model.access_points_[:6])).loss
    assert loss.then_hit is None

    def judged(hits_lost: float | None) -> str:
        return judge_severity(loss._replace(hits_lost=hits_lost), 0.0, None, 10, of_places=True)[0]

    assert [judged(each) for each in (0.0, 0.03, 0.06)] == ["none", "watch", "resurvey"]
    severity, reasons = judge_severity(loss._replace(hits_lost=None), 0.0, None, 10, of_places=True)
    assert severity == "resurvey"
    assert "of the readings are gone" in reasons[0]


def test_the_landmarks_of_a_network_show_what_is_gone_and_not_what_it_costs(survey: Survey) -> None:
    run = RunOptions(device="cpu")
    settings = {"width": 16, "d_e": 8, "updates": 5}
    network = Localizer("dnn", settings=settings, run=run).fit(survey)
    assert survey.test is not None
    found = measure_drift(network, without(survey.test, network.access_points_[:6]))
    assert {each.access_point for each in found.gone} <= {*network.access_points_[:6]}
    assert len(found.gone) >= 4
    assert found.loss.hits_lost is None
