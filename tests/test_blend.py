"""The blend: a matcher and a network that answer together."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.hold_out import hold_out
from tutelage.data.splits import reference_points
from tutelage.data.surveys import load, simulated_survey
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.evaluation import evaluate
from tutelage.localizer import Localizer
from tutelage.methods.blend import Blend, BlendSettings
from tutelage.training import RunOptions
from tutelage.updating import update

MATCHER = {"fine_tune_updates": 8, "exercises": 64, "batch_size": 32}
NETWORK = {"width": 32, "d_e": 16, "updates": 20, "batch_size": 64}
BRIEF: dict[str, Any] = {**{f"matcher.{name}": value for name, value in MATCHER.items()}, **NETWORK}
SMALL: dict[str, Any] = {**BRIEF, "always": True}


@pytest.fixture(scope="module")
def office() -> Survey:
    return simulated_survey(seed=1, n_train=400, n_test=100)


def fit_model(method: str, survey: Survey, settings: dict[str, Any], **more: Any) -> Localizer:
    """A model without calibration; `more` are options of the run."""
    run = RunOptions(device="cpu", **more)
    return Localizer(method, settings=settings, run=run, calibrate=False).fit(survey)


def positions_m(model: Localizer, survey: Survey) -> np.ndarray:
    assert survey.test is not None
    return model.predict(survey.test).position_m


def network_settings(train: FingerprintSet) -> dict[str, Any]:
    """What the blend's network learns by: faint readings count for it."""
    return {**NETWORK, "rss_min_dbm": float(train.rss_dbm.data.min()) - 12}


@pytest.fixture(scope="module")
def alone(office: Survey) -> tuple[np.ndarray, np.ndarray]:
    """The positions that the matcher and the network give, each fitted by itself."""
    matcher = fit_model("matcher", office, MATCHER)
    network = fit_model("dnn", office, network_settings(office.train))
    return positions_m(matcher, office), positions_m(network, office)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_positions_are_the_mean_of_both_weighted_by_the_share(
    office: Survey, alone: tuple[np.ndarray, np.ndarray], share: float
) -> None:
    blend = fit_model("blend", office, {**SMALL, "share": share})
    matcher_m, network_m = alone
    np.testing.assert_allclose(
        positions_m(blend, office), (1 - share) * matcher_m + share * network_m, atol=1e-9
    )
    assert blend.lineage_.metrics == {}


def test_the_share_is_nearly_the_best_one_on_reference_points_held_out(office: Survey) -> None:
    blend = fit_model("blend", office, SMALL, seed=3)
    division = hold_out(office.train, 0.15, 3)
    rest, held_out = division.rest, division.held_out
    parts = [
        fit_model(method, Survey("rest", office.train[rest]), settings, seed=3).predict(
            office.train[held_out]
        )
        for method, settings in (("matcher", MATCHER), ("dnn", network_settings(office.train[rest])))
    ]
    truth = office.train.known_position_m[held_out]

    def error_m(share: float) -> float:
        position_m = (1 - share) * parts[0].position_m + share * parts[1].position_m
        return float(np.linalg.norm(position_m - truth, axis=1).mean())

    best = min(np.linspace(0, 1, 21), key=error_m)
    floor = office.train[held_out].floor
    assert floor is not None
    n_points = len(np.unique(np.column_stack([truth, floor]), axis=0))
    n_surveyed = reference_points(office.train).max() + 1
    prior = 0.2 + 0.6 * (1 - n_surveyed / 500)
    careful = (n_points * best + 200 * prior) / (n_points + 200)  # as if 200 more points had chosen that
    assert blend.lineage_.share == pytest.approx(careful)
    expected = {
        "held_out_mae_m": error_m(careful),
        "held_out_matcher_mae_m": error_m(0),
        "held_out_network_mae_m": error_m(1),
    }
    assert blend.lineage_.metrics == pytest.approx(expected, abs=1e-3)


