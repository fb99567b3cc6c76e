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
from tutelage.evaluation.compare import Candidate, Comparison, Standing, candidates, compare, write_comparison
from tutelage.evaluation.compare.held_out import surveyed_points
from tutelage.methods.matcher import MatcherRecipe
from tutelage.statistics import Difference
from tutelage.training import Budget, RunOptions

KNN = Candidate("knn", "knn", settings={"metric": "sorensen", "representation": "powed", "k": 5})
BAD = Candidate("one of all", "knn", settings={"metric": "euclidean", "representation": "positive", "k": 400})
SHORT = RunOptions(budget=Budget(updates=2), device="cpu")


@pytest.fixture(scope="module")
def office() -> Survey:
    return simulated_survey(seed=6, n_train=400, n_access_points=20)


@pytest.fixture(scope="module")
def found(office: Survey) -> Comparison:
    return compare(office, [KNN, BAD], n_folds=3, seed=1)


def names(found: list[Candidate]) -> list[str]:
    return [candidate.name for candidate in found]


# -- candidates -----------------------------------------------------------------------------------------


def test_by_default_knn_matcher_network_and_blend_are_compared() -> None:
    assert names(candidates()) == ["knn", "matcher", "matcher, own data alone", "dnn", "blend"]


def test_every_teacher_stands_beside_its_control(office: Survey, tmp_path: Path) -> None:
    surrogate, matcher = tmp_path / "a.teacher", tmp_path / "b.teacher"
    teach(office, "dnn", network_settings={"width": 8, "d_e": 4}, options=SHORT).save(surrogate)
    pretrain([office], MatcherRecipe(exercises=8, width=8), SHORT).save(matcher)
    found = candidates(["dnn", "blend"], [str(surrogate), str(matcher)])
    assert names(found) == [
        *("knn", "dnn", "dnn, taught", "dnn, untrained teachers", "blend", "blend, own data alone"),
    ]
    assert found[2].teachers == (str(surrogate),)
    assert found[3].teachers == ("untrained",)
    assert (found[4].teachers, found[4].settings) == ((str(matcher),), {"matcher.fine_tune": True})
    assert found[4].words()[:4] == ["--network", "blend", "--teacher", str(matcher)]
    assert [card["source"] for card in found[2].cards()] == [office.name]
    assert [card["sources"][0]["source"] for card in found[4].cards()] == [office.name]


def test_a_network_that_does_not_exist_or_is_named_twice_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="dn"):
        candidates(["dn"])
    with pytest.raises(BadInputError, match="dnn is named twice"):
        candidates(["dnn", "dnn"])


