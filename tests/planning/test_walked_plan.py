"""Planning a walked survey: whole walks are learnt and held out, and the plan says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planned_points import points_of
from tutelage import load
from tutelage.cli import verb_plan
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import FEWEST_WALKS, unsaid
from tutelage.data.place_blocks import walks
from tutelage.data.splits import n_reference_points, reference_points
from tutelage.errors import BadInputError
from tutelage.evaluation.compare import candidate
from tutelage.evaluation.plan import SHARES, SurveyPlan, plan, repetitions, sampling, write_plan
from tutelage.localizer import Localizer
from tutelage.training import RunOptions
from walked_survey import walked

pytestmark = pytest.mark.slow  # what they share takes long to make

KNN = candidate("knn", settings={"metric": "euclidean", "representation": "positive", "k": 3})
ONE_DAY = "the survey has one day; others will differ"


@pytest.fixture(scope="module")
def corridors() -> FingerprintSet:
    return walked(12, pause_min=20)


@pytest.fixture(scope="module")
def walked_plan(corridors: FingerprintSet) -> SurveyPlan:
    return plan(corridors, KNN)


def test_curve_is_that_of_models_that_saw_nothing_of_the_walk(
    corridors: FingerprintSet, walked_plan: SurveyPlan
) -> None:
    walk = walks(corridors)
    point = reference_points(corridors)  # sections of one walk, here
    first = np.diff(point, prepend=-1) != 0
    errors_m = np.full((10, len(SHARES), 12), np.nan)
    for i, each in enumerate(repetitions(12, n_folds=5, n_rounds=2, seed=0)):
        for size, share in enumerate(SHARES):
            learnt = corridors[np.isin(walk, each.order[: round(share * len(each.order))])]
            model = KNN.localizer(RunOptions(), calibrate=False).fit(learnt)
            for asked in each.held_out_points:
                scans = corridors[np.flatnonzero(walk == asked)[first[walk == asked]]]
                off_m = model.predict(scans).position_m - scans.known_position_m
                errors_m[i, size, asked] = np.linalg.norm(off_m, axis=1).mean()
    by_hand = np.nanmean(errors_m, axis=(0, 2))
    np.testing.assert_allclose([error.mean for error in walked_plan.curve.errors], by_hand, rtol=1e-6)
    assert (walked_plan.curve.unit, walked_plan.curve.n_now) == ("walk", 12)
    assert len(points_of(walked_plan)) == n_reference_points(corridors)
    assert np.isfinite(points_of(walked_plan).error_m).all()


def test_of_each_walk_one_scan_at_each_point_is_located(corridors: FingerprintSet) -> None:
    found = sampling(corridors, n_folds=3, n_rounds=1, seed=0)
    asked = np.column_stack([walks(corridors), reference_points(corridors)])[found.asked]
    assert len(asked) == len(np.unique(asked, axis=0)) == n_reference_points(corridors)
    few = corridors[np.flatnonzero(walks(corridors) < 4)]
    assert sampling(few, n_folds=3, n_rounds=1, seed=0).asked.all()


def test_parts_are_whole_walks_and_nothing_of_a_held_out_walk_is_learnt(
    corridors: FingerprintSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: list[FingerprintSet] = []
    asked: list[FingerprintSet] = []
    fit, predict = Localizer.fit, Localizer.predict

    def spying_fit(self: Localizer, train: Any) -> Localizer:
        learnt.append(train)
        return fit(self, train)

    def spying_predict(self: Localizer, scans: Any, **how: Any) -> Any:
        asked.append(scans)
        return predict(self, scans, **how)

    monkeypatch.setattr(Localizer, "fit", spying_fit)
    monkeypatch.setattr(Localizer, "predict", spying_predict)
    plan(corridors, KNN, n_folds=3, n_rounds=1)
    walk = dict(zip(corridors.scan_id.tolist(), walks(corridors).tolist(), strict=True))
    assert len(learnt) == len(asked) == 3 * len(SHARES)
    for train, questions in zip(learnt, asked, strict=True):
        of_train = [walk[scan] for scan in train.scan_id.tolist()]
        assert not set(of_train) & {walk[scan] for scan in questions.scan_id.tolist()}
        assert all(of_train.count(each) == 30 for each in of_train)


def test_the_plan_says_what_is_held_out_and_what_that_leaves_unsaid(
    walked_plan: SurveyPlan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = f"Errors come from {walked_plan.held_out} at a time, held out; {ONE_DAY}."
    assert walked_plan.held_out in ("2 of 12 walks", "3 of 12 walks")
    assert walked_plan.basis == sentence
    figures = json.loads(json.dumps(walked_plan.as_dict(), allow_nan=False))
    assert (figures["held_out"], figures["unsaid"]) == (walked_plan.held_out, ONE_DAY)
    assert figures["curve"]["now"]["n_walks"] == 12
    assert "walks" in figures["curve"]["words"]
    write_plan(walked_plan, tmp_path / "plan.html")
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert f"<p>{sentence}</p>" in page
    assert "points on 12 walks with 360 training scans" in page
    assert "Where more walks would help most" in page
    verb_plan._show_plan(walked_plan, None, as_json=False)
    shown = " ".join(capsys.readouterr().out.split())
    assert sentence in shown
    assert "all, 12 (by the law)" in shown


def test_as_few_walks_as_are_held_out_whole_are_enough_for_a_plan() -> None:
    found = plan(walked(FEWEST_WALKS), KNN, n_folds=5, n_rounds=1)
    assert found.curve.n_now == FEWEST_WALKS
    assert np.isfinite([*found.curve.gain(), *found.curve.at(FEWEST_WALKS)]).all()
    assert plan(walked(FEWEST_WALKS), KNN, n_folds=FEWEST_WALKS, n_rounds=1).held_out == "1 of 8 walks"
    with pytest.raises(BadInputError, match=r"9 folds of 8 walks .* of 1 walk or more each"):
        plan(walked(FEWEST_WALKS), KNN, n_folds=FEWEST_WALKS + 1)


def test_fewer_walks_hold_out_places_and_say_that_another_walk_will_differ() -> None:
    scans = walked(4)
    found = plan(scans, KNN, n_folds=3, n_rounds=1)
    assert found.curve.unit == "point"
    assert found.held_out.endswith(f"of {n_reference_points(scans)} reference points")
    assert found.unsaid == unsaid(scans) == "the survey has 4 walks and one day; others will differ"


def test_walks_that_never_meet_hold_out_places() -> None:
    found = plan(walked(12, apart_m=50.0), KNN, n_folds=3, n_rounds=1)
    assert found.curve.unit == "point"
    assert found.held_out.endswith("reference points")


def test_a_place_that_no_other_walk_knows_is_on_the_map_alone(corridors: FingerprintSet) -> None:
    position_m = corridors.known_position_m.copy()
    position_m[-30:, 1] += 400.0  # the last walk is in another street
    found = plan(replace(corridors, position_m=position_m), KNN, n_folds=4, n_rounds=1)
    assert found.n_left_out == 1
    far = points_of(found).position_m[:, 1] > 200.0
    assert points_of(found).error_m[far].min() > 100.0 > found.curve.errors[-1].mean


def test_one_walk_with_nearly_all_places_is_refused() -> None:
    scans = walked(FEWEST_WALKS)
    is_long = walks(scans) == 0
    long_walk = replace(scans, position_m=scans.known_position_m * np.where(is_long[:, None], 20.0, 1.0))
    with pytest.raises(BadInputError, match="most reference points lie on a few of the 8 walks"):
        plan(long_walk[np.flatnonzero(is_long | (np.arange(len(scans)) % 30 < 5))], KNN)


@pytest.mark.real_data
def test_a_real_survey_of_walks_is_planned_by_walks(data_dir: Path) -> None:
    scans = load("wifine", data_dir=data_dir).train
    knn = candidate("knn", settings={"metric": "sorensen", "representation": "powed", "k": 5})
    found = plan(scans[np.flatnonzero(walks(scans) % 4 == 0)], knn, n_rounds=1)
    assert found.held_out == "6 of 30 walks"
    errors_m = [error.mean for error in found.curve.errors]
    assert errors_m == sorted(errors_m, reverse=True)
    assert 1.3 < errors_m[-1] < 2.3  # all of its walks: 1.5 m
    assert np.isfinite(points_of(found).error_m).all()
