"""Exercises and what is learnt from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse

from tutelage.data.fingerprints import Survey
from tutelage.data.splits import reference_points
from tutelage.data.surveys import load
from tutelage.errors import BadInputError
from tutelage.localizer import Localizer
from tutelage.methods.matcher.exercises import Exercises, SurveyScans, exercise_lists
from tutelage.methods.matcher.matcher import Matcher
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.matcher_training import errors_m, fine_tune_matcher, learn_from
from tutelage.methods.matcher.smoothing import described_map
from tutelage.training import Budget, RunOptions

CPU = torch.device("cpu")
SMALL = MatcherRecipe(exercises=64, batch_size=32, n_candidates=12, width=16, updates=60)


def mean_error_m(network: MatcherNetwork, survey: Survey, recipe: MatcherRecipe = SMALL) -> float:
    assert survey.test is not None
    found = Matcher.of(survey.train, network, recipe).locate(survey.test).position_m
    return float(
        np.linalg.norm(found - survey.test.in_frame(survey.train.frame).known_position_m, axis=1).mean()
    )


def test_no_candidate_is_of_a_reference_point_that_is_asked_about(office: Survey) -> None:
    assert office.train.floor is not None
    one_floor = office.train[
        office.train.floor == office.train.floor[0]
    ]  # another has points at the same x, y
    exercises = Exercises([SurveyScans.of(one_floor)], SMALL, CPU)
    for step in range(6):
        batch = exercises.batch(step, 32, seed=3)
        assert batch.mask.any()
        assert float(batch.truth.norm(dim=2)[batch.mask].min()) > 0


def test_a_batch_depends_on_step_and_seed_alone(office: Survey, museum: Survey) -> None:
    buildings = [SurveyScans.of(office.train), SurveyScans.of(museum.train)]
    there = Exercises(buildings, SMALL, CPU, n_steps=9)  # draws each round while the one before is learnt
    back = Exercises(buildings, SMALL, CPU)
    ahead = [there.batch(step, 32, seed=1) for step in range(9)]
    for step in reversed(range(9)):
        again = back.batch(step, 32, seed=1)
        for name in ("feature", "truth", "mask"):
            torch.testing.assert_close(getattr(again, name), getattr(ahead[step], name), rtol=0, atol=0)
    assert not torch.equal(back.batch(0, 32, seed=2).feature, ahead[0].feature)


def test_each_round_is_drawn_once_and_none_beyond_the_last(office: Survey) -> None:
    held_out: list[tuple[int, ...]] = []

    def note(building: SurveyScans, queries: np.ndarray, *rest: Any) -> Any:
        held_out.append(tuple(queries))
        return exercise_lists(building, queries, *rest)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tutelage.methods.matcher.exercises.exercise_lists", note)
        exercises = Exercises([SurveyScans.of(office.train)], SMALL, CPU, n_steps=9)
        for step in range(9):  # four of a round: two batches, gone through twice
            exercises.batch(step, 32, seed=1)
    assert len(held_out) == len(set(held_out)) == 3


@pytest.mark.parametrize(
    ("n_scans", "expected"), [(12, 128), (592, 128), (2787, 512), (13_000, 2048), (20_000, 2048)]
)
def test_a_round_on_the_own_map_is_as_large_as_what_it_takes_off_the_map(n_scans: int, expected: int) -> None:
    assert MatcherRecipe().round_of(n_scans) == expected
    assert MatcherRecipe(exercises=64, batch_size=32).round_of(n_scans) == (32 if n_scans == 12 else 64)
    assert MatcherRecipe(own_exercises=100).round_of(n_scans) == 100


def test_the_learning_curve_is_of_exercises_before_they_are_learnt(office: Survey) -> None:
    own = SurveyScans.of(office.train)
    recipe = MatcherRecipe(
        own_exercises=64, batch_size=32, n_candidates=12, width=16, learning_rate=1e-9, thinned=0
    )
    run = RunOptions(device="cpu", budget=Budget(updates=9))
    learnt = learn_from([own], recipe.model_copy(update={"exercises": 64}), run, {})
    exercises = Exercises([own], recipe.model_copy(update={"exercises": 64}), CPU)
    assert len(learnt.curve) == 3  # rounds of two batches, gone through twice; the last is cut short
    for number in (0, 1):
        batch = exercises.batch(2 * number, 64, run.seed)
        own_m = errors_m(learnt.network(batch.feature, batch.mask).weight.detach(), batch.truth).mean()
        five = torch.zeros(batch.mask.shape)
        five[:, :5] = 0.2
        ratio = float(own_m / errors_m(five, batch.truth).mean())
        assert learnt.curve[number] == pytest.approx(ratio, rel=1e-2)


def test_the_curve_falls_where_something_is_learnt(office: Survey) -> None:
    recipe = SMALL.model_copy(update={"learning_rate": 1e-2, "thinned": 0.0})
    curve = learn_from([SurveyScans.of(office.train)], recipe, RunOptions(device="cpu"), {}).curve
    assert len(curve) == 15
    assert np.mean(curve[-5:]) < 0.95 * curve[0]


def test_users_are_left_out_whole_where_they_are_known(office: Survey) -> None:
    train = replace(office.train, user=np.where(np.arange(len(office.train)) % 2, "a", "b"))
    survey = SurveyScans.of(train)
    is_disjoint: list[bool] = []

    def note(building: SurveyScans, queries: np.ndarray, others: np.ndarray, *rest: Any) -> Any:
        assert building.user is not None
        is_disjoint.append({*building.user[queries]}.isdisjoint(building.user[others]))
        return exercise_lists(building, queries, others, *rest)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tutelage.methods.matcher.exercises.exercise_lists", note)
        for seed in range(30):
            Exercises([survey], SMALL, CPU).batch(0, 32, seed)
    assert 8 <= sum(is_disjoint) <= 22  # in half of the rounds; in the others both users are on both sides
    alone = replace(office.train, user=np.full(len(office.train), "a"))
    assert SurveyScans.of(alone).user is None  # of one user, nobody else is left


@pytest.mark.real_data
@pytest.mark.slow
def test_learning_in_one_building_lowers_the_error_in_another(data_dir: Path) -> None:
    source, target = (load(name, data_dir=data_dir) for name in ("tut5", "dsi1"))
    recipe = MatcherRecipe(updates=60, exercises=128)
    pretrained_network, n_steps, _ = learn_from(
        [SurveyScans.of(source.train)], recipe, RunOptions(device="cpu"), {}
    )
    assert n_steps == recipe.updates
    torch.manual_seed(0)
    untaught = MatcherNetwork(recipe.width).eval()
    assert mean_error_m(pretrained_network, target, recipe) < 0.95 * mean_error_m(untaught, target, recipe)


def test_going_on_with_the_own_map_changes_a_copy(office: Survey, museum: Survey) -> None:
    options = RunOptions(device="cpu", budget=Budget(updates=10))
    pretrained_network = learn_from([SurveyScans.of(museum.train)], SMALL, options, {}).network
    before = {name: value.clone() for name, value in pretrained_network.state_dict().items()}
    fine_tuned_network, n_steps, _ = fine_tune_matcher(
        pretrained_network, SurveyScans.of(office.train), SMALL, options, {}
    )
    assert n_steps == 10
    assert all(torch.equal(value, before[name]) for name, value in pretrained_network.state_dict().items())
    all_of_it, _, _ = fine_tune_matcher(
        pretrained_network,
        SurveyScans.of(office.train),
        SMALL.model_copy(update={"own_share": 1.0}),
        options,
        {},
    )
    share = SMALL.share_of_own(len(np.unique(reference_points(office.train))))
    assert 0.5 < share < 0.7
    for name, value in fine_tuned_network.state_dict().items():
        mean = (1 - share) * before[name] + share * all_of_it.state_dict()[name]
        torch.testing.assert_close(value, mean)
    moved_names = {
        name
        for name, value in fine_tuned_network.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert moved_names
    assert not moved_names & {"centre", "spread"}


@pytest.mark.parametrize(("n_points", "share"), [(0, 1 / 2), (300, 2 / 3), (900, 4 / 5), (10**9, 1)])
def test_the_survey_counts_as_much_as_the_teacher_and_more_if_it_is_large(
    n_points: int, share: float
) -> None:
    assert MatcherRecipe().share_of_own(n_points) == pytest.approx(share, abs=1e-5)
    assert MatcherRecipe(own_share=0.3).share_of_own(n_points) == 0.3


def test_averaged_weights_are_the_mean_of_the_last_steps(office: Survey) -> None:
    building, constant = SurveyScans.of(office.train), SMALL.model_copy(update={"schedule": "constant"})

    def after(n_steps: int, averaged: float = 0.0) -> MatcherNetwork:
        recipe = constant.model_copy(update={"averaged": averaged})
        options = RunOptions(device="cpu", budget=Budget(updates=n_steps))
        return learn_from([building], recipe, options, {}).network

    # At a constant rate a shorter run is the beginning of a longer one.
    last = [after(n_steps).state_dict() for n_steps in (6, 7, 8)]
    for name, value in after(8, averaged=3 / 8).state_dict().items():
        torch.testing.assert_close(value, torch.stack([each[name] for each in last]).mean(dim=0))
    assert not torch.equal(last[0]["layers.0.weight"], last[2]["layers.0.weight"])


@pytest.mark.parametrize("averaged", [0.0, 0.7])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(
    office: Survey, tmp_path: Path, averaged: float
) -> None:
    building, recipe = SurveyScans.of(office.train), SMALL.model_copy(update={"averaged": averaged})
    whole = learn_from([building], recipe, RunOptions(device="cpu", budget=Budget(updates=20)), {}).network

    class StopError(Exception):
        pass

    class Stopping(Exercises):
        def batch(self, step: int, batch_size: int, seed: int) -> object:  # type: ignore[override]
            if step == 13:
                raise StopError
            return super().batch(step, batch_size, seed)

    run = RunOptions(
        device="cpu", budget=Budget(updates=20), checkpoint_dir=tmp_path, checkpoint_seconds=0, resume=True
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tutelage.methods.matcher.matcher_training.Exercises", Stopping)
        with pytest.raises(StopError):
            learn_from([building], recipe, run, {"data": "a"})
    with pytest.raises(BadInputError, match="data was 'a', now 'b'"):
        learn_from([building], recipe, run, {"data": "b"})
    resumed = learn_from([building], recipe, run, {"data": "a"}).network
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, rtol=0, atol=0)


def test_scores_are_shares_of_what_is_known() -> None:
    network = MatcherNetwork(8)
    feature = torch.randn(4, 6, network.centre.shape[0])
    known = torch.rand(4, 6) < 0.7
    known[:, 0] = True
    weight = network(feature, known).weight
    torch.testing.assert_close(weight.sum(dim=1), torch.ones(4))
    assert (weight[~known] == 0).all()
    order = torch.randperm(6)  # candidates are weighed one by one: their order says nothing
    torch.testing.assert_close(network(feature[:, order], known[:, order]).weight, weight[:, order])


def test_a_checkpoint_of_other_floors_is_not_gone_on_with(office: Survey, tmp_path: Path) -> None:
    """Floors decide what is one storey, so what is asked about."""
    run = RunOptions(checkpoint_dir=tmp_path / "c", device="cpu")
    settings = {"fine_tune_updates": 4, "exercises": 64, "batch_size": 32}
    Localizer("matcher", settings=settings, run=run, calibrate=False).fit(office)
    other = replace(office.train, floor=np.where(np.arange(len(office.train)) % 2, "0", "1"))
    assert other.content_hash() == office.train.content_hash()
    resumed = Localizer("matcher", settings=settings, run=replace(run, resume=True), calibrate=False)
    with pytest.raises(BadInputError, match="belongs to another run"):
        resumed.fit(Survey("other", other))


@pytest.mark.parametrize("spacing_m", [1e-3, 1.0])
def test_means_of_surroundings_are_stored_at_the_same_places(spacing_m: float) -> None:
    """Also where a point is thousands of spacings away, so that nothing is left of its weight."""
    rng = np.random.default_rng(0)
    place = np.repeat(np.arange(8.0)[:, None] * [3.0, 0.0], 3, axis=0)
    place += rng.normal(0, 1e-3, place.shape) if spacing_m < 1 else 0
    strength = sparse.random_array((24, 9), density=0.4, rng=rng, format="csr")
    found = described_map(strength, place, np.zeros(24, dtype=int))
    assert len(found.near.data) == len(found.near_share) == len(found.near_square)


def test_large_surveys_keep_their_updates() -> None:
    recipe = MatcherRecipe()
    assert [recipe.updates_of(n) for n in (400, 9_999, 10_000, 20_000)] == [320, 320, 1000, 1000]
    assert MatcherRecipe(fine_tune_updates=7).updates_of(20_000) == 7
