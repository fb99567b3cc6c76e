"""Planning a survey: parts that are learnt, points that are not, and the page that shows it."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planned_points import points_of
from tutelage import load
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.splits import reference_points
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.evaluation.compare import candidate
from tutelage.evaluation.plan import SHARES, SurveyPlan, plan, repetitions, write_plan
from tutelage.localizer import Localizer
from tutelage.methods.fit_plan import fit_plan
from tutelage.paper.expert_training import Teacher
from tutelage.training import Budget, RunOptions

KNN = candidate("knn", settings={"metric": "sorensen", "representation": "powed", "k": 3})


@pytest.fixture(scope="module")
def office() -> Survey:
    return simulated_survey(seed=6, n_train=300, n_access_points=20)


@pytest.fixture(scope="module")
def office_plan(office: Survey) -> SurveyPlan:
    return plan(office, KNN, n_rounds=2, run=RunOptions(seed=1))


# -- learning -------------------------------------------------------------------------------------------


def test_curve_and_map_are_those_of_models_that_never_saw_the_point(
    office: Survey, office_plan: SurveyPlan
) -> None:
    scans = office.train[office.train.n_heard > 0]
    point = reference_points(scans)
    n_points = point.max() + 1
    errors_m = np.full((2, len(SHARES), len(scans)), np.nan)
    for i, each in enumerate(repetitions(n_points, n_folds=5, n_rounds=2, seed=1)):
        asked = np.isin(point, each.held_out_points)
        for size, share in enumerate(SHARES):
            learnt = scans[np.isin(point, each.order[: round(share * len(each.order))])]
            answers = KNN.localizer(RunOptions(), calibrate=False).fit(learnt).predict(scans[asked])
            off_m = np.linalg.norm(answers.position_m - scans.known_position_m[asked], axis=1)
            errors_m[i // 5, size, asked] = off_m
    assert np.isfinite(errors_m).all()  # every point once a round, and all get an answer
    of_points = np.array([errors_m[:, :, point == each].mean(axis=(0, 2)) for each in range(n_points)])
    np.testing.assert_allclose([e.mean for e in office_plan.curve.errors], of_points.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(points_of(office_plan).error_m, of_points[:, -1])
    assert office_plan.curve.n_now == n_points == len(points_of(office_plan))
    assert office_plan.n_left_out == 0


def test_what_is_fitted_is_whole_points_none_of_which_is_asked_about(
    office: Survey, monkeypatch: pytest.MonkeyPatch
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
    plan(office, KNN, n_folds=3, n_rounds=1)
    heard = office.train[office.train.n_heard > 0]
    point = dict(zip(heard.scan_id.tolist(), reference_points(heard).tolist(), strict=True))
    n_scans = np.bincount([*point.values()])
    assert len(learnt) == len(asked) == 3 * len(SHARES)
    known: set[int] = set()
    for i, (train, questions) in enumerate(zip(learnt, asked, strict=True)):
        of_train = [point[scan] for scan in train.scan_id.tolist()]
        assert not set(of_train) & {point[scan] for scan in questions.scan_id.tolist()}
        assert all(of_train.count(each) == n_scans[each] for each in set(of_train))
        known = set() if i % len(SHARES) == 0 else known
        assert known < set(of_train)
        known = set(of_train)


def test_the_test_split_stays_sealed(office: Survey, office_plan: SurveyPlan) -> None:
    without = plan(replace(office, test=None), KNN, n_rounds=2, run=RunOptions(seed=1))
    assert without.as_dict() == office_plan.as_dict()


def test_settings_of_knn_are_chosen_once_and_named(office: Survey) -> None:
    settings = plan(office, n_folds=2, n_rounds=1).method.settings
    assert {"metric", "representation", "k"} <= settings.keys()


@pytest.mark.parametrize("n", [5, 19])
def test_too_few_points_are_refused(office: Survey, n: int) -> None:
    few = office.train[reference_points(office.train) < n]
    with pytest.raises(BadInputError, match=f"{n} reference points are too few.*survey at least 20"):
        plan(few, KNN)


@pytest.mark.parametrize("divisions", [{"n_folds": 1}, {"n_folds": 5000}, {"n_rounds": 0}])
def test_folds_and_rounds_that_cannot_be_are_refused(office: Survey, divisions: dict[str, Any]) -> None:
    with pytest.raises(BadInputError, match="folds of"):
        plan(office, KNN, **divisions)


def test_twenty_points_are_enough_for_an_answer(office: Survey) -> None:
    few = office.train[reference_points(office.train) < 20]
    assert len(points_of(plan(few, KNN))) == 20


def test_scans_that_hear_nothing_of_each_other_are_refused() -> None:
    apart = [{f"ap{i}": -60.0} for i in range(25)]
    position_m = np.column_stack([np.arange(25.0), np.zeros(25)])
    scans = replace(FingerprintSet.from_scans(apart), position_m=position_m)
    with pytest.raises(BadInputError, match="no scan hears an access point of other reference points"):
        plan(scans, KNN)


def test_methods_by_name() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean dnn"):
        candidate("dnm")
    assert candidate("dnn", teachers=["untrained"]).teachers == ("untrained",)
    teachers = candidate("dnn", teachers=["all"]).teachers
    cards = [teacher.card for teacher in teachers if isinstance(teacher, Teacher)]
    assert len(cards) == len(teachers)
    assert "tampere" in {card.source for card in cards}
    assert {card.network for card in cards} == {"dnn"}


def test_a_matcher_weighs_every_part_as_it_was_pretrained(office: Survey) -> None:
    spec = candidate("matcher").method.spec
    scans = office.train
    assert spec.for_parts(fit_plan("matcher"), scans).settings == {"fine_tune": False}
    assert spec.for_parts(fit_plan("matcher", pretrained="none"), scans).settings == {}
    longer = fit_plan("matcher", settings={"fine_tune_updates": 9, "n_candidates": 48})
    assert spec.for_parts(longer, scans).settings == {"fine_tune": False, "n_candidates": 48}
    found = plan(office, candidate("matcher"), n_folds=2, n_rounds=1)
    assert found.method.settings == {"fine_tune": False}


@pytest.mark.parametrize(
    ("method", "options", "budget", "message"),
    [
        ("knn", {"teachers": ["zoo:dnn-tampere"]}, Budget(), "knn takes no surrogate teachers"),
        ("knn", {"pretrained": "none"}, Budget(), "knn takes no pretrained matcher"),
        ("knn", {}, Budget(3), "knn learns nothing from the parts; leave epochs"),
        ("matcher", {}, Budget(None, 1.0), "matcher learns nothing from the parts"),
        ("blend", {"teachers": ["zoo:dnn-tampere"]}, Budget(), "blend takes no surrogate teachers"),
        ("dnn", {"teachers": ["zoo:matcher"]}, Budget(), "zoo:matcher is a pretrained matcher, no surrogate"),
        ("dnn", {"teachers": ["auto"]}, Budget(), "teachers are chosen by fit alone"),
        ("blend", {"pretrained": "auto"}, Budget(), "teachers are chosen by fit alone"),
        ("dnn", {"teachers": ["all", "none"]}, Budget(), "'all' stands by itself"),
    ],
)
def test_what_does_not_go_with_the_method_is_refused(
    office: Survey, method: str, options: dict[str, Any], budget: Budget, message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        plan(office, candidate(method, **options), run=RunOptions(budget=budget))


# -- real data ------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_more_points_help_in_a_real_building_and_the_floor_is_above_nothing(data_dir: Path) -> None:
    found = plan(load("dsi1", data_dir=data_dir), KNN, n_rounds=1)
    errors = [error.mean for error in found.curve.errors]
    assert errors == sorted(errors, reverse=True)
    assert 2.5 < errors[-1] < 5.5
    assert found.curve.law.scale_m > 0
    assert len(points_of(found).first) == 10


@pytest.mark.real_data
@pytest.mark.slow
def test_half_a_survey_predicts_what_the_other_half_brings(data_dir: Path) -> None:
    scans = load("tut1", data_dir=data_dir).train
    point = reference_points(scans)
    order = np.random.default_rng(5).permutation(point.max() + 1)
    half, whole = (plan(scans[np.isin(point, each)], KNN) for each in (order[: len(order) // 2], order))
    predicted, measured = half.curve.at(whole.curve.n_now), whole.curve.at(whole.curve.n_now)
    assert predicted.mean == pytest.approx(measured.mean, abs=0.5)


@pytest.mark.real_data
@pytest.mark.slow
def test_a_survey_in_which_the_matcher_learnt_is_refused_unless_told_otherwise(data_dir: Path) -> None:
    survey = load("dsi1", data_dir=data_dir)
    with pytest.raises(BadInputError, match=r"the pretrained matcher learnt in dsi1 as well"):
        plan(survey, candidate("matcher"))
    found = plan(survey, candidate("matcher"), source_too=True, n_folds=2, n_rounds=1)
    assert found.n_repetitions == 2
    teachers = candidate("dnn", teachers=["all"], survey=survey).teachers
    assert "dsi1" not in {teacher.card.source for teacher in teachers if isinstance(teacher, Teacher)}


# -- figures and page -----------------------------------------------------------------------------------


class Page(HTMLParser):
    """Elements with their attributes, and the text of each kind of element."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._inside: str | None = None
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")
        self._inside = tag

    def handle_endtag(self, _tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside][-1] += data

    @property
    def figures(self) -> Any:
        [script] = [text for text in self.texts["script"] if text.startswith("{")]
        return json.loads(script)


