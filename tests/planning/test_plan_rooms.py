"""Which rooms to scan more: hits at each room, and what it is taken for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rooms import in_rooms
from tutelage import Survey, simulated_survey
from tutelage.evaluation.compare import candidate
from tutelage.evaluation.label_hits import LabelHits
from tutelage.evaluation.plan import SurveyPlan, plan, write_plan
from tutelage.evaluation.plan.named_places import NamedPlaces, named_places

KNN = candidate("knn", settings={"k": 3, "metric": "sorensen", "representation": "powed"})


@pytest.fixture(scope="module")
def office() -> Survey:
    survey = simulated_survey(seed=4, n_train=300, n_test=20, n_access_points=12, n_floors=1)
    return Survey("office", in_rooms(survey.train))


@pytest.fixture(scope="module")
def found(office: Survey) -> SurveyPlan:
    return plan(office, KNN, n_folds=3, n_rounds=1)


def test_rooms_are_counted_by_hand() -> None:
    truth = np.array(["hall"] * 4 + ["office"] * 2)
    answer = np.array(["hall", "office", "office", "hall", "office", "office"])
    places = named_places(np.array(["cellar", *truth]), LabelHits(answer, truth))
    assert places.name.tolist() == ["cellar", "hall", "office"]
    assert places.hit[1:].tolist() == [0.5, 1.0]
    assert np.isnan(places.hit[0])
    assert places.taken_for.tolist() == ["", "office", ""]
    assert places.name[places.first].tolist() == ["cellar", "hall"]


def test_a_plan_of_rooms_shows_no_metre(found: SurveyPlan, office: Survey, tmp_path: Path) -> None:
    assert isinstance(found.places, NamedPlaces)
    assert found.places.name.tolist() == np.unique(office.train.known_place).tolist()
    figures = json.loads(json.dumps(found.as_dict()))
    assert figures["n_places"] == len(figures["all_places"])
    assert all(name not in json.dumps(figures) for name in ("x_m", "error_m", "mae_m"))
    errors = [size.mean for size in found.curve.errors]
    assert 0 < errors[-1] <= errors[0] < 1
    page = tmp_path / "plan.html"
    write_plan(found, page)
    text = page.read_text(encoding="utf-8")
    assert "metres" not in text.split("<script")[0]
    assert str(found.places.name[found.places.first[0]]) in text
