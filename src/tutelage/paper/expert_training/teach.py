"""Expert Training: from a source building to a surrogate teacher (Paper, section 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.data.splits import split_by_position
from tutelage.errors import BadInputError
from tutelage.losses import angular_similarity
from tutelage.networks import SpecializedNetwork, network_choice, network_spec
from tutelage.paper.expert_training.adversarial_steps import Adversaries, joint_step, surrogate_step
from tutelage.paper.expert_training.generator import Generator
from tutelage.paper.expert_training.surrogate_teacher import Privacy, Quality, Teacher, TeacherCard
from tutelage.paper.expert_training.teacher_privacy import closeness, membership
from tutelage.paper.expert_training.teaching_recipe import TeachingRecipe, teaching_recipe
from tutelage.training import (
    LearningRecipe,
    RunOptions,
    Step,
    TrainingData,
    TrainState,
    begin,
    epochs_in_paper,
    make_optimizer,
    normalised,
    pretrain_network,
    resolve_device,
    run_stage,
    seeded,
    supervised_step,
)

__all__ = ["teach"]

_HELD_OUT = 0.1
_GRID = 16
_ROWS = 4096  # scans at a time when nothing is learnt
_OF_STUDENTS = {"weight_labels"}  # in a network file it is meant for the student alone


@dataclass(frozen=True)
class _Source:
    """What every part of Expert Training needs of the source building."""

    network: SpecializedNetwork
    data: TrainingData
    held: TrainingData
    recipe: TeachingRecipe
    options: RunOptions
    fingerprint: dict[str, Any]

    @property
    def scale_m(self) -> float:
        return self.data.scaler.scale_m

    def run(self, stage: str, state: TrainState, step: Step, *, share_of_minutes: float) -> None:
        """Train `state` over the source's scans."""
        state.fingerprint = self.fingerprint
        batch_size = self.recipe.batch_size
        run_stage(stage, state, step, self.data, batch_size, self.options, share_of_minutes=share_of_minutes)


def teach(
    source: Survey | FingerprintSet,
    network: str = "dnn",
    *,
    recipe: str = "default",
    settings: Mapping[str, Any] | None = None,
    network_settings: Mapping[str, Any] | None = None,
    options: RunOptions | None = None,
) -> Teacher:
    """Train a surrogate teacher on a source building.

    One reference point in ten is held out to measure the teacher's quality; no test split is touched.

    Parameters
    ----------
    source : a survey (its training split is used) or a fingerprint set with positions
    network : name of a registered network, or NAME:FILE for one with the settings of a network file; of those
        of the recipe, the ones of learning
    recipe : "paper" or "default"
    settings : changes to the recipe
    network_settings : settings of the network
    options : seed, device, budget, checkpoints, progress

    Raises
    ------
    BadInputError, UnknownNameError
        If a name, a setting or the data cannot be used.
    """
    options = options or RunOptions()
    choice = network_choice(network)
    spec, of_recipe = choice.spec, choice.recipe_within(LearningRecipe.model_fields.keys() - _OF_STUDENTS)
    chosen = teaching_recipe(recipe, {**of_recipe, **(settings or {})}, spec)
    train, name, licence = _training_scans(source)
    device = resolve_device(options.device)
    with seeded(options.seed, device):
        of_network = {**choice.settings, **(network_settings or {})}
        prepared = _prepare(train, spec.name, of_network, chosen, options, device)
        begin(options)
        generator, n_steps = _train(prepared, train)
        quality, privacy = _quality(prepared, generator), _privacy(prepared, generator)
    card = TeacherCard(
        network=spec.name,
        network_settings=prepared.network.settings,
        d_e=generator.d_e,
        source=name,
        data_hash=train.content_hash(),
        n_train=len(train),
        licence=licence,
        recipe_name=recipe,
        recipe=chosen.model_dump(),
        seed=options.seed,
        n_steps=n_steps,
        quality=quality,
        privacy=privacy,
        place_histogram=_place_histogram(prepared.data.place),
        version=version("tutelage"),
    )
    return Teacher(generator.cpu(), card)


def _training_scans(source: Survey | FingerprintSet) -> tuple[FingerprintSet, str, str]:
    train, name, licence = (
        (source.train, source.name, source.licence) if isinstance(source, Survey) else (source, "unnamed", "")
    )
    heard = train[train.n_heard > 0]
    if len(heard) < 2:
        raise BadInputError(f"{len(heard)} scans of {name!r} hear anything; a teacher needs a survey")
    return heard, name, licence


def _prepare(
    train: FingerprintSet,
    network: str,
    network_settings: Mapping[str, Any] | None,
    recipe: TeachingRecipe,
    options: RunOptions,
    device: torch.device,
) -> _Source:
    rest, held = split_by_position(train, fraction=_HELD_OUT, seed=options.seed)
    representation = RssRepresentation.fit(train[rest], recipe.representation, recipe.rss_min_dbm)
    scaler = CoordinateScaler.fit(train[rest].known_position_m)
    n_ap = len(representation.access_points)
    student = SpecializedNetwork(network_spec(network), n_ap, network_settings).to(device)
    fingerprint = {
        "network": network,
        "network_settings": student.settings,
        "recipe": recipe.model_dump(),
        "seed": options.seed,
        "data": train.full_hash(),
    }
    data, beside = (TrainingData(train[rows], representation, scaler, device) for rows in (rest, held))
    return _Source(student, data, beside, recipe, options, fingerprint)


