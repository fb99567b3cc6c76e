"""Expert Distilling: a network learns its building under the tutelage of teachers (Paper, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import torch

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.networks import NetworkSpec, SpecializedNetwork
from tutelage.paper.expert_distilling.distilling_recipe import DistillingRecipe
from tutelage.paper.expert_distilling.total_loss import DistillingTerms
from tutelage.paper.expert_training import Teacher, teaching_recipe, untrained_teacher
from tutelage.training import (
    RunOptions,
    TrainedNetwork,
    TrainingData,
    Watch,
    normalise,
    train_network,
)

__all__ = ["TeacherChoice", "distil"]

TeacherChoice: TypeAlias = Teacher | Literal["untrained"]


def distil(
    scans: FingerprintSet,
    spec: NetworkSpec,
    settings: Mapping[str, Any],
    teachers: Sequence[TeacherChoice],
    recipe: DistillingRecipe,
    run: RunOptions,
    *,
    recipe_name: str = "default",
    watch: Watch | None = None,
) -> TrainedNetwork:
    """Train a network on the scans of its building and, at the same time, on what teachers generate.

    The training is `train_network`; the overall loss (Eq. 12) takes the place of the error alone.

    Parameters
    ----------
    scans : FingerprintSet
        Training scans with positions, each with at least one reading.
    spec : NetworkSpec
        The network.
    settings : Mapping
        Settings of the network that differ from its own.
    teachers : sequence of Teacher or "untrained"
        Surrogate teachers; "untrained" makes one with random weights, the control.
    recipe : DistillingRecipe
        Settings of the training.
    run : RunOptions
        Seed, device, budget, checkpoints.
    recipe_name : {"default", "paper", "printed"}
        Name of the recipe of the untrained teachers.
    watch : Watch, optional
        Called ten times during the training; an exception that it raises ends the run.

    Returns
    -------
    TrainedNetwork
        On the CPU, in evaluation mode.

    Raises
    ------
    BadInputError
        If there is no teacher, or one was made for another network or another d_E.
    """
    if not teachers:
        raise BadInputError("Expert Distilling learns from teachers, and none is given; name at least one")

    def make_terms(network: SpecializedNetwork, data: TrainingData) -> DistillingTerms:
        all_teachers = _all_teachers(teachers, network, data, recipe_name, recipe, run.seed)
        return DistillingTerms(network, all_teachers, data, recipe)

    return train_network(
        scans,
        spec,
        settings,
        recipe,
        run,
        terms=make_terms,
        watch=watch,
    )


def _all_teachers(
    teachers: Sequence[TeacherChoice],
    network: SpecializedNetwork,
    data: TrainingData,
    recipe_name: str,
    recipe: DistillingRecipe,
    seed: int,
) -> list[Teacher]:
    """Make the untrained teachers, and refuse one that does not fit the network."""
    with torch.no_grad():
        scans = normalise(data.table.rows(torch.arange(min(2, len(data)), device=data.device)), recipe)
        z_e = network.eval()(scans).z_e
    d_e = int(z_e.shape[1])
    non_negative = bool((z_e >= 0).all())
    all_teachers = [
        untrained_teacher(
            network.spec.name,
            d_e,
            teaching_recipe(recipe_name),
            non_negative=non_negative,
            seed=seed + position,
        )
        if teacher == "untrained"
        else teacher
        for position, teacher in enumerate(teachers)
    ]
    for teacher in all_teachers:
        teacher.require_fit(network.spec.name, d_e)
    return all_teachers
