"""A model, or its answers, against scans whose positions are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError
from tutelage.evaluation import evaluate, write_report
from tutelage.evaluation.evaluate import always_heard
from tutelage.localizer import Localizer
from tutelage.training import Budget, RunOptions
from tutelage.updating import update


@pytest.fixture(scope="module")
def survey() -> Survey:
    return simulated_survey(seed=8, n_train=80, n_test=20, n_access_points=10, n_floors=1)


@pytest.fixture(scope="module")
def model(survey: Survey) -> Localizer:
    return Localizer("knn", settings={"metric": "cosine", "representation": "powed", "k": 1}).fit(survey)


def test_survey_of_two_splits_is_judged_on_its_test(survey: Survey, model: Localizer) -> None:
    assert survey.test is not None
    found = evaluate(model, survey, name="nearest")
    assert found.name == "nearest"
    assert found.truth is survey.test
    np.testing.assert_array_equal(found.errors_m, evaluate(model, survey.test).errors_m)


def test_survey_of_one_split_is_judged_on_that(survey: Survey, model: Localizer) -> None:
    one_split = replace(survey, test=None)
    assert evaluate(model, one_split).figures()["n"] == len(survey.train)
    assert evaluate(model, one_split).figures()["mae_m"] == pytest.approx(0, abs=1e-9)  # its own radio map


def test_evaluation_on_the_training_scans_says_so(survey: Survey, model: Localizer, tmp_path: Path) -> None:
    one_split = replace(survey, test=None)
    for on in (one_split, survey.train):
        assert evaluate(model, on).on_training_scans is True
    found = [evaluate(model, one_split, name="nearest"), evaluate(model, survey.train)]
    assert found[0].note.startswith("nearest learnt from these very scans")
    write_report(found, tmp_path / "r.html", title="training")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<p>nearest learnt from these very scans" in page
    assert "<p>model 2 learnt from these very scans" in page


def test_evaluation_says_how_many_of_the_scans_it_learnt_from(survey: Survey, model: Localizer) -> None:
    assert survey.test is not None
    own, other = survey.train[::4], survey.test
    assert evaluate(model, own[::-1]).n_training_scans == len(own)
    moved = replace(own, position_m=own.known_position_m + 1.0)
    assert evaluate(model, moved).n_training_scans == 0  # the same readings from elsewhere
    both = FingerprintSet.join([own, other])
    found = evaluate(model, both, name="nearest")
    assert (found.n_training_scans, found.on_training_scans) == (len(own), True)
    assert found.note.startswith(f"nearest learnt from {len(own)} of these {len(both)} scans")


def test_updated_model_knows_the_scans_from_before(survey: Survey) -> None:
    assert survey.test is not None
    before, new = survey.train[::2], survey.train[1::2]
    short = RunOptions(device="cpu", budget=Budget(2))
    small = {"width": 16, "d_e": 8}
    for first, run in (
        (Localizer("knn", settings={"k": 3}), RunOptions()),
        (Localizer("dnn", settings=small, run=short), short),
    ):
        model = update(first.fit(before), new, calibrate=False, run=run)
        assert evaluate(model, before).on_training_scans is True
        assert evaluate(model, survey.test).on_training_scans is False


def test_evaluation_on_other_scans_has_nothing_to_say(survey: Survey, model: Localizer) -> None:
    assert survey.test is not None
    for on in (survey, survey.test):
        assert (evaluate(model, on).on_training_scans, evaluate(model, on).note) == (False, "")
    answers = model.predict(survey.test)  # whose model is not known
    assert (evaluate(answers, survey).on_training_scans, evaluate(answers, survey).note) == (None, "")


def test_answers_given_before_are_judged_like_their_model(survey: Survey, model: Localizer) -> None:
    assert survey.test is not None
    answers = model.predict(survey.test)
    assert evaluate(answers, survey).figures() == evaluate(model, survey).figures()


def test_error_is_the_distance_in_the_plane(survey: Survey, model: Localizer) -> None:
    assert survey.test is not None
    answers = model.predict(survey.test)
    expected = np.linalg.norm(answers.absolute_position_m - survey.test.absolute_position_m, axis=1)
    np.testing.assert_allclose(evaluate(model, survey).errors_m, expected, atol=1e-9)


def test_scans_without_positions_are_refused(survey: Survey, model: Localizer) -> None:
    blind = replace(survey.train, position_m=None)
    with pytest.raises(
        BadInputError, match="no positions or places to compare with; add the columns x_m and y_m"
    ):
        evaluate(model, blind)


def test_scans_that_a_model_refuses_are_told_as_such(survey: Survey) -> None:
    model = Localizer("knn").fit(survey)
    assert model.calibration_ is not None
    assert survey.test is not None
    assert model.calibration_ is not None
    model.calibration_ = replace(model.calibration_, farthest=-1.0)
    n = len(survey.test)
    with pytest.raises(
        BadInputError, match=f"m refuses all of the {n} scans: they hear access points that it knows"
    ):
        evaluate(model, survey, name="m")


def test_access_points_of_every_place_are_named_where_scans_lack_them(survey: Survey) -> None:
    train, test = survey.train, survey.test
    assert test is not None
    noise = sparse.csr_array(np.full((len(train), 1), -96.0, dtype=np.float32))
    noisy = replace(
        train,
        rss_dbm=sparse.csr_array(sparse.hstack([train.rss_dbm, noise])),
        access_points=(*train.access_points, "noise"),
    )
    model = Localizer("knn").fit(noisy)
    assert "noise" in always_heard(model)
    assert model.calibration_ is not None
    model.calibration_ = replace(model.calibration_, farthest=-1.0)
    with pytest.raises(
        BadInputError, match=r"Every surveyed place hears .*noise.*, which none of these scans does"
    ):
        evaluate(model, test)


def test_model_of_another_building_is_refused(model: Localizer) -> None:
    elsewhere = FingerprintSet.from_scans([{"ap:elsewhere": -50.0}] * 2, ["a", "b"])
    with pytest.raises(BadInputError, match=r"none of the 2 scans .* another building"):
        evaluate(model, replace(elsewhere, position_m=np.zeros((2, 2))))
