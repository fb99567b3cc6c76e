"""Comparing methods on reference points held out: fair, sealed, and with a recommendation that can be no."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tutelage import load, pretrain, teach
from tutelage.data.fingerprints import Survey
from tutelage.data.splits import reference_points
from tutelage.data.surveys import export_table, simulated_survey
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.evaluation.compare import (
    Candidate,
    Comparison,
    Standing,
    candidate,
    candidates,
    compare,
    write_comparison,
)
from tutelage.evaluation.compare.held_out import surveyed_points
from tutelage.methods.matcher.matcher_card import MatcherCard
from tutelage.paper.expert_training import Teacher, TeacherCard
from tutelage.statistics import Difference
from tutelage.training import Budget, RunOptions
from walked_survey import walked

KNN = candidate("knn", settings={"metric": "sorensen", "representation": "powed", "k": 5})
_FAR = {"metric": "euclidean", "representation": "positive", "k": 400}
BAD = replace(candidate("knn", settings=_FAR), name="one of all")
SHORT = RunOptions(budget=Budget(updates=2), device="cpu")


@pytest.fixture(scope="module")
def office() -> Survey:
    return simulated_survey(seed=6, n_train=400, n_access_points=20)


@pytest.fixture(scope="module")
def comparison(office: Survey) -> Comparison:
    return compare(office, [KNN, BAD], n_folds=3, run=RunOptions(seed=1))


def names(listed: list[Candidate]) -> list[str]:
    return [each.name for each in listed]


def sources(teachers: object) -> list[str]:
    assert isinstance(teachers, tuple)
    return [each.card.source for each in teachers if isinstance(each, Teacher)]


# -- candidates -----------------------------------------------------------------------------------------


def test_by_default_knn_matcher_network_and_blend_are_compared() -> None:
    assert names(candidates()) == ["knn", "matcher", "matcher, own data alone", "dnn", "blend"]


def test_every_teacher_stands_beside_its_control(office: Survey, tmp_path: Path) -> None:
    surrogate = tmp_path / "a.teacher"
    matcher = tmp_path / "b.matcher"
    teach(office, "dnn", settings={"width": 8, "d_e": 4}, run=SHORT).save(surrogate)
    pretrain([office], settings={"exercises": 8, "width": 8}, run=SHORT).save(matcher)
    listed = candidates(["dnn", "blend"], teachers=[str(surrogate)], pretrained=matcher)
    assert names(listed) == [
        *("knn", "dnn", "dnn, taught", "dnn, untrained teachers", "blend", "blend, own data alone"),
    ]
    assert sources(listed[2].teachers) == [office.name]
    assert listed[2].words == ("--method", "dnn", "--teachers", str(surrogate))
    assert listed[3].teachers == ("untrained",)
    assert listed[4].settings == {"matcher.fine_tune": True}
    assert listed[4].words[:4] == ("--method", "blend", "--pretrained", str(matcher))
    assert listed[5].pretrained == "none"
    (teacher_card,) = listed[2].cards()
    assert isinstance(teacher_card, TeacherCard)
    assert teacher_card.source == office.name
    (matcher_card,) = listed[4].cards()
    assert isinstance(matcher_card, MatcherCard)
    assert [source.source for source in matcher_card.sources] == [office.name]
    assert listed[5].cards() == []


def test_the_words_of_a_candidate_are_those_that_fit_takes() -> None:
    words = candidate("matcher", pretrained="none", settings={"updates": 9, "width": 8}).words
    assert words == ("--method", "matcher", "--pretrained", "none", "--set", "updates=9", "--set", "width=8")
    assert candidate("dnn", teachers=["zoo:dnn-tut6"]).words[2:] == ("--teachers", "zoo:dnn-tut6")


def test_a_method_that_does_not_exist_or_is_named_twice_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="dn"):
        candidates(["dn"])
    with pytest.raises(BadInputError, match="dnn is named twice"):
        candidates(["dnn", "dnn"])


@pytest.mark.parametrize(
    ("methods", "teachers", "message"),
    [
        (["matcher"], ["zoo:dnn-tampere"], "none of matcher takes .*zoo:dnn-tampere.* --method dnn;"),
        (["knn"], ["zoo:dnn-dsi1"], "none of knn takes the teacher zoo:dnn-dsi1"),
        (
            ["dnn"],
            ["zoo:matcher"],
            "zoo:matcher is a pretrained matcher, no surrogate teacher; .*--pretrained",
        ),
        (["dnn"], ["zoo:cnnloc-tampere"], "none of dnn takes .*zoo:cnnloc-tampere.* --method cnnloc;"),
        ([], ["zoo:cnnloc-tampere"], "none of knn, matcher, dnn, blend takes the teacher zoo:cnnloc-tampere"),
        (["knn"], ["all"], "no teacher of knn comes with Tutelage"),
        (["matcher"], ["zoo:matcher"], "zoo:matcher is a pretrained matcher, no surrogate teacher"),
        (["dnn"], ["none", "zoo:dnn-dsi1"], "'none' is no teacher to compare"),
        (["dnn"], ["all", "zoo:dnn-dsi1"], "'all' stands by itself"),
        (["dnn"], ["none"], "'none' is no teacher to compare"),
        (["dnn"], ["untrained"], "'untrained' is no teacher to compare"),
        (["dnn"], ["gone.teacher"], "there is no teacher file gone.teacher; name"),
    ],
    ids=str,
)
def test_a_teacher_that_nothing_takes_is_refused(
    methods: list[str], teachers: list[str], message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        candidates(methods, teachers=teachers)


def test_each_network_stands_under_the_teachers_made_for_it() -> None:
    listed = {
        each.name: each
        for each in candidates(
            ["dnn", "cnnloc", "matcher"], teachers=["zoo:cnnloc-tampere", "zoo:dnn-tampere"]
        )
    }
    assert listed["dnn, taught"].words[2:] == ("--teachers", "zoo:dnn-tampere")
    assert listed["cnnloc, taught"].words[2:] == ("--teachers", "zoo:cnnloc-tampere")
    for network in ("dnn", "cnnloc"):
        (card,) = listed[f"{network}, taught"].cards()
        assert isinstance(card, TeacherCard)
        assert (card.network, card.source) == (network, "tampere")
    assert listed["cnnloc, untrained teachers"].teachers == ("untrained",)
    assert (listed["matcher"].teachers, listed["matcher"].pretrained) == ((), "zoo")


# -- comparing ------------------------------------------------------------------------------------------


def test_every_scan_is_located_once_by_a_model_that_never_saw_its_point(
    office: Survey, comparison: Comparison
) -> None:
    point = reference_points(office.train)
    fold = (np.random.default_rng(1).permutation(point.max() + 1) % 3)[point]
    by_hand = np.full(len(point), np.nan)
    for each in range(3):
        held_out_scans = office.train[fold == each]
        answers = (
            KNN.localizer(RunOptions(), calibrate=False)
            .fit(office.train[fold != each])
            .predict(held_out_scans)
        )
        by_hand[fold == each] = np.linalg.norm(answers.position_m - held_out_scans.known_position_m, axis=1)
    np.testing.assert_allclose(comparison.standings[0].evaluation.errors_m, by_hand)


def test_figures_are_means_over_reference_points(office: Survey, comparison: Comparison) -> None:
    point = reference_points(office.train)
    for standing in comparison.standings:
        errors_m = standing.evaluation.errors_m
        of_points = [errors_m[point == each].mean() for each in np.unique(point)]
        assert standing.error.mean == pytest.approx(np.mean(of_points))
        assert standing.error.low < standing.error.mean < standing.error.high
    knn, bad = comparison.standings
    assert knn.against_knn is None
    assert bad.against_knn is not None
    assert bad.against_knn.mean == pytest.approx(bad.error.mean - knn.error.mean)
    assert bad.against_knn.n_scans == comparison.n_points


def test_the_test_split_stays_sealed(office: Survey, comparison: Comparison) -> None:
    without = compare(replace(office, test=None), [KNN, BAD], n_folds=3, run=RunOptions(seed=1))
    assert [s.error for s in without.standings] == [s.error for s in comparison.standings]


@pytest.mark.real_data
def test_a_survey_that_taught_a_candidate_is_refused_unless_told_otherwise(data_dir: Path) -> None:
    survey = load("dsi1", data_dir=data_dir)
    with pytest.raises(
        BadInputError, match=r"the pretrained matcher learnt in dsi1 as well;.*--exclude dsi1"
    ):
        compare(survey, candidates(["matcher"]))
    with pytest.raises(BadInputError, match=r"learnt in these scans as well, there called dsi1;"):
        compare(survey.train, candidates(["matcher"]))
    with pytest.raises(BadInputError, match=r"teacher of dsi1 for dnn learnt in dsi1 as well; leave"):
        compare(survey, candidates(["dnn"], teachers=["zoo:dnn-dsi1"]))
    as_pretrained = candidate("matcher", settings={"fine_tune": False})
    assert compare(survey, [KNN, as_pretrained], n_folds=2, source_too=True).n_folds == 2


@pytest.mark.real_data
def test_all_leaves_out_what_learnt_in_the_building(data_dir: Path) -> None:
    survey = load("dsi1", data_dir=data_dir)
    plain, taught, control = candidates(["dnn"], teachers=["all"], survey=survey)[1:]
    assert (plain.teachers, control.teachers) == ((), ("untrained",) * len(taught.teachers))
    assert "tampere" in sources(taught.teachers)
    assert "dsi1" not in sources(taught.teachers)
    assert "zoo:dnn-tampere" in taught.words
    assert "dsi1" in sources(candidates(["dnn"], teachers=["all"])[2].teachers)
    surveyed_points(survey, [taught], source_too=False)


@pytest.mark.real_data
@pytest.mark.parametrize("blank_too", [True, False])
def test_a_table_of_a_public_set_is_known_again(data_dir: Path, tmp_path: Path, blank_too: bool) -> None:
    train = load("tut6", data_dir=data_dir).train
    kept = train if blank_too else train[train.n_heard > 0]
    assert (len(kept) == len(train)) == blank_too
    export_table(Survey("mall", kept), tmp_path / "mall.csv", split="train")
    mall = load(tmp_path / "mall.csv")
    with pytest.raises(BadInputError, match="learnt in mall as well, there called tut6; leave it out"):
        surveyed_points(mall, candidates(["dnn"], teachers=["zoo:dnn-tut6"]), source_too=False)
    matcher = candidates(["matcher"], pretrained="zoo:matcher")
    if blank_too:  # the matcher's card has the hash of all scans alone
        with pytest.raises(
            BadInputError, match=r"there called tut6; pretrain one without it .*--exclude tut6"
        ):
            surveyed_points(mall, matcher, source_too=False)
    else:
        surveyed_points(mall, matcher, source_too=False)


@pytest.mark.parametrize("n_folds", [1, 1000])
def test_folds_without_points_are_refused(office: Survey, n_folds: int) -> None:
    with pytest.raises(BadInputError, match=f"{n_folds} folds of"):
        compare(office, [KNN], n_folds=n_folds)


# -- recommending ---------------------------------------------------------------------------------------


def standing(comparison: Comparison, name: str, mean: float, high: float, p: float) -> Standing:
    """The second candidate with other figures than it had."""
    against = Difference(mean, mean - 1, high, p, 1, 90)
    error = replace(comparison.standings[0].error, mean=comparison.standings[0].error.mean + mean)
    return replace(
        comparison.standings[1],
        candidate=replace(candidate("dnn"), name=name),
        error=error,
        against_knn=against,
        p=p,
    )


@pytest.mark.parametrize(
    ("mean", "high", "p", "name", "words"),
    [
        (-1.0, -0.2, 0.01, "new", r"new: 1\.00 m better than k-NN \(95 % interval 0\.20 to 2\.00 m\)"),
        (-1.0, 0.1, 0.01, "knn", "k-NN: nothing was clearly better; the best, new, was 1.00 m better"),
        (-1.0, -0.2, 0.2, "knn", "k-NN: nothing was clearly better"),  # many were asked
        (0.5, 1.0, 0.01, "knn", "k-NN: nothing was better on the reference points held out"),
    ],
)
def test_only_what_is_clearly_better_than_knn_is_recommended(
    comparison: Comparison, mean: float, high: float, p: float, name: str, words: str
) -> None:
    other = replace(
        comparison, standings=(comparison.standings[0], standing(comparison, "new", mean, high, p))
    )
    assert other.recommended.standing.candidate.name == name
    assert re.match(words, other.recommended.words)


def test_a_smaller_mean_that_is_not_clear_does_not_hide_what_is_clearly_better(
    comparison: Comparison,
) -> None:
    others = (
        standing(comparison, "blend", -1.2, 0.1, 0.06),
        standing(comparison, "matcher", -1.0, -0.4, 0.001),
    )
    take = replace(comparison, standings=(comparison.standings[0], *others)).recommended
    assert take.standing.candidate.name == "matcher"
    assert take.words == (
        "matcher: 1.00 m better than k-NN (95 % interval 0.40 to 2.00 m); "
        "blend was 1.20 m better (95 % interval -0.10 to 2.20 m), but not clearly so"
    )


def test_of_several_that_are_clearly_better_the_best_is_recommended(comparison: Comparison) -> None:
    others = standing(comparison, "dnn", -0.5, -0.1, 0.01), standing(comparison, "matcher", -1.0, -0.4, 0.001)
    take = replace(comparison, standings=(comparison.standings[0], *others)).recommended
    assert take.words == "matcher: 1.00 m better than k-NN (95 % interval 0.40 to 2.00 m)"


def test_the_page_and_the_figures_say_the_same(comparison: Comparison, tmp_path: Path) -> None:
    write_comparison(comparison, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    figures = comparison.as_dict()
    assert figures["recommended"]["name"] == "knn"
    assert f"Take {figures['recommended']['why']}." in page
    for row in figures["methods"]:
        assert f"{row['name']}: {row['error_m']:.2f} m a reference point" in page


@pytest.mark.parametrize(("apart_m", "kind"), [(1.0, "walk"), (50.0, "reference point")])
def test_walks_are_held_out_whole_unless_they_never_meet(apart_m: float, kind: str) -> None:
    scans = walked(12, apart_m=apart_m)
    comparison = compare(scans, [KNN], n_folds=3)
    assert comparison.kind == kind
    assert comparison.n_points == (12 if kind == "walk" else reference_points(scans).max() + 1)
    assert comparison.n_scans == len(scans)


def test_scans_that_no_other_walk_came_near_are_not_asked_about() -> None:
    scans = walked(12)
    far = np.arange(len(scans)) >= len(scans) - 30
    place = scans.known_position_m + np.outer(far, [0.0, 80.0])
    comparison = compare(replace(scans, position_m=place), [KNN], n_folds=3)
    assert comparison.kind == "walk"
    assert comparison.n_scans == len(scans) - 30
