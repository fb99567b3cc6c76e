"""Radii and refusals of whole models: what they hold, and where they stop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutelage import Localizer, evaluate, load
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.hold_out import hold_out
from tutelage.data.splits import reference_points
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError
from tutelage.methods.calibration import trial
from tutelage.runtime.landmarks import Landmarks
from tutelage.runtime.positions import REFUSED
from tutelage.runtime.rows import Rows

KNN = {"metric": "sorensen", "representation": "powed", "k": 5}

CHOSEN: dict[str, dict[str, object]] = {  # what fit chooses on the training scans, seed 0
    "tampere": {"metric": "sorensen", "representation": "powed", "k": 4},
    "tut6": {"metric": "sorensen", "representation": "positive", "k": 1},
    "tut7": {"metric": "sorensen", "representation": "positive", "k": 1},
    "ujiindoorloc": {"metric": "sorensen", "representation": "positive", "k": 15},
}


def knn(train: Survey | FingerprintSet, **more: object) -> Localizer:
    return Localizer("knn", settings=KNN, **more).fit(train)  # type: ignore[arg-type]


def part_of(scans: FingerprintSet, n: int) -> FingerprintSet:
    """The scans of n reference points."""
    return scans[reference_points(scans) < n]


@pytest.fixture(scope="module")
def office() -> Survey:
    return simulated_survey(seed=6)


@pytest.fixture(scope="module")
def model(office: Survey) -> Localizer:
    return knn(office)


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "tampere" else pytest.mark.slow) for name in CHOSEN]
)
def test_radii_hold_the_truth_of_real_test_scans_as_often_as_asked(data_dir: Path, name: str) -> None:
    """Of the sets that meet the goal; research/calibration.md names those that do not."""
    survey = load(name, data_dir=data_dir)
    few_model = Localizer("knn", settings=CHOSEN[name]).fit(survey)
    assert few_model.calibration_ is not None
    for level, slack in ((0.8, 0.05), (0.95, 0.02)):
        figures = evaluate(few_model, survey, level=level).figures()
        assert figures["coverage"] == pytest.approx(level, abs=slack)
    n, at_most = len(survey.test or ()), few_model.calibration_.false_refusals
    sampling_error = np.sqrt(at_most * (1 - at_most) / n)
    n_refused = figures["n_refused"]
    assert n_refused is not None
    assert n_refused / n <= at_most + 3 * sampling_error


def test_a_higher_level_has_a_larger_radius(office: Survey, model: Localizer) -> None:
    assert office.test is not None
    half, most = (model.predict(office.test, level=level).radius_m for level in (0.5, 0.9))
    assert half is not None
    assert most is not None
    assert (most[np.isfinite(most)] > half[np.isfinite(half)]).all()


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, float("nan")])
def test_a_level_that_is_no_share_is_refused(office: Survey, model: Localizer, level: float) -> None:
    assert office.test is not None
    for few_model in (model, knn(office, calibrate=False)):
        with pytest.raises(BadInputError, match="lies between 0 and 1"):
            few_model.predict(office.test, level=level)


def test_a_level_that_too_few_points_cannot_promise_has_no_radius(office: Survey) -> None:
    few = part_of(office.train, 20)
    few_model = knn(few)
    assert few_model.calibration_ is not None
    assert few_model.calibration_.highest_level < 0.95
    at_95, at_50 = (few_model.predict(few, level=level).radius_m for level in (0.95, 0.5))
    assert at_95 is not None
    assert at_50 is not None
    assert np.isnan(at_95).all()
    assert np.isfinite(at_50).any()


def test_a_phone_is_not_held_out_where_its_points_are_too_few_for_a_radius_at_95() -> None:
    two_floors = simulated_survey(
        seed=4, n_train=200, n_access_points=24, n_floors=2, width_m=30, depth_m=20
    ).train
    assert hold_out(two_floors, 0.5, 0).words == "12 of 48 reference points, and 1 of 2 phones"
    calibration = knn(two_floors).calibration_
    assert calibration is not None
    assert calibration.held_out == "24 of 48 reference points"
    assert calibration.highest_level > 0.95


def test_a_scan_unlike_every_place_is_refused_and_says_so(model: Localizer) -> None:
    backwards = [{name: -40.0 if rank % 7 == 0 else -95.0 for rank, name in enumerate(model.access_points_)}]
    answers = model.predict(backwards)
    assert answers.refused.tolist() == [True]
    assert answers.reason.tolist() == [REFUSED]
    assert np.isnan(answers.position_m).all()
    assert answers.records()[0]["radius_m"] is None


def test_scans_of_the_building_are_seldom_refused(office: Survey, model: Localizer) -> None:
    assert office.test is not None
    assert model.calibration_ is not None
    assert model.predict(office.test).refused.mean() <= model.calibration_.false_refusals


@pytest.mark.real_data
def test_scans_of_another_building_are_mostly_refused_where_they_hear_a_little(data_dir: Path) -> None:
    survey = load("ujiindoorloc", data_dir=data_dir)
    assert survey.test is not None
    assert survey.train.building is not None
    assert survey.test.building is not None
    few_model = knn(survey.train[survey.train.building == "0"])
    here, elsewhere = (few_model.predict(survey.test[survey.test.building == b]) for b in "01")
    hears_it = (elsewhere.reason == "") | elsewhere.refused
    assert hears_it.sum() > 50
    assert elsewhere.refused.sum() > 0.9 * hears_it.sum()
    assert here.refused.mean() < 0.01


def test_without_calibration_there_is_no_radius(office: Survey, tmp_path: Path) -> None:
    plain = knn(office, calibrate=False)
    assert office.test is not None
    assert plain.predict(office.test).radius_m is None
    assert evaluate(plain, office).figures()["coverage"] is None
    plain.save(tmp_path / "plain")
    assert Localizer.load(tmp_path / "plain").calibration_ is None


def test_the_model_itself_learns_from_every_point(office: Survey, model: Localizer) -> None:
    plain = knn(office, calibrate=False)
    assert office.test is not None
    answers, expected = model.predict(office.test), plain.predict(office.test)
    is_answered = answers.answered
    np.testing.assert_array_equal(answers.position_m[is_answered], expected.position_m[is_answered])


def test_a_survey_of_a_few_points_is_not_calibrated(office: Survey) -> None:
    few = part_of(office.train, 7)
    assert knn(few).calibration_ is None


def test_held_out_scans_are_compared_with_landmarks_part_by_part(
    office: Survey, model: Localizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large survey holds out many scans: all their similarities at once would not fit into memory."""
    sizes = []
    similarity = Landmarks.similarity

    def counted(self: Landmarks, rss_dbm: Rows) -> np.ndarray:
        sizes.append(rss_dbm.shape[0])
        return similarity(self, rss_dbm)

    monkeypatch.setattr(trial, "_SCANS", 50)
    monkeypatch.setattr(Landmarks, "similarity", counted)
    again = knn(office).calibration_
    assert max(sizes) == 50
    assert again is not None
    assert model.calibration_ is not None
    assert again.config() == model.calibration_.config()
    for name, values in model.calibration_.tensors().items():
        np.testing.assert_array_equal(again.tensors()[name], values)