def test_a_share_that_nothing_can_choose_is_the_prior_one(office: Survey) -> None:
    place = office.train.known_position_m
    two = np.isin(reference_points(office.train), reference_points(office.train)[[0, -1]])
    assert len(np.unique(place[two], axis=0)) == 2
    model = fit_model("blend", Survey("two points", office.train[two]), SMALL)
    assert model.lineage_.share == pytest.approx(0.8 - 0.6 * 2 / 500)
    assert model.predict(office.train[two]).answered.all()


@pytest.mark.parametrize("seed", range(4))
def test_a_survey_of_three_points_is_learnt_however_uneven_they_are(office: Survey, seed: int) -> None:
    place = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])[np.repeat([0, 1, 2], [2, 2, 60])]
    scans = replace(office.train[:64], position_m=place, floor=None)
    model = fit_model("blend", Survey("three points", scans), {**SMALL, "updates": 4}, seed=seed)
    assert model.predict(scans[:4]).answered.all()


def test_scans_that_no_model_may_answer_do_not_choose_the_share(office: Survey) -> None:
    """Every fifth point is taken by scans that hear an access point of their own and nothing else."""
    train = office.train
    lonely = np.flatnonzero(reference_points(train) % 5 == 0)
    n, n_lonely = len(train), len(lonely)
    own = sparse.coo_array((np.full(n_lonely, -60.0), (lonely, np.arange(n_lonely))), (n, n_lonely))
    hears_others = sparse.diags_array(~np.isin(np.arange(n), lonely) * 1.0)
    shared = sparse.csr_array(hears_others @ train.rss_dbm)
    shared.eliminate_zeros()
    names = (*train.access_points, *(f"own {i}" for i in range(n_lonely)))
    scans = replace(train, rss_dbm=sparse.csr_array(sparse.hstack([shared, own])), access_points=names)
    settings = {**SMALL, "prior_points": 0, "updates": 4}
    metrics = fit_model("blend", Survey("with beacons", scans), settings, seed=1).lineage_.metrics
    division = hold_out(scans, 0.15, 1)
    rest, held_out = division.rest, division.held_out
    assert np.isin(held_out, lonely).sum() > 5
    answers = fit_model("matcher", Survey("rest", scans[rest]), MATCHER, seed=1).predict(scans[held_out])
    off_m = np.linalg.norm(answers.position_m - scans.known_position_m[held_out], axis=1)
    assert answers.answered.sum() == (~np.isin(held_out, lonely)).sum()
    assert metrics["held_out_matcher_mae_m"] == pytest.approx(np.nanmean(off_m), abs=1e-3)


def of_phones(survey: Survey, *names: str) -> Survey:
    """The same survey, its reference points taken by these phones in turn; none is named without names."""
    phone = np.array(names)[reference_points(survey.train) % len(names)] if names else None
    return replace(survey, train=replace(survey.train, device=phone, user=None))


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ((), "no named phones"),
        (("one",), "1 named phone "),
        (("a", "b"), "2 named phones"),
        (tuple("abcdefgh"), "reference points"),
    ],
)
def test_where_the_evidence_is_thin_the_matcher_answers_alone(
    office: Survey, names: tuple[str, ...], why: str
) -> None:
    survey = of_phones(office, *names)
    model = fit_model("blend", survey, BRIEF)
    assert isinstance(model.method_, Blend)
    assert model.method_.network is None
    assert why in (model.lineage_.share_reason or "")
    matcher = fit_model("matcher", survey, MATCHER)
    np.testing.assert_array_equal(positions_m(model, survey), positions_m(matcher, survey))


def many_points() -> Survey:
    """A survey of eight phones and 600 reference points."""
    survey = simulated_survey(seed=1, n_train=2400, n_test=20, n_floors=1)
    return of_phones(survey, *"abcdefgh")


def test_a_survey_of_one_day_shows_nothing_about_others() -> None:
    survey = many_points()
    day = np.full(len(survey.train), np.datetime64("2026-05-04T10:00:00", "ms"))
    model = fit_model("blend", replace(survey, train=replace(survey.train, time=day)), BRIEF)
    assert "one day" in (model.lineage_.share_reason or "")


