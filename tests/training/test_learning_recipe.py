"""Budgets, optimisers and the learning-rate curve."""

from __future__ import annotations

import math
from typing import Any, Literal

import pytest
import torch
from torch import nn

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.training import (
    Budget,
    LearningRecipe,
    changed_recipe,
    descend,
    epochs_in_paper,
    learning_rate_at,
    make_optimizer,
    steps_per_epoch,
)

ONE_CYCLE = LearningRecipe(learning_rate=0.5)


@pytest.mark.parametrize(
    ("progress", "share"), [(0.0, 1 / 25), (0.15, 0.52), (0.3, 1.0), (0.65, 0.500002), (1.0, 1 / 2.5e5)]
)
def test_one_cycle_passes_its_known_points(progress: float, share: float) -> None:
    assert learning_rate_at(ONE_CYCLE, progress) == pytest.approx(0.5 * share, rel=1e-9)


def test_one_cycle_has_the_shape_of_pytorchs() -> None:
    n_steps, peak = 101, 0.3 * 101 - 1  # PyTorch peaks one step before 30 % and ends at its last step
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, n_steps, cycle_momentum=False)
    for step in range(n_steps):
        rising, falling = 0.3 * step / peak, 0.3 + 0.7 * (step - peak) / (n_steps - 1 - peak)
        expected = schedule.get_last_lr()[0]
        assert learning_rate_at(
            ONE_CYCLE, min(rising, falling) if step <= peak else falling
        ) == pytest.approx(expected, rel=1e-6)
        optimizer.step()
        if step + 1 < n_steps:
            schedule.step()


def test_one_cycle_is_continuous_at_its_peak() -> None:
    below, above = (learning_rate_at(ONE_CYCLE, 0.3 + step) for step in (-1e-9, 1e-9))
    assert below == pytest.approx(above, rel=1e-6)


def test_constant_schedule_is_constant() -> None:
    recipe = LearningRecipe(schedule="constant", learning_rate=0.1)
    assert {learning_rate_at(recipe, progress) for progress in (0.0, 0.3, 1.0)} == {0.1}


# -- budget -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_scans", "steps"), [(60, 3), (64, 4), (16, 1), (5, 1)])
def test_epoch_is_whole_batches(n_scans: int, steps: int) -> None:
    assert steps_per_epoch(n_scans, 16) == steps


@pytest.mark.parametrize(
    ("budget", "length", "steps"),
    [
        (Budget(epochs=2), "updates", 6),
        (Budget(epochs=2), "paper_epochs", 6),
        (Budget(updates=5), "paper_epochs", 5),
        (Budget(), "paper_epochs", 6000),
        (Budget(in_paper=True), "updates", 6000),
        (Budget(), "updates", 4000),
    ],
)
def test_budget_comes_before_the_recipes_own_length(
    budget: Budget, length: Literal["updates", "paper_epochs"], steps: int
) -> None:
    assert budget.n_steps(60, LearningRecipe(batch_size=16, length=length)) == steps


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"epochs": 1, "minutes": 1.0}, "either epochs or minutes, not both"),
        ({"minutes": 1.0, "updates": 9}, "either minutes or updates, not both"),
        ({"updates": 0}, "updates must be a positive number, it is 0"),
        ({"epochs": 0}, "epochs must be a positive number, it is 0"),
        ({"minutes": -1.0}, r"minutes must be a positive number, it is -1\.0"),
        ({"minutes": math.nan}, "minutes must be a positive number"),
        ({"minutes": math.inf}, "minutes must be a positive number"),
    ],
)
def test_impossible_budget_is_refused(budget: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        Budget(**budget)


@pytest.mark.parametrize(
    ("n_train", "epochs"), [(697, 2000), (9108, 400), (19937, 500), (100, 2000), (50_000, 500)]
)
def test_epochs_are_the_papers_for_the_set_nearest_in_size(n_train: int, epochs: int) -> None:
    assert epochs_in_paper(n_train) == epochs
    assert epochs_in_paper(n_train, "another building") == epochs


@pytest.mark.parametrize(
    ("survey", "epochs"), [("tampere", 2000), ("utsindoorloc", 400), ("ujiindoorloc", 500)]
)
def test_a_part_of_a_set_of_the_paper_has_the_epochs_of_the_whole(survey: str, epochs: int) -> None:
    for n_scans in (2, 697, 1993, 19_937):
        assert epochs_in_paper(n_scans, survey) == epochs
    recipe = LearningRecipe(batch_size=16, length="paper_epochs")
    assert Budget(in_paper=True).n_steps(64, recipe, survey) == 4 * epochs
    assert Budget().n_steps(64, recipe, survey) == 4 * epochs


# -- recipes ------------------------------------------------------------------------------------

RECIPES = {"fast": LearningRecipe(), "paper": LearningRecipe(optimiser="adam")}


def test_changed_recipe_changes_what_is_given_alone() -> None:
    changed = changed_recipe(RECIPES, "paper", {"batch_size": 64})
    assert changed == LearningRecipe(optimiser="adam", batch_size=64)


def test_unknown_recipe_and_unknown_setting_suggest_near_misses() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown recipe 'papre'\. Did you mean paper"):
        changed_recipe(RECIPES, "papre", {})
    with pytest.raises(UnknownNameError, match=r"'batchsize'\. Did you mean batch_size"):
        changed_recipe(RECIPES, "paper", {"batchsize": 64})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("batch_size", 1),
        ("learning_rate", 0),
        ("access_point_dropout", 1.5),
        ("noise", -0.1),
        ("optimiser", "sgd"),
        ("representation", "linear"),
    ],
)
def test_setting_that_is_not_allowed_is_refused_by_name(setting: str, value: object) -> None:
    with pytest.raises(BadInputError, match=f"setting of the recipe {setting} = {value!r}: "):
        changed_recipe(RECIPES, "paper", {setting: value})


# -- optimiser ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)])
def test_optimiser_is_the_recipes_over_what_still_learns(name: Any, kind: type) -> None:
    learning, frozen = nn.Linear(2, 2), nn.Linear(2, 2).requires_grad_(False)
    optimizer = make_optimizer(LearningRecipe(optimiser=name), learning, frozen)
    assert type(optimizer) is kind
    assert optimizer.param_groups[0]["params"] == list(learning.parameters())


def test_descend_takes_one_step_at_the_given_rate() -> None:
    parameter = nn.Parameter(torch.tensor([3.0]))
    optimizer = torch.optim.SGD([parameter], lr=9.0)
    descend(optimizer, (parameter**2).sum(), learning_rate=0.1)
    torch.testing.assert_close(parameter.detach(), torch.tensor([3.0 - 0.1 * 6.0]))


def test_descend_pushes_no_gradient_into_other_parameters() -> None:
    own, other = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    descend(torch.optim.SGD([own], lr=1.0), (own * other).sum(), learning_rate=0.1)
    assert other.grad is None
    assert float(own.detach()) == pytest.approx(0.9)
