"""`Localizer` as an estimator of scikit-learn: the constructor stores, `fit` reads, a clone is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError as SklearnNotFittedError
from sklearn.utils.validation import check_is_fitted

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError, NotFittedError, TutelageError, UnknownNameError
from tutelage.localizer import Localizer
from tutelage.networks import NetworkFile
from tutelage.paper.expert_training import Teacher, teach
from tutelage.training import Budget, RunOptions

SMALL = {"width": 16, "d_e": 8}
BRIEF = RunOptions(seed=3, device="cpu", budget=Budget(updates=4))
KNN = {"metric": "sorensen", "representation": "powed", "k": 3}


@pytest.fixture(scope="module")
def museum() -> Survey:
    return simulated_survey(seed=2, n_train=120, n_test=20, n_access_points=12, n_floors=1)


@pytest.fixture(scope="module")
def teacher(museum: Survey) -> Teacher:
    return teach(museum, settings={**SMALL, "critic_steps": 1}, run=BRIEF)


def positions_m(model: Localizer, survey: Survey) -> np.ndarray:
    assert survey.test is not None
    return model.predict(survey.test).position_m


# -- the constructor --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"method": "dnn:gone.json"}, BadInputError, "there is no network file gone.json"),
        ({"method": "dnm"}, UnknownNameError, "unknown method 'dnm'. Did you mean dnn"),
        ({"method": "dnn", "teachers": "gone.teacher"}, BadInputError, "there is no teacher file gone"),
        ({"method": "dnn", "teachers": ["gone.teacher"]}, BadInputError, "there is no teacher file gone"),
        ({"method": "dnn", "teachers": Path("gone")}, BadInputError, "there is no teacher file gone"),
        ({"method": "dnn", "teachers": "zoo:nobody"}, UnknownNameError, "zoo:nobody"),
        ({"method": "matcher", "pretrained": "gone.matcher"}, BadInputError, "no pretrained matcher gone"),
        ({"method": "dnn", "transfer": "colective"}, UnknownNameError, "Did you mean collective"),
        ({"method": "dnn", "recipe": "papper"}, UnknownNameError, "Did you mean paper"),
        ({"method": "dnn", "settings": {"widht": 3}}, UnknownNameError, "Did you mean width"),
        ({"method": "knn", "run": RunOptions(seed=-1)}, BadInputError, "the seed is -1"),
        ({"method": "dnn", "run": RunOptions(device="abacus")}, BadInputError, "device 'abacus'"),
    ],
)
def test_constructor_reads_nothing_and_fit_refuses_what_cannot_be_used(
    survey: Survey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, Any],
    error: type[TutelageError],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    model = Localizer(**arguments)
    assert {name: model.get_params()[name] for name in arguments} == arguments
    with pytest.raises(error, match=message):
        model.fit(survey)


def test_files_that_come_after_the_constructor_are_read(survey: Survey, tmp_path: Path) -> None:
    path = tmp_path / "later.json"
    model = Localizer(f"dnn:{path}", run=BRIEF, calibrate=False)
    NetworkFile(network="dnn", settings={"width": 9, "d_e": 4}).save(path)
    assert model.fit(survey).method_.config()["settings"]["width"] == 9


def test_constructor_keeps_the_very_objects(survey: Survey, teacher: Teacher) -> None:
    arguments: dict[str, Any] = {
        "method": "dnn",
        "teachers": [teacher],
        "pretrained": "zoo",
        "transfer": "none",
        "sources": (survey,),
        "recipe": "default",
        "settings": {"width": 8},
        "run": BRIEF,
        "calibrate": False,
    }
    model = Localizer(**arguments)
    parameters = model.get_params(deep=False)
    assert parameters.keys() == arguments.keys()
    assert all(parameters[name] is value for name, value in arguments.items())
    assert vars(model) == arguments


def test_fit_changes_no_parameter_and_gives_the_localizer_itself(survey: Survey) -> None:
    settings = {"k": 3}
    model = Localizer("knn", settings=settings)
    before = model.get_params()
    assert model.fit(survey) is model
    assert model.get_params() == before
    assert settings == {"k": 3}
    attributes = {name for name in vars(model) if name not in before}
    learnt = {"method_", "frame_", "has_coordinates_", "calibration_", "place_calibration_", "lineage_"}
    assert attributes == learnt


# -- clone, set_params, repr ------------------------------------------------------------------------


def test_clone_with_teachers_settings_and_run_fits_the_same(survey: Survey, teacher: Teacher) -> None:
    model = Localizer("dnn", teachers=[teacher, "untrained"], settings=SMALL, run=BRIEF).fit(survey)
    copied = clone(model)
    assert not hasattr(copied, "method_")
    assert (copied.method, copied.settings, copied.run) == ("dnn", SMALL, BRIEF)
    assert [getattr(each, "card", each) for each in copied.teachers] == [teacher.card, "untrained"]
    copied.fit(survey)
    np.testing.assert_array_equal(positions_m(copied, survey), positions_m(model, survey))
    assert copied.lineage_.model_copy(update={"fit_seconds": 0}) == model.lineage_.model_copy(
        update={"fit_seconds": 0}
    )


def test_clone_with_sources_fits_the_same(survey: Survey, museum: Survey) -> None:
    settings = {**SMALL, "encoder_width": 12}
    options: dict[str, Any] = {"transfer": "collective", "sources": [museum], "calibrate": False}
    model = Localizer("dnn", settings=settings, run=BRIEF, **options).fit(survey)
    copied = clone(model).fit(survey)
    np.testing.assert_array_equal(positions_m(copied, survey), positions_m(model, survey))
    assert copied.lineage_.transfer == model.lineage_.transfer


def test_clone_of_a_loaded_model_is_of_its_method_and_seed(survey: Survey, tmp_path: Path) -> None:
    model = Localizer("knn", settings=KNN, run=RunOptions(seed=5)).fit(survey)
    model.save(tmp_path / "model")
    copied = clone(Localizer.load(tmp_path / "model"))
    assert (copied.method, copied.run.seed) == ("knn", 5)


def test_set_params_changes_what_the_next_fit_does(survey: Survey) -> None:
    model = Localizer("knn", settings=KNN, calibrate=False).fit(survey)
    model.set_params(method="dnn", settings=SMALL, run=BRIEF)
    assert model.fit(survey).method_.config()["network"] == "dnn"
    with pytest.raises(ValueError, match="epochs"):
        model.set_params(epochs=3)


def test_repr_shows_what_differs_from_the_defaults() -> None:
    assert repr(Localizer("knn", settings={"k": 3})) == "Localizer(method='knn', settings={'k': 3})"


def test_model_that_has_not_learnt_is_known_by_both_libraries(survey: Survey) -> None:
    model = Localizer("knn", settings=KNN, calibrate=False)
    for error in (NotFittedError, SklearnNotFittedError):
        with pytest.raises(error, match=r"call fit or Localizer\.load"):
            model.predict([{}])
    with pytest.raises(SklearnNotFittedError):
        check_is_fitted(model)
    check_is_fitted(model.fit(survey))
