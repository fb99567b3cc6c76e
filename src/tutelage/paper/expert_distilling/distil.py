"""Expert Distilling: a network learns its building under the tutelage of teachers (Paper, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import nn

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.losses import MutualInformationEstimator
from tutelage.networks import SpecializedNetwork, network_spec
from tutelage.paper.expert_distilling.distilling_recipe import DistillingRecipe
from tutelage.paper.expert_distilling.pairing import Pairing
from tutelage.paper.expert_distilling.total_loss import distilling_step
from tutelage.paper.expert_training import Teacher, teaching_recipe, untrained_teacher
from tutelage.training import (
    Hook,
    LabelHeads,
    RunOptions,
    Step,
    TrainingData,
    TrainState,
    WeightAverage,
    begin,
    epochs_in_paper,
    label_classes,
    make_optimizer,
    normalised,
    pretrain_network,
    resolve_device,
    run_stage,
    seeded,
    supervised_step,
)
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["TeacherChoice", "Watch", "distil"]

_LOOKS = 10  # at the student, in a run that is watched

TeacherChoice = Teacher | Literal["untrained"]
Watch = Callable[[TrainedNetwork, int], None]
"""Shown the student as it stands, and which tenth of the run has passed (1 to 10)."""


def distil(
    train: FingerprintSet,
    network: str,
    network_settings: dict[str, Any],
    teachers: Sequence[TeacherChoice],
    recipe_name: str,
    recipe: DistillingRecipe,
    options: RunOptions,
    watch: Watch | None = None,
) -> TrainedNetwork:
    """Train `network` on the target building; without teachers, on its own scans alone.

    Parameters
    ----------
    train : scans with positions, each hearing something
    network, network_settings : the student
    teachers : surrogate teachers, or "untrained" for one with random weights
    recipe_name : "paper" takes the paper's number of epochs where the budget is open
    recipe, options : how to learn; seed, device, budget, checkpoints
    watch : called ten times on the way; what it raises ends the run

    Raises
    ------
    BadInputError
        If a teacher was made for another network or another d_E.
    """
    device = resolve_device(options.device)
    with seeded(options.seed, device):
        representation = RssRepresentation.fit(train, recipe.representation, recipe.rss_min_dbm)
        scaler = CoordinateScaler.fit(train.known_position_m)
        n_ap = len(representation.access_points)
        module = SpecializedNetwork(network_spec(network), n_ap, network_settings).to(device)
        classes = label_classes(train) if recipe.weight_labels else {}
        data = TrainingData(train, representation, scaler, device, classes)
        present = _present(teachers, module, data, recipe_name, recipe, options.seed)
        heads = LabelHeads(module.d_e(n_ap), classes).to(device) if classes else None
        epochs = epochs_in_paper(len(train)) if recipe_name == "paper" else None
        n_steps = options.budget.n_steps(len(train), recipe, epochs)
        state = TrainState({"network": module}, {}, n_steps, device)
        state.fingerprint = {
            "network": network,
            "network_settings": module.settings,
            "recipe": recipe.model_dump(),
            "seed": options.seed,
            "data": train.full_hash(),
            "teachers": [[t.card.source, t.content_hash()] for t in present],
        }
        step = _student_step(state, module, heads, present, data, recipe)
        learning = [module] if heads is None else [module, heads]
        average = WeightAverage(learning, recipe.averaged, state)
        student = TrainedNetwork(module, representation, scaler, recipe, n_steps, heads)
        begin(options)
        left = pretrain_network(module, data, recipe, options, n_steps)
        hooks = [_shown_to(watch, student)] if watch else []
        run_stage(
            "student",
            state,
            average.following(step),
            data,
            recipe.batch_size,
            options,
            share_of_minutes=left,
            more_hooks=hooks,
        )
    average.settle()
    return student.finished(state.n_steps)


def _shown_to(watch: Watch, student: TrainedNetwork) -> Hook:
    def hook(state: TrainState, _: object) -> None:
        tenth, before = (_LOOKS * step // state.n_steps for step in (state.step, state.step - 1))
        if tenth > before:
            student.network.eval()
            watch(student, tenth)

    return hook


def _student_step(
    state: TrainState,
    student: SpecializedNetwork,
    heads: LabelHeads | None,
    teachers: Sequence[Teacher],
    data: TrainingData,
    recipe: DistillingRecipe,
) -> Step:
    """The step of the run, its modules and optimisers put into `state`."""
    scale_m = data.scaler.scale_m
    learning: list[nn.Module] = [student]
    if heads is not None:
        state.modules["heads"] = heads
        learning.append(heads)
    if not teachers:
        state.optimizers["student"] = optimizer = make_optimizer(recipe, *learning)
        return supervised_step(student, optimizer, recipe, scale_m, heads)
    psi = MutualInformationEstimator(teachers[0].card.d_e).to(state.device)
    pairing = Pairing(teachers, recipe, len(data), state.device)
    state.modules["psi"] = psi
    state.optimizers["student"] = optimizer = make_optimizer(recipe, *learning, psi)
    return distilling_step(student, pairing, psi, optimizer, recipe, scale_m, heads)


def _present(
    teachers: Sequence[TeacherChoice],
    student: SpecializedNetwork,
    data: TrainingData,
    recipe_name: str,
    recipe: DistillingRecipe,
    seed: int,
) -> list[Teacher]:
    """The teachers themselves, untrained ones made; each must fit the student."""
    if not teachers:
        return []
    with torch.no_grad():
        scans = normalised(data.table.rows(torch.arange(min(2, len(data)), device=data.device)), recipe)
        z_e = student.eval()(scans).z_e
    d_e, non_negative = int(z_e.shape[1]), bool((z_e >= 0).all())
    present = [
        untrained_teacher(
            student.spec.name,
            d_e,
            teaching_recipe(recipe_name),
            non_negative=non_negative,
            seed=seed + position,
        )
        if teacher == "untrained"
        else teacher
        for position, teacher in enumerate(teachers)
    ]
    for teacher in present:
        teacher.require_fit(student.spec.name, d_e)
    return present