@pytest.mark.slow
def test_a_large_survey_of_many_phones_has_a_network_unless_it_is_clearly_worse() -> None:
    survey = many_points()
    learnt = {"matcher.fine_tune": False, "updates": 300, "width": 64, "d_e": 32}
    kept = fit_model("blend", survey, {**learnt, "prior_share": 0.1})
    assert isinstance(kept.method_, Blend)
    assert kept.method_.network is not None
    assert kept.lineage_.share_reason == ""
    worse = fit_model("blend", survey, {**learnt, "updates": 2, "prior_share": 1.0, "prior_points": 1e6})
    assert isinstance(worse.method_, Blend)
    assert worse.method_.network is None
    assert "clearly worse" in (worse.lineage_.share_reason or "")
    assert worse.lineage_.metrics["held_out_mae_m"] == worse.lineage_.metrics["held_out_matcher_mae_m"]


def test_a_blend_without_network_is_saved_updated_and_exported_as_its_matcher(
    office: Survey, tmp_path: Path
) -> None:
    model = fit_model("blend", of_phones(office), BRIEF)
    model.save(tmp_path / "model")
    again = Localizer.load(tmp_path / "model")
    np.testing.assert_array_equal(positions_m(again, office), positions_m(model, office))
    assert office.test is not None
    updated = update(model, office.test, calibrate=False)
    assert isinstance(updated.method_, Blend)
    assert updated.method_.network is None
    spec = model.method_spec
    assert spec.export is not None
    assert spec.export(model.method_).kind == "matcher"


def test_the_network_reads_from_where_its_author_says(office: Survey) -> None:
    matcher_settings = {name: value for name, value in SMALL.items() if name.startswith("matcher.")}
    settings = {**matcher_settings, "share": 0.5, "updates": 2, "network": "cnnloc"}
    blend = fit_model("blend", office, settings).method_
    assert isinstance(blend, Blend)
    assert blend.network is not None
    assert blend.network.representation.rss_min_dbm == -95


def test_a_fit_that_begins_anew_leaves_no_checkpoint_behind(office: Survey, tmp_path: Path) -> None:
    options: dict[str, Any] = {"checkpoint_dir": tmp_path / "c"}
    for seed, stopped_in in ((0, "tutelage.methods.blend.Fitted"), (1, "tutelage.methods.blend.mixed")):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(stopped_in, None)
            with pytest.raises(TypeError):
                fit_model("blend", office, SMALL, seed=seed, **options)
        assert bool(list(tmp_path.glob("c/network/*"))) == (seed == 0)
    assert fit_model("blend", office, SMALL, seed=1, resume=True, **options).lineage_.seed == 1


