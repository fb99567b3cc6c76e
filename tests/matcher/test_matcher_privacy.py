"""Whether a pretrained matcher tells scans that it learnt from others: the attack, and what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tutelage.data.fingerprints import Survey
from tutelage.methods.matcher.exercises import SurveyScans, some_groups
from tutelage.methods.matcher.matcher_privacy import memberships
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.pretrained import PretrainedMatcher, pretrain
from tutelage.training import Budget, RunOptions
from tutelage.training.loop import Hook, fit_into

SMALL = MatcherRecipe(exercises=64, batch_size=32, n_candidates=12, width=16, updates=20)
CPU = RunOptions(device="cpu")


def pretrained(survey: Survey, *, privacy: bool, run: RunOptions = CPU) -> PretrainedMatcher:
    return pretrain([survey], settings=SMALL.model_dump(), privacy=privacy, run=run)


def attack(buildings: list[SurveyScans], seed: int = 0) -> list[float | None]:
    return memberships(buildings, SMALL, RunOptions(device="cpu", seed=seed), {})


def test_a_short_lesson_gives_nothing_away(museum: Survey, office: Survey) -> None:
    shares = attack([SurveyScans.of(museum.train), SurveyScans.of(office.train)])
    assert len(shares) == 2
    assert all(share is not None and 0.3 < share < 0.7 for share in shares)


def test_scans_that_are_harder_than_those_learnt_from_are_told_apart(
    museum: Survey,
) -> None:
    """The attack works where there is something to find: unseen points that hear what others hear."""
    whole = SurveyScans.of(museum.train)
    unseen = some_groups(whole.point, np.random.default_rng((0, 1)))  # those that the attack will draw
    rows = np.arange(len(whole))
    rows[unseen] = np.random.default_rng(0).permutation(np.flatnonzero(~unseen))[: unseen.sum()]
    [share] = attack([replace(whole, strength=whole.strength[rows])])
    assert share is not None
    assert share > 0.75


def test_same_seed_same_figures_and_a_small_building_has_none(museum: Survey) -> None:
    whole = SurveyScans.of(museum.train)
    assert attack([whole]) == attack([whole])
    few = whole[np.flatnonzero(whole.point < 19)]
    assert attack([whole, few])[1] is None


def test_card_has_the_figures_where_they_are_asked_for_and_the_same_weights(museum: Survey) -> None:
    without, measured = (pretrained(museum, privacy=privacy) for privacy in (False, True))
    assert without.card.sources[0].membership is None
    assert measured.card.sources[0].membership == pytest.approx(
        memberships(
            [SurveyScans.of(museum.train)],
            SMALL,
            CPU,
            {},
        )[0],
        abs=1e-4,
    )
    for name, weight in without.network.state_dict().items():
        assert weight.equal(measured.network.state_dict()[name])


def test_a_lesson_is_as_long_for_the_twin(museum: Survey) -> None:
    longer = memberships([SurveyScans.of(museum.train)], SMALL, replace(CPU, budget=Budget(updates=40)), {})
    assert longer != attack([SurveyScans.of(museum.train)])


def test_the_matcher_and_its_twin_share_the_minutes(museum: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    minutes_each: list[float] = []

    def note(minutes: float, first_step: int) -> Hook:
        minutes_each.append(minutes)
        return fit_into(1e-6, first_step)

    monkeypatch.setattr("tutelage.training.stage.fit_into", note)
    lesson = replace(CPU, budget=Budget(minutes=3.0))
    for privacy in (True, False):
        pretrained(museum, privacy=privacy, run=lesson)
    assert minutes_each == [1.5, 1.5, 3.0]