@pytest.fixture(scope="module")
def path(office_plan: SurveyPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.html"
    write_plan(office_plan, path)
    return path


def test_figures_are_plain_json(office: Survey, office_plan: SurveyPlan) -> None:
    figures = json.loads(json.dumps(office_plan.as_dict(), allow_nan=False))
    assert figures["curve"]["words"] == office_plan.curve.words
    assert [size["n_points"] for size in figures["curve"]["sizes"]] == sorted(
        office_plan.curve.n_points.round(1)
    )
    assert len(figures["points"]) == figures["n_points"] == len(points_of(office_plan))
    assert figures["places"] == [figures["points"][i] for i in points_of(office_plan).first]
    true_m = {(round(x, 3), round(y, 3)) for x, y in office.train.absolute_position_m.tolist()}
    assert {(each["x_m"], each["y_m"]) for each in figures["points"]} <= true_m


def test_the_page_says_what_the_plan_says(office_plan: SurveyPlan, path: Path) -> None:
    page = Page(path)
    assert page.texts["b"] == [office_plan.curve.words[0].upper() + office_plan.curve.words[1:]]
    first = points_of(office_plan).record(points_of(office_plan).first[0])
    assert page.texts["td"][:2] == [f"{first['x_m']:.2f}", f"{first['y_m']:.2f}"]
    ranks = [text for text in page.texts["th"] if text.isdigit()]
    assert ranks == [str(rank + 1) for rank in range(len(points_of(office_plan).first))]


def test_the_curve_has_points_with_intervals_a_fitted_and_a_dashed_line(
    office_plan: SurveyPlan, path: Path
) -> None:
    figure = Page(path).figures["curve"]
    _, points, fitted, beyond = figure["data"]
    assert points["y"] == pytest.approx([error.mean for error in office_plan.curve.errors], abs=1e-3)
    assert min(points["error_y"]["array"] + points["error_y"]["arrayminus"]) >= 0
    assert (fitted["line"]["dash"], beyond["line"]["dash"]) == ("solid", "dash")
    assert fitted["x"][-1] == beyond["x"][0] == pytest.approx(office_plan.curve.n_points[-1], abs=1e-3)
    assert beyond["x"][-1] == 2 * office_plan.curve.n_now
    assert beyond["y"][-1] == pytest.approx(office_plan.curve.at(2 * office_plan.curve.n_now).mean, abs=1e-3)


def test_the_map_shows_every_point_once_on_its_floor_at_true_scale(
    office_plan: SurveyPlan, path: Path
) -> None:
    page = Page(path)
    figure, places = page.figures["map"], points_of(office_plan)
    floors = [text.removeprefix("floor ") for text in page.texts["option"]]
    assert floors == sorted(set(places.floor))
    assert figure["layout"]["yaxis"]["scaleanchor"] == "x"
    ranks: list[str] = []
    for floor, (points, rings) in zip(floors, figure["floors"], strict=True):
        here = places.floor == floor
        assert sorted(zip(points["x"], points["y"], strict=True)) == sorted(
            map(tuple, places.position_m[here].round(3).tolist())
        )
        np.testing.assert_allclose(points["marker"]["color"], places.smoothed_m[here], atol=1e-3)
        ranks += rings["text"]
    assert sorted(map(int, ranks)) == [*range(1, len(places.first) + 1)]
    [chosen] = [i for i, (tag, a) in enumerate(options_of(page)) if "selected" in a]
    assert floors[chosen] == places.floor[places.first[0]]


def options_of(page: Page) -> list[tuple[str, dict[str, str | None]]]:
    return [element for element in page.elements if element[0] == "option"]


def test_a_point_without_a_position_is_a_cross(office_plan: SurveyPlan, tmp_path: Path) -> None:
    error_m = np.where(np.arange(len(points_of(office_plan))) == 3, np.nan, points_of(office_plan).error_m)
    write_plan(
        replace(office_plan, places=replace(points_of(office_plan), error_m=error_m)), tmp_path / "p.html"
    )
    floors = Page(tmp_path / "p.html").figures["map"]["floors"]
    crosses = [symbol for points, _ in floors for symbol in points["marker"]["symbol"]]
    said = [words[0] for points, _ in floors for words in points["customdata"]]
    assert crosses.count("x") == said.count("no position") == 1


def test_words_of_the_user_never_become_markup(office_plan: SurveyPlan, tmp_path: Path) -> None:
    hostile = '</script><img src="http://example.org/x.png">&"'
    label = np.full(len(points_of(office_plan)), hostile)
    named = replace(
        office_plan, name=hostile, places=replace(points_of(office_plan), floor=label, building=label)
    )
    write_plan(named, tmp_path / "p.html")
    page = Page(tmp_path / "p.html")
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert page.texts["h1"] == [f"How much more to survey: {hostile}"]
    said = page.figures["map"]["floors"][0][0]["customdata"][0][2]
    assert said.startswith("&lt;/script&gt;&lt;img")


def test_the_page_names_no_resource_to_fetch(path: Path) -> None:
    page = Page(path)
    assert not [(tag, a) for tag, a in page.elements if {"src", "href", "srcset", "data"} & set(a)]
    [policy] = [a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_the_same_seed_gives_the_same_bytes(office: Survey, path: Path, tmp_path: Path) -> None:
    write_plan(plan(office, KNN, n_rounds=2, run=RunOptions(seed=1)), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == path.read_bytes()


@pytest.mark.slow
@pytest.mark.browser
def test_a_browser_without_network_draws_curve_and_map(
    office_plan: SurveyPlan, path: Path, tmp_path: Path, chromium: str
) -> None:
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    offline = ["--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND"]
    profile = [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=8000", "--dump-dom"]
    run = subprocess.run(
        [chromium, *flags.split(), *offline, "--enable-logging=stderr", *profile, path.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    drawn = re.sub(r"<script.*?</script>", "", run.stdout, flags=re.DOTALL)
    assert len(re.findall(r'<g class="lines"><path class="js-line"', drawn)) >= 2
    shown = int(
        (points_of(office_plan).floor == points_of(office_plan).floor[points_of(office_plan).first[0]]).sum()
    )
    assert len(re.findall(r'<path class="point plotly-customdata"', drawn)) == shown
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    assert not [line for line in console if re.search("Refused|Uncaught|violates", line)]