@given(st.integers(1, 5_000), st.integers(1, 5_000))
def test_the_network_counts_the_less_the_more_points_there_are(one: int, other: int) -> None:
    few, many = sorted((one, other))
    shares = [BlendSettings().prior_for(n_points) for n_points in (few, many)]
    assert 0.8 >= shares[0] >= shares[1] >= 0.2
    assert shares[1] == 0.2 or many < 500
    assert BlendSettings(prior_share=0.4).prior_for(few) == 0.4


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, 800, marks=pytest.mark.slow),
        ({"network_epochs": 7}, 7),
        ({"updates": 9}, 9),
        pytest.param({"batch_size": 64}, 1600, marks=pytest.mark.slow),
    ],
)
def test_a_small_survey_is_gone_through_eight_hundred_times_and_no_more(
    office: Survey, changed: dict[str, int], expected: int
) -> None:
    few = Survey("few", office.train[np.arange(0, len(office.train), len(office.train) // 128)][:128])
    brief = {f"matcher.{name}": value for name, value in MATCHER.items()}
    blend = fit_model("blend", few, {**brief, "width": 8, "d_e": 8, "share": 0.5, **changed}).method_
    assert isinstance(blend, Blend)
    assert blend.network is not None
    assert blend.network.n_steps == expected


@pytest.mark.parametrize(
    ("name", "near"),
    [("shre", "share"), ("fant_db", "faint_db"), ("matcher.own_mp", "matcher.fine_tune"), ("widht", "width")],
)
def test_a_wrong_setting_is_refused_with_those_of_blend_matcher_and_network(
    office: Survey, name: str, near: str
) -> None:
    with pytest.raises(UnknownNameError, match=f"mean {near}" if "." not in near else "fine_tune"):
        fit_model("blend", office, {name: 1})


@pytest.mark.slow
def test_an_own_network_and_a_network_file_can_be_its_part(office: Survey, tmp_path: Path) -> None:
    settings = {**{f"matcher.{name}": value for name, value in MATCHER.items()}, "share": 0.5, "updates": 2}
    model = fit_model("blend", office, {**settings, "network": "baat"})
    model.save(tmp_path / "m")
    card = json.loads((tmp_path / "m" / "model.json").read_text())
    assert card["config"]["network"]["network"] == "baat"
    again = positions_m(Localizer.load(tmp_path / "m"), office)
    np.testing.assert_array_equal(again, positions_m(model, office))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"share": 1.5}, "share = 1.5"),
        ({"network": "dnm"}, "'dnm'.*dnn"),
        ({"network": "knn"}, "'knn'"),
        ({"widht": 3}, "'widht'.*width"),
        ({"matcher.exercices": 3}, "'exercices'.*exercises"),
        ({"matcher.width": 3}, "has width = 64, not 3"),
    ],
)
def test_wrong_settings_are_refused_by_name(office: Survey, settings: dict[str, Any], message: str) -> None:
    with pytest.raises((BadInputError, UnknownNameError), match=message):
        fit_model("blend", office, settings)


@pytest.mark.slow
def test_stopped_fit_goes_on_to_the_same_bits(office: Survey, tmp_path: Path) -> None:
    """Stopped in its last training: the first three are not made again."""
    whole = fit_model("blend", office, SMALL)
    options: dict[str, Any] = {"checkpoint_dir": tmp_path / "c", "log": tmp_path / "log.jsonl"}

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tutelage.methods.blend.Fitted", None)  # the last line of the fit fails
        with pytest.raises(TypeError):
            fit_model("blend", office, SMALL, **options)
    checkpoints = {path.relative_to(tmp_path / "c").as_posix() for path in tmp_path.glob("c/*/*")}
    assert checkpoints == {
        "held-out-matcher/matcher,-own-map.checkpoint",
        "held-out-network/student.checkpoint",
        "matcher/matcher,-own-map.checkpoint",
        "network/student.checkpoint",
    }
    logs = sorted(path.name for path in tmp_path.glob("log*"))
    (tmp_path / "c" / "network" / "student.checkpoint").unlink()
    resumed = fit_model("blend", office, SMALL, **options, resume=True)
    np.testing.assert_array_equal(positions_m(resumed, office), positions_m(whole, office))
    assert logs == sorted(path.name for path in tmp_path.glob("log*"))
    assert len(logs) == 4


@pytest.mark.real_data
@pytest.mark.slow
def test_blend_is_ahead_of_knn_on_tut5(data_dir: Path) -> None:
    survey = load("tut5", data_dir=data_dir)
    # The shipped teacher learnt in TUT5's training split: that both learn together, not a figure of transfer.
    # A short lesson, whose seeds spread by 0.1 m: their mean counts.
    settings = {"updates": 400, "matcher.fine_tune_updates": 80, "matcher.exercises": 512}
    models = [
        Localizer("knn").fit(survey),
        *(fit_model("blend", survey, settings, seed=seed) for seed in (0, 1)),
    ]
    evaluations = [evaluate(model, survey, source_too=True) for model in models]
    knn_m, *blend_m = (float(evaluation.figures()["mae_m"] or np.nan) for evaluation in evaluations)
    assert np.mean(blend_m) < 0.9 * knn_m
