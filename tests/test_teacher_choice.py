"""Which teachers are taken: only those clearly better than none and than as many untrained ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.data.fingerprints import Survey
from tutelage.data.splits import reference_points
from tutelage.data.surveys import load, simulated_survey
from tutelage.errors import BadInputError
from tutelage.localizer import Localizer
from tutelage.methods.teachers.shelf import zoo_names, zoo_teacher
from tutelage.methods.teachers.teacher_choice import Candidate, verdict
from tutelage.methods.teachers.teacher_names import any_teacher, network_teachers, pretrained_matcher

CANDIDATES = (
    Candidate("none", "none"),
    Candidate("untrained", ("untrained",)),
    Candidate("here", (), ("none", "untrained")),
    Candidate("there", (), ("none", "untrained")),
)
MATCHERS = (Candidate("zoo:matcher", ()), Candidate("none", "none", ("zoo:matcher",)))
SHORT: dict[str, Any] = {"settings": {"updates": 8}, "device": "cpu", "calibrate": False}
MATCHER_SHORT = {"updates": 5, "fine_tune_updates": 4, "exercises": 64}


@pytest.fixture(scope="module")
def survey() -> Survey:
    return simulated_survey(seed=3)


def errors(*offsets_m: float, n_points: int = 60, scatter_m: float = 1.0) -> np.ndarray:
    """[n_candidates, n_points] errors that differ by an offset and by chance."""
    draw = np.random.default_rng(0)
    shared = draw.gamma(4, 1, n_points)
    return np.stack([shared + offset + draw.normal(0, scatter_m, n_points) for offset in offsets_m])


# -- the verdict ------------------------------------------------------------------------------------


def test_teacher_that_is_clearly_better_than_none_and_untrained_is_taken() -> None:
    taken, evidence = verdict(CANDIDATES, errors(3.0, 3.0, 1.5, 2.5))
    assert taken.name == "here"
    assert evidence["why"] == "clearly better than none and untrained"
    assert [contest["clear"] for contest in evidence["contests"][:2]] == [True, True]


def test_teacher_that_does_what_an_untrained_one_does_is_left() -> None:
    taken, evidence = verdict(CANDIDATES, errors(3.0, 1.5, 1.5, 1.5))
    assert taken.name == "none"
    clear = {(c["candidate"], c["rival"]): c["clear"] for c in evidence["contests"]}
    assert clear["here", "none"]
    assert not clear["here", "untrained"]


def test_control_is_never_taken() -> None:
    assert verdict(CANDIDATES, errors(3.0, 0.5, 3.0, 3.0))[0].name == "none"


def test_chance_is_no_reason() -> None:
    taken, evidence = verdict(CANDIDATES, errors(3.0, 3.0, 2.9, 3.0, scatter_m=3.0))
    assert taken.name == "none"
    assert evidence["why"] == "nothing is clearly better than none"


def test_matcher_teacher_stays_unless_own_data_are_clearly_better() -> None:
    assert verdict(MATCHERS, errors(3.0, 3.0))[0].name == "zoo:matcher"
    assert verdict(MATCHERS, errors(3.0, 1.5))[0].name == "none"


def test_evidence_gives_every_error_and_every_difference() -> None:
    errors_m = errors(3.0, 2.5, 1.5, 2.0)
    _, evidence = verdict(CANDIDATES, errors_m)
    assert [each["name"] for each in evidence["tried"]] == ["none", "untrained", "here", "there"]
    for each, error_m in zip(evidence["tried"], errors_m, strict=True):
        assert each["mean_m"] == pytest.approx(error_m.mean(), abs=1e-3)
        assert each["low_m"] < each["mean_m"] < each["high_m"]
    contest = evidence["contests"][1]
    assert (contest["candidate"], contest["rival"]) == ("here", "untrained")
    assert contest["mean_m"] == pytest.approx((errors_m[2] - errors_m[1]).mean(), abs=1e-3)
    assert evidence["n_points"] == 60


# -- the trial --------------------------------------------------------------------------------------


def test_choice_and_its_evidence_stay_with_the_model(survey: Survey, tmp_path: Path) -> None:
    model = Localizer("dnn", teachers="auto", **SHORT).fit(survey)
    choice = model.lineage_["teacher_choice"]
    tried = [each["name"] for each in choice["tried"]]
    sources = [name.removeprefix("zoo:dnn-") for name in zoo_names("dnn")]
    assert tried == ["none", "untrained", *sources, f"{len(sources)} untrained", "all"]
    by_name = {"none": [], "all": sources, **{source: [source] for source in sources}}
    assert [teacher["source"] for teacher in model.lineage_["teachers"]] == by_name[choice["taken"]]
    model.save(tmp_path / "model")
    assert Localizer.load(tmp_path / "model").lineage_["teacher_choice"] == choice


def test_trial_holds_out_reference_points_of_the_training_split(survey: Survey) -> None:
    choice = Localizer("dnn", teachers="auto", **SHORT).fit(survey).lineage_["teacher_choice"]
    n_points = int(reference_points(survey.train).max()) + 1
    assert 0.1 * n_points < choice["n_points"] <= 0.5 * n_points


@pytest.mark.real_data
def test_teachers_of_the_building_itself_take_no_part(data_dir: Path) -> None:
    tampere = load("tampere", data_dir=data_dir)
    for building in (tampere, tampere.train):  # known by its name, and by its scans
        model = Localizer("dnn", teachers="auto", **SHORT).fit(building)
        tried = {each["name"] for each in model.lineage_["teacher_choice"]["tried"]}
        assert "tampere" not in tried
        assert "dsi1" in tried


@pytest.mark.parametrize("network", ["matcher", "blend"])
def test_matcher_teacher_is_put_to_the_test(network: str, survey: Survey) -> None:
    prefix = "" if network == "matcher" else "matcher."
    settings = {prefix + name: value for name, value in MATCHER_SHORT.items()}
    settings |= {} if network == "matcher" else {"updates": 4, "share": 0.5}
    options = {**SHORT, "settings": settings}
    model = Localizer(network, teachers="auto", **options).fit(survey)
    choice = model.lineage_["teacher_choice"]
    assert [each["name"] for each in choice["tried"]] == ["zoo:matcher", "none"]
    assert bool(model.lineage_["teachers"]) == (choice["taken"] == "zoo:matcher")


@pytest.mark.parametrize(("network", "prefix"), [("matcher", ""), ("blend", "matcher.")])
def test_a_choice_that_may_end_in_nothing_to_learn_from_is_refused(
    network: str, prefix: str, survey: Survey
) -> None:
    options = {**SHORT, "settings": {f"{prefix}fine_tune": False}}
    with pytest.raises(BadInputError, match="fine_tune=false does not go with teachers auto"):
        Localizer(network, teachers="auto", **options).fit(survey)


@pytest.mark.real_data
def test_matcher_teacher_that_learnt_here_is_not_tried(data_dir: Path) -> None:
    options = {**SHORT, "settings": MATCHER_SHORT}
    model = Localizer("matcher", teachers="auto", **options).fit(load("tut5", data_dir=data_dir))
    assert model.lineage_["teacher_choice"] == {
        "taken": "none",
        "why": "no other teacher to try; nothing was tried",
    }
    assert model.lineage_["teachers"] == []


def test_few_reference_points_choose_nothing(survey: Survey) -> None:
    point = reference_points(survey.train)
    model = Localizer("dnn", teachers="auto", **SHORT).fit(survey.train[point < 5])
    assert model.lineage_["teacher_choice"]["why"] == "fewer than eight reference points; nothing was tried"


def test_teachers_of_another_width_are_not_tried(survey: Survey) -> None:
    options = {**SHORT, "settings": {"updates": 8, "d_e": 16}}
    choice = Localizer("dnn", teachers="auto", **options).fit(survey).lineage_["teacher_choice"]
    assert choice == {"taken": "none", "why": "no other teacher to try; nothing was tried"}


def test_model_without_a_choice_says_nothing_of_one(survey: Survey) -> None:
    model = Localizer("dnn", teachers="untrained", **SHORT).fit(survey)
    assert "teacher_choice" not in model.lineage_


# -- names ------------------------------------------------------------------------------------------


def test_teacher_of_the_zoo_is_the_same_by_name_and_as_itself(survey: Survey) -> None:
    (by_name,) = network_teachers("zoo:dnn-dsi1", "dnn", survey.train)
    assert not isinstance(by_name, str)
    assert by_name.content_hash() == zoo_teacher("zoo:dnn-dsi1").content_hash()


def test_network_that_is_not_named_follows_the_kind_of_teacher() -> None:
    for of_matcher in ("zoo:matcher", ["zoo:matcher"], zoo_teacher("zoo:matcher"), "auto", "none"):
        assert Localizer(teachers=of_matcher).network == "blend"
    for of_network in ("zoo:dnn-dsi1", "untrained", "all", ["zoo:matcher", "untrained"]):
        assert Localizer(teachers=of_network).network == "dnn"


def test_none_does_not_stand_beside_a_teacher(survey: Survey) -> None:
    with pytest.raises(BadInputError, match="'none' stands by itself; leave it out, or the others"):
        Localizer("dnn", teachers=["none", "zoo:dnn-dsi1"], **SHORT).fit(survey)


@pytest.mark.parametrize("name", ["gone.teacher", "."])
def test_file_that_is_not_there_is_refused_whatever_its_kind(name: str) -> None:
    with pytest.raises(BadInputError, match=f"there is no teacher file {name}; .*name a file") as refused:
        any_teacher(name)
    assert "matcher" not in str(refused.value)


def test_zoo_matcher_by_name_is_the_default() -> None:
    assert (
        pretrained_matcher("zoo:matcher") == pretrained_matcher(()) == pretrained_matcher("auto") == "shipped"
    )


@pytest.mark.parametrize("alone", ["auto", "all"])
def test_auto_and_all_stand_alone(alone: str) -> None:
    with pytest.raises(BadInputError, match="by itself"):
        Localizer("dnn", teachers=[alone, "untrained"]).fit(simulated_survey(seed=3))


def test_knn_has_no_teachers_to_choose(survey: Survey) -> None:
    with pytest.raises(BadInputError, match="no teachers"):
        Localizer("knn", teachers="auto").fit(survey)


def test_matcher_teacher_is_not_for_a_network(survey: Survey) -> None:
    with pytest.raises(BadInputError, match="pretrained matcher is for"):
        Localizer("dnn", teachers="zoo:matcher", **SHORT).fit(survey)
