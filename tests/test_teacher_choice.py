"""Which teachers are taken: only those clearly better than none and than as many untrained ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rooms import rooms_survey
from tutelage.data.fingerprints import Survey
from tutelage.data.splits import reference_points
from tutelage.data.surveys import load, simulated_survey
from tutelage.errors import BadInputError
from tutelage.localizer import Localizer
from tutelage.methods.base import TeacherCandidate
from tutelage.methods.lineage import TeacherChoiceRecord
from tutelage.methods.teacher_choice import verdict
from tutelage.methods.teacher_names import read_pretrained, read_teacher_file, read_teachers
from tutelage.methods.teachers.shelf import zoo_names, zoo_teacher
from tutelage.training import RunOptions

pytestmark = pytest.mark.slow  # what they share takes long to make

CANDIDATES = (
    TeacherCandidate("none"),
    TeacherCandidate("untrained", ("untrained",)),
    TeacherCandidate("here", rivals=("none", "untrained")),
    TeacherCandidate("there", rivals=("none", "untrained")),
)
MATCHERS = (TeacherCandidate("zoo"), TeacherCandidate("none", pretrained="none", rivals=("zoo",)))
SHORT: dict[str, Any] = {
    "settings": {"updates": 8},
    "run": RunOptions(device="cpu"),
    "calibrate": False,
}
MATCHER_SHORT = {"updates": 5, "fine_tune_updates": 4, "exercises": 64}


NOTHING_TO_TRY = TeacherChoiceRecord(chosen="none", why="no other teacher to try; nothing was tried")


@pytest.fixture(scope="module")
def survey() -> Survey:
    return simulated_survey(seed=3)


def choice_record(model: Localizer) -> TeacherChoiceRecord:
    """What the model says of the choice of its teachers."""
    record = model.lineage_.teacher_choice
    assert record is not None
    return record


def errors(*offsets_m: float, n_points: int = 60, scatter_m: float = 1.0) -> np.ndarray:
    """[n_candidates, n_points] errors that differ by an offset and by chance."""
    draw = np.random.default_rng(0)
    shared = draw.gamma(4, 1, n_points)
    return np.stack([shared + offset + draw.normal(0, scatter_m, n_points) for offset in offsets_m])


# -- the verdict ------------------------------------------------------------------------------------


def test_teacher_that_is_clearly_better_than_none_and_untrained_is_taken() -> None:
    winner, evidence = verdict(CANDIDATES, errors(3.0, 3.0, 1.5, 2.5))
    assert winner.name == "here"
    assert evidence.why == "clearly better than none and untrained"
    assert [contest["clear"] for contest in evidence.contests[:2]] == [True, True]


def test_teacher_that_does_what_an_untrained_one_does_is_left() -> None:
    winner, evidence = verdict(CANDIDATES, errors(3.0, 1.5, 1.5, 1.5))
    assert winner.name == "none"
    clear = {(c["candidate"], c["rival"]): c["clear"] for c in evidence.contests}
    assert clear["here", "none"]
    assert not clear["here", "untrained"]


def test_control_is_never_taken() -> None:
    assert verdict(CANDIDATES, errors(3.0, 0.5, 3.0, 3.0))[0].name == "none"


def test_chance_is_no_reason() -> None:
    winner, evidence = verdict(CANDIDATES, errors(3.0, 3.0, 2.9, 3.0, scatter_m=3.0))
    assert winner.name == "none"
    assert evidence.why == "nothing is clearly better than none"


def test_pretrained_matcher_stays_unless_own_data_are_clearly_better() -> None:
    assert verdict(MATCHERS, errors(3.0, 3.0))[0].name == "zoo"
    assert verdict(MATCHERS, errors(3.0, 1.5))[0].name == "none"


def test_evidence_gives_every_error_and_every_difference() -> None:
    errors_m = errors(3.0, 2.5, 1.5, 2.0)
    _, evidence = verdict(CANDIDATES, errors_m)
    assert [each["name"] for each in evidence.candidates] == ["none", "untrained", "here", "there"]
    for each, error_m in zip(evidence.candidates, errors_m, strict=True):
        assert each["mean_m"] == pytest.approx(error_m.mean(), abs=1e-3)
        assert each["low_m"] < each["mean_m"] < each["high_m"]
    contest = evidence.contests[1]
    assert (contest["candidate"], contest["rival"]) == ("here", "untrained")
    assert contest["mean_m"] == pytest.approx((errors_m[2] - errors_m[1]).mean(), abs=1e-3)
    assert evidence.n_points == 60


# -- the trial --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def auto_model(survey: Survey) -> Localizer:
    """A network whose teachers are chosen."""
    return Localizer("dnn", teachers="auto", **SHORT).fit(survey)


def test_choice_and_its_evidence_stay_with_the_model(auto_model: Localizer, tmp_path: Path) -> None:
    choice = choice_record(auto_model)
    names = [each["name"] for each in choice.candidates]
    sources = [name.removeprefix("zoo:dnn-") for name in zoo_names("dnn")]
    assert names == ["none", "untrained", *sources, f"{len(sources)} untrained", "all"]
    expected_sources = {"none": [], "all": sources, **{source: [source] for source in sources}}
    cards = [teacher for teacher in auto_model.lineage_.teachers if not isinstance(teacher, str)]
    assert [card.source for card in cards] == expected_sources[choice.chosen]
    auto_model.save(tmp_path / "model")
    assert Localizer.load(tmp_path / "model").lineage_.teacher_choice == choice


def test_trial_holds_out_reference_points_of_the_training_split(
    auto_model: Localizer, survey: Survey
) -> None:
    n_held_out = choice_record(auto_model).n_points
    n_points = int(reference_points(survey.train).max()) + 1
    assert n_held_out is not None
    assert 0.1 * n_points < n_held_out <= 0.5 * n_points


@pytest.mark.real_data
def test_teachers_of_the_building_itself_take_no_part(data_dir: Path) -> None:
    tampere = load("tampere", data_dir=data_dir)
    for building in (tampere, tampere.train):  # known by its name, and by its scans
        model = Localizer("dnn", teachers="auto", **SHORT | {"settings": {"updates": 2}}).fit(building)
        names = {each["name"] for each in choice_record(model).candidates}
        assert "tampere" not in names
        assert "dsi1" in names


@pytest.mark.parametrize("method", ["matcher", "blend"])
def test_pretrained_matcher_is_put_to_the_test(method: str, survey: Survey) -> None:
    prefix = "" if method == "matcher" else "matcher."
    settings: dict[str, Any] = {prefix + name: value for name, value in MATCHER_SHORT.items()}
    settings |= {} if method == "matcher" else {"updates": 4, "share": 0.5}
    options = {**SHORT, "settings": settings}
    model = Localizer(method, pretrained="auto", **options).fit(survey)
    choice = choice_record(model)
    assert [each["name"] for each in choice.candidates] == ["zoo", "none"]
    assert (model.lineage_.pretrained is not None) == (choice.chosen == "zoo")


@pytest.mark.parametrize(("method", "prefix"), [("matcher", ""), ("blend", "matcher.")])
def test_a_choice_that_may_end_in_nothing_to_learn_from_is_refused(
    method: str, prefix: str, survey: Survey
) -> None:
    options = {**SHORT, "settings": {f"{prefix}fine_tune": False}}
    with pytest.raises(BadInputError, match="fine_tune=false does not go with pretrained auto"):
        Localizer(method, pretrained="auto", **options).fit(survey)


@pytest.mark.real_data
def test_pretrained_matcher_that_learnt_here_is_not_tried(data_dir: Path) -> None:
    options = {**SHORT, "settings": MATCHER_SHORT}
    model = Localizer("matcher", pretrained="auto", **options).fit(load("tut5", data_dir=data_dir))
    assert model.lineage_.teacher_choice == NOTHING_TO_TRY
    assert model.lineage_.pretrained is None


def test_few_reference_points_choose_nothing(survey: Survey) -> None:
    point = reference_points(survey.train)
    model = Localizer("dnn", teachers="auto", **SHORT).fit(survey.train[point < 5])
    assert choice_record(model).why == "fewer than eight reference points; nothing was tried"


def test_teachers_of_another_width_are_not_tried(survey: Survey) -> None:
    options = {**SHORT, "settings": {"updates": 8, "d_e": 16}}
    choice = Localizer("dnn", teachers="auto", **options).fit(survey).lineage_.teacher_choice
    assert choice == NOTHING_TO_TRY


def test_model_without_a_choice_says_nothing_of_one(survey: Survey) -> None:
    model = Localizer("dnn", teachers="untrained", **SHORT).fit(survey)
    assert model.lineage_.teacher_choice is None


# -- names ------------------------------------------------------------------------------------------


def test_teacher_of_the_zoo_is_the_same_by_name_and_as_itself() -> None:
    teachers = read_teachers("zoo:dnn-dsi1")
    assert not isinstance(teachers, str)
    (teacher,) = teachers
    assert not isinstance(teacher, str)
    assert teacher.content_hash() == zoo_teacher("zoo:dnn-dsi1").content_hash()


def test_none_does_not_stand_beside_a_teacher(survey: Survey) -> None:
    with pytest.raises(BadInputError, match="'none' stands by itself; leave it out, or the others"):
        Localizer("dnn", teachers=["none", "zoo:dnn-dsi1"], **SHORT).fit(survey)


@pytest.mark.parametrize("name", ["gone.teacher", "."])
def test_file_that_is_not_there_is_refused_whatever_its_kind(name: str) -> None:
    with pytest.raises(BadInputError, match=f"there is no teacher file {name}; .*name a file") as refused:
        read_teacher_file(name)
    assert "matcher" not in str(refused.value)


def test_zoo_matcher_by_name_is_the_default() -> None:
    assert read_pretrained("zoo:matcher") == read_pretrained("zoo") == Localizer("matcher").pretrained


@pytest.mark.parametrize("alone", ["auto", "all"])
def test_auto_and_all_stand_alone(alone: str) -> None:
    with pytest.raises(BadInputError, match="by itself"):
        Localizer("dnn", teachers=[alone, "untrained"]).fit(simulated_survey(seed=3))


def test_knn_has_no_teachers_to_choose(survey: Survey) -> None:
    with pytest.raises(BadInputError, match="knn takes no surrogate teachers"):
        Localizer("knn", teachers="auto").fit(survey)


def test_pretrained_matcher_is_not_for_a_network(survey: Survey) -> None:
    with pytest.raises(BadInputError, match=r"is a pretrained matcher, no .*matcher or blend"):
        Localizer("dnn", teachers="zoo:matcher", **SHORT).fit(survey)


def test_pretrained_weights_are_chosen_by_wrong_rooms() -> None:
    run = RunOptions(device="cpu")
    model = Localizer("matcher", pretrained="auto", settings=MATCHER_SHORT, run=run, calibrate=False)
    evidence = choice_record(model.fit(rooms_survey()))
    assert {each["name"] for each in evidence.candidates} == {"zoo", "none"}
    assert all(0 <= each["low_share"] <= each["mean_share"] <= 1 for each in evidence.candidates)
    assert evidence.contests[0]["mean_share"] == pytest.approx(
        evidence.candidates[1]["mean_share"] - evidence.candidates[0]["mean_share"], abs=0.002
    )