@pytest.mark.parametrize(
    ("networks", "teachers", "said"),
    [
        (["matcher"], ["zoo:dnn-tampere"], "none of matcher takes .*zoo:dnn-tampere.* --network dnn;"),
        (["knn"], ["zoo:dnn-dsi1"], "none of knn takes the teacher zoo:dnn-dsi1"),
        (["dnn"], ["zoo:matcher"], "none of dnn takes the teacher zoo:matcher.* --network matcher or blend;"),
        (["dnn"], ["zoo:cnnloc-tampere"], "none of dnn takes .*zoo:cnnloc-tampere.* --network cnnloc;"),
        ([], ["zoo:cnnloc-tampere"], "none of knn, matcher, dnn, blend takes the teacher zoo:cnnloc-tampere"),
        (["knn"], ["all"], "no teacher of knn comes with Tutelage"),
        (["matcher"], ["zoo:matcher", "zoo:matcher"], "one teacher, 2 are given"),
        (["dnn"], ["none", "zoo:dnn-dsi1"], "'none' stands by itself"),
        (["dnn"], ["none"], "'none' is no teacher to compare"),
        (["dnn"], ["untrained"], "'untrained' is no teacher to compare"),
        (["dnn"], ["gone.teacher"], "there is no teacher file gone.teacher; name"),
    ],
    ids=str,
)
def test_a_teacher_that_nothing_takes_is_refused(networks: list[str], teachers: list[str], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        candidates(networks, teachers)


def test_each_network_stands_under_the_teachers_made_for_it() -> None:
    dnn, cnnloc, matcher = "zoo:dnn-tampere", "zoo:cnnloc-tampere", "zoo:matcher"
    found = {
        one.name: one.teachers for one in candidates(["dnn", "cnnloc", "matcher"], [matcher, cnnloc, dnn])
    }
    assert found["dnn, taught"] == (dnn,)
    assert found["cnnloc, taught"] == (cnnloc,)
    assert found["cnnloc, untrained teachers"] == ("untrained",)
    assert found["matcher"] == (matcher,)


# -- comparing ------------------------------------------------------------------------------------------


def test_every_scan_is_located_once_by_a_model_that_never_saw_its_point(
    office: Survey, found: Comparison
) -> None:
    point = reference_points(office.train)
    fold = (np.random.default_rng(1).permutation(point.max() + 1) % 3)[point]
    by_hand = np.full(len(point), np.nan)
    for each in range(3):
        held = office.train[fold == each]
        answers = KNN.localizer(calibrate=False).fit(office.train[fold != each]).predict(held)
        by_hand[fold == each] = np.linalg.norm(answers.position_m - held.known_position_m, axis=1)
    np.testing.assert_allclose(found.standings[0].evaluation.errors_m, by_hand)


def test_figures_are_means_over_reference_points(office: Survey, found: Comparison) -> None:
    point = reference_points(office.train)
    for standing in found.standings:
        errors_m = standing.evaluation.errors_m
        of_points = [errors_m[point == each].mean() for each in np.unique(point)]
        assert standing.error.mean == pytest.approx(np.mean(of_points))
        assert standing.error.low < standing.error.mean < standing.error.high
    knn, bad = found.standings
    assert knn.against_knn is None
    assert bad.against_knn is not None
    assert bad.against_knn.mean == pytest.approx(bad.error.mean - knn.error.mean)
    assert bad.against_knn.n_scans == found.n_points


def test_the_test_split_stays_sealed(office: Survey, found: Comparison) -> None:
    without = compare(replace(office, test=None), [KNN, BAD], n_folds=3, seed=1)
    assert [s.error for s in without.standings] == [s.error for s in found.standings]


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
        compare(survey, candidates(["dnn"], ["zoo:dnn-dsi1"]))
    known = Candidate("matcher", "matcher", settings={"fine_tune": False})
    assert compare(survey, [KNN, known], n_folds=2, source_too=True).n_folds == 2


@pytest.mark.real_data
def test_all_leaves_out_what_learnt_in_the_building(data_dir: Path) -> None:
    survey = load("dsi1", data_dir=data_dir)
    plain, taught, control = candidates(["dnn"], ["all"], survey)[1:]
    assert (plain.teachers, control.teachers) == ((), ("untrained",) * len(taught.teachers))
    assert "zoo:dnn-tampere" in taught.teachers
    assert "zoo:dnn-dsi1" not in taught.teachers
    assert "zoo:dnn-dsi1" in candidates(["dnn"], ["all"])[2].teachers
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
        surveyed_points(mall, candidates(["dnn"], ["zoo:dnn-tut6"]), source_too=False)
    matcher = candidates(["matcher"], ["zoo:matcher"])
    if blank_too:  # the matcher's card has the hash of all scans alone
        with pytest.raises(BadInputError, match=r"there called tut6; teach one without it .*--exclude tut6"):
            surveyed_points(mall, matcher, source_too=False)
    else:
        surveyed_points(mall, matcher, source_too=False)


@pytest.mark.parametrize("n_folds", [1, 1000])
def test_folds_without_points_are_refused(office: Survey, n_folds: int) -> None:
    with pytest.raises(BadInputError, match=f"{n_folds} folds of"):
        compare(office, [KNN], n_folds=n_folds)


# -- recommending ---------------------------------------------------------------------------------------


def standing(found: Comparison, name: str, mean: float, high: float, p: float) -> Standing:
    """The second candidate with other figures than it had."""
    against = Difference(mean, mean - 1, high, p, 1, 90)
    error = replace(found.standings[0].error, mean=found.standings[0].error.mean + mean)
    return replace(
        found.standings[1], candidate=Candidate(name, "dnn"), error=error, against_knn=against, p=p
    )


@pytest.mark.parametrize(
    ("mean", "high", "p", "taken", "said"),
    [
        (-1.0, -0.2, 0.01, "new", r"new: 1\.00 m better than k-NN \(95 % interval 0\.20 to 2\.00 m\)"),
        (-1.0, 0.1, 0.01, "knn", "k-NN: nothing was clearly better; the best, new, was 1.00 m better"),
        (-1.0, -0.2, 0.2, "knn", "k-NN: nothing was clearly better"),  # many were asked
        (0.5, 1.0, 0.01, "knn", "k-NN: nothing was better on the reference points held out"),
    ],
)
def test_only_what_is_clearly_better_than_knn_is_recommended(
    found: Comparison, mean: float, high: float, p: float, taken: str, said: str
) -> None:
    other = replace(found, standings=(found.standings[0], standing(found, "new", mean, high, p)))
    assert other.recommended.standing.candidate.name == taken
    assert re.match(said, other.recommended.words)


def test_a_smaller_mean_that_is_not_clear_does_not_hide_what_is_clearly_better(found: Comparison) -> None:
    others = standing(found, "blend", -1.2, 0.1, 0.06), standing(found, "matcher", -1.0, -0.4, 0.001)
    take = replace(found, standings=(found.standings[0], *others)).recommended
    assert take.standing.candidate.name == "matcher"
    assert take.words == (
        "matcher: 1.00 m better than k-NN (95 % interval 0.40 to 2.00 m); "
        "blend was 1.20 m better (95 % interval -0.10 to 2.20 m), but not clearly so"
    )


def test_of_several_that_are_clearly_better_the_best_is_recommended(found: Comparison) -> None:
    others = standing(found, "dnn", -0.5, -0.1, 0.01), standing(found, "matcher", -1.0, -0.4, 0.001)
    take = replace(found, standings=(found.standings[0], *others)).recommended
    assert take.words == "matcher: 1.00 m better than k-NN (95 % interval 0.40 to 2.00 m)"


def test_the_page_and_the_figures_say_the_same(found: Comparison, tmp_path: Path) -> None:
    write_comparison(found, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    figures = found.as_dict()
    assert figures["recommended"]["method"] == "knn"
    assert f"Take {figures['recommended']['why']}." in page
    for row in figures["methods"]:
        assert f"{row['method']}: {row['error_m']:.2f} m a reference point" in page