def _train(source: _Source, train: FingerprintSet) -> tuple[Generator, int]:
    """The source network and its generator, together or one after the other (A18)."""
    recipe, options, device = source.recipe, source.options, source.data.device
    joint = recipe.source == "joint"
    epochs = epochs_in_paper(len(train)) if joint else None
    n_steps = options.budget.n_steps(len(source.data), recipe, epochs)
    left = pretrain_network(source.network, source.data, recipe, options, n_steps)
    optimizer = make_optimizer(recipe, source.network)
    if not joint:
        state = TrainState({"network": source.network}, {"network": optimizer}, n_steps, device)
        step = supervised_step(source.network, optimizer, recipe, source.scale_m)
        source.run("source network", state, step, share_of_minutes=left / 2)
    representation = _representations(source.network, source.data, recipe)
    generator = _new_generator(representation, recipe)
    adversaries = Adversaries.make(generator, recipe)
    state = TrainState(
        {"generator": generator, "critic": adversaries.critic},
        {"generator": adversaries.generator_optimizer, "critic": adversaries.critic_optimizer},
        n_steps,
        device,
    )
    if joint:
        state.modules["network"], state.optimizers["network"] = source.network, optimizer
        step = joint_step(source.network, optimizer, adversaries, recipe, source.scale_m)
    else:
        step = surrogate_step(representation, source.network, adversaries, recipe, source.scale_m)
    source.run("surrogate teacher", state, step, share_of_minutes=left if joint else left / 2)
    return generator.eval(), state.n_steps


def _new_generator(representation: Tensor, recipe: TeachingRecipe) -> Generator:
    """A fresh generator of representations like these [n, d_E]."""
    return Generator(
        representation.shape[1],
        d_noise=recipe.d_noise,
        d_f=recipe.d_f,
        conditioned=recipe.generator == "location",
        non_negative=bool((representation >= 0).all()),
    ).to(representation.device)


@torch.no_grad()
def _representations(network: SpecializedNetwork, data: TrainingData, recipe: TeachingRecipe) -> Tensor:
    """[n, d_E]: Z_E^S of all scans, as at prediction."""
    network.eval()
    rows = torch.split(torch.arange(len(data), device=data.device), _ROWS)
    return torch.cat([network(normalised(data.table.rows(r), recipe)).z_e for r in rows])


@torch.no_grad()
def _quality(source: _Source, generator: Generator) -> Quality:
    """Figures of the card, on the reference points held out."""
    held, regressor = source.held, source.network.part("regressor")
    real = _representations(source.network, held, source.recipe)
    noise = generator.noise(len(held), held.device)
    z_e = generator(noise, held.place).z_e
    shown = regressor(z_e)

    def mean_error_m(found: Tensor) -> float:
        return float((found - held.position).norm(dim=1).mean()) * source.scale_m

    same_place = held.place.mean(dim=0).expand_as(held.place)
    noise_alone = generator(noise, same_place).z_e.var(dim=0, correction=0).sum()
    all_of_it = z_e.var(dim=0, correction=0).sum().clamp_min(1e-12)
    true_spread = held.position.std(dim=0, correction=0).norm().clamp_min(1e-12)
    return Quality(
        source_mae_m=round(mean_error_m(regressor(real)), 3),
        generator_mae_m=round(mean_error_m(shown), 3),
        centroid_mae_m=round(mean_error_m(source.data.position.mean(dim=0)), 3),
        angular_similarity=round(
            1 - float(angular_similarity(real, z_e, margin_rad=0.0, form="per_sample")), 4
        ),
        spread=round(float(shown.std(dim=0, correction=0).norm() / true_spread), 4),
        diversity=round(float(noise_alone / all_of_it), 4),
    )


def _privacy(source: _Source, generator: Generator) -> Privacy:
    """Figures of the card: the scans learnt from against those held out."""
    learnt, other = (
        closeness(generator, _representations(source.network, data, source.recipe), data.place)
        for data in (source.data, source.held)
    )
    width_m, height_m = (round(side / _GRID, 1) for side in source.data.scaler.extent_m)
    return Privacy(membership=round(membership(learnt, other), 4), place_cell_m=(width_m, height_m))


def _place_histogram(place: Tensor) -> list[list[float]]:
    """Shares of the scans on a coarse grid over the unit square: how places spread, not where they are."""
    x, y = place.cpu().numpy().T
    counts, _, _ = np.histogram2d(y, x, bins=_GRID, range=[[0, 1], [0, 1]])
    shares: list[list[float]] = np.round(counts / counts.sum(), 5).tolist()
    return shares
