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
from tutelage.data.hold_out import hold_out
from tutelage.errors import BadInputError
from tutelage.losses import angular_similarity
from tutelage.networks import NetworkSpec, SpecializedNetwork, initialise, network_choice, split_settings
from tutelage.paper.expert_training.adversarial_steps import Adversaries, joint_step, surrogate_step
from tutelage.paper.expert_training.generated_distances import frechet_distance, nearest_distance
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
    make_optimizer,
    named_run,
    normalise,
    pretrain_network,
    resolve_device,
    run_stage,
    seeded,
    supervised_step,
)

__all__ = ["teach"]

_GRID = 16
_ROWS = 4096  # scans at a time when nothing is learnt
_STUDENT_SETTINGS = {"weight_labels"}  # in a network file it is meant for the student alone


@dataclass(frozen=True)
class _Source:
    """The source building and its network, as every part of Expert Training needs them."""

    network: SpecializedNetwork
    data: TrainingData
    held_out: TrainingData
    recipe: TeachingRecipe
    run: RunOptions
    fingerprint: dict[str, Any]

    @property
    def scale_m(self) -> float:
        return self.data.scaler.scale_m

    def train(self, stage: str, state: TrainState, step: Step, *, share_of_minutes: float) -> None:
        """Train `state` over the source's scans."""
        state.fingerprint = self.fingerprint
        batch_size = self.recipe.batch_size
        run_stage(stage, state, step, self.data, batch_size, self.run, share_of_minutes=share_of_minutes)


def teach(
    survey: Survey | FingerprintSet,
    network: str = "dnn",
    *,
    recipe: str = "default",
    settings: Mapping[str, Any] | None = None,
    run: RunOptions | None = None,
) -> Teacher:
    """Train a surrogate teacher on a source building.

    One reference point in ten is held out to measure the teacher's quality (`held_out`). No test split is
    used.

    Parameters
    ----------
    survey : Survey or FingerprintSet
        The source building: a survey with a training split, or scans with positions.
    network : str
        Name of a network, or NAME:FILE with a network file. Of the file's recipe, the settings that `teach`
        has count.
    recipe : {"default", "paper", "printed"}
        How the teacher is trained.
    settings : Mapping, optional
        Changes to the settings of the network and of the recipe, by name.
    run : RunOptions, optional
        Seed, device, budget, checkpoints, progress.

    Returns
    -------
    Teacher
        The frozen teacher, with its card.

    Raises
    ------
    BadInputError, UnknownNameError
        If a name, a setting or the data cannot be used.

    Examples
    --------
    >>> import tutelage as tt
    >>> run = tt.RunOptions(device="cpu", budget=tt.Budget(updates=5))
    >>> survey = tt.simulated_survey(n_train=200, n_test=1)
    >>> settings = {"width": 32, "d_e": 16, "critic_steps": 1}  # of the network, and of the recipe
    >>> teacher = tt.teach(survey, "dnn", settings=settings, run=run)
    >>> teacher.card.recipe["critic_steps"]
    1
    """
    choice = network_choice(network)
    network_settings, recipe_settings = split_settings(
        choice.spec, TeachingRecipe.model_fields, settings or {}
    )
    recipe_of_file = choice.recipe_within(LearningRecipe.model_fields.keys() - _STUDENT_SETTINGS)
    full_recipe = teaching_recipe(recipe, {**recipe_of_file, **recipe_settings}, choice.spec)
    train, name, licence = _training_scans(survey)
    run = named_run(run, name)
    full_recipe = full_recipe.for_survey(run.survey)
    device = resolve_device(run.device)
    with seeded(run.seed, device):
        source = _prepare(
            train, choice.spec, {**choice.settings, **network_settings}, full_recipe, run, device
        )
        begin(run)
        generator, n_steps = _train(source)
        quality = _quality(source, generator)
        privacy = _privacy(source, generator)
        quality = quality.model_copy(update=_distances(source, generator))
    card = TeacherCard(
        network=choice.spec.name,
        network_settings=source.network.settings,
        d_e=generator.d_e,
        source=name,
        data_hash=train.content_hash(),
        n_train=len(train),
        licence=licence,
        recipe_name=recipe,
        recipe=full_recipe.model_dump(),
        seed=run.seed,
        n_steps=n_steps,
        quality=quality,
        privacy=privacy,
        place_histogram=_place_histogram(source.data.place),
        version=version("tutelage"),
    )
    return Teacher(generator.cpu(), card)


def _training_scans(survey: Survey | FingerprintSet) -> tuple[FingerprintSet, str, str]:
    train, name, licence = (
        (survey.train, survey.name, survey.licence) if isinstance(survey, Survey) else (survey, "unnamed", "")
    )
    usable_scans = train[train.n_heard > 0]
    if len(usable_scans) < 2:
        raise BadInputError(f"{len(usable_scans)} scans of {name!r} hear anything; a teacher needs a survey")
    return usable_scans, name, licence


def _prepare(
    train: FingerprintSet,
    spec: NetworkSpec,
    settings: Mapping[str, Any],
    recipe: TeachingRecipe,
    run: RunOptions,
    device: torch.device,
) -> _Source:
    training, asked = _divide(train, recipe, run)
    representation, data = TrainingData.prepared(training, recipe, device)
    n_ap = len(representation.access_points)
    network = initialise(SpecializedNetwork(spec, n_ap, settings), recipe.initial_weights).to(device)
    fingerprint = {
        "network": spec.name,
        "network_settings": network.settings,
        "recipe": recipe.model_dump(),
        "seed": run.seed,
        "data": train.full_hash(),
    }
    held_out = TrainingData(asked, representation, data.scaler, device)
    return _Source(network, data, held_out, recipe, run, fingerprint)


def _divide(
    train: FingerprintSet, recipe: TeachingRecipe, run: RunOptions
) -> tuple[FingerprintSet, FingerprintSet]:
    """Divide scans into those to learn and those to measure with; these are the same where all are learnt."""
    if not recipe.held_out:
        return train, train
    division = hold_out(train, recipe.held_out, run.seed, across_phones=False)
    return train[division.rest], train[division.held_out]


def _train(source: _Source) -> tuple[Generator, int]:
    """Train the source network and its generator, together or one after the other (A18)."""
    recipe = source.recipe
    run = source.run
    device = source.data.device
    joint = recipe.source == "joint"
    n_steps = run.budget.n_steps(len(source.data), recipe, run.survey)
    share_left = pretrain_network(source.network, source.data, recipe, run, n_steps)
    optimizer = make_optimizer(recipe, source.network)
    if not joint:
        state = TrainState({"network": source.network}, {"network": optimizer}, n_steps, device)
        step = supervised_step(source.network, optimizer, recipe, source.scale_m)
        source.train("source network", state, step, share_of_minutes=share_left / 2)
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
        state.modules["network"] = source.network
        state.optimizers["network"] = optimizer
        step = joint_step(source.network, optimizer, adversaries, recipe, source.scale_m)
    else:
        step = surrogate_step(representation, source.network, adversaries, recipe, source.scale_m)
    source.train("surrogate teacher", state, step, share_of_minutes=share_left if joint else share_left / 2)
    return generator.eval(), state.n_steps


def _new_generator(representation: Tensor, recipe: TeachingRecipe) -> Generator:
    """Make a fresh generator for representations like these [n, d_E]."""
    fresh = Generator(
        representation.shape[1],
        d_noise=recipe.d_noise,
        d_f=recipe.d_f,
        conditioned=recipe.generator == "location",
        non_negative=bool((representation >= 0).all()),
    )
    return initialise(fresh, recipe.initial_weights).to(representation.device)


@torch.no_grad()
def _representations(network: SpecializedNetwork, data: TrainingData, recipe: TeachingRecipe) -> Tensor:
    """[n, d_E]: Z_E^S of all scans, as at prediction."""
    network.eval()
    rows = torch.split(torch.arange(len(data), device=data.device), _ROWS)
    return torch.cat([network(normalise(data.table.rows(r), recipe)).z_e for r in rows])


@torch.no_grad()
def _quality(source: _Source, generator: Generator) -> Quality:
    """Figures of the card, on the reference points held out of training, or on all where none is."""
    held_out = source.held_out
    regressor = source.network.part("regressor")
    real = _representations(source.network, held_out, source.recipe)
    noise = generator.noise(len(held_out), held_out.device)
    z_e = generator(noise, held_out.place).z_e
    position = regressor(z_e)

    def mean_error_m(estimate: Tensor) -> float:
        return float((estimate - held_out.position).norm(dim=1).mean()) * source.scale_m

    same_place = held_out.place.mean(dim=0).expand_as(held_out.place)
    noise_variance = generator(noise, same_place).z_e.var(dim=0, correction=0).sum()
    variance = z_e.var(dim=0, correction=0).sum().clamp_min(1e-12)
    true_spread = held_out.position.std(dim=0, correction=0).norm().clamp_min(1e-12)
    return Quality(
        source_mae_m=round(mean_error_m(regressor(real)), 3),
        generator_mae_m=round(mean_error_m(position), 3),
        centroid_mae_m=round(mean_error_m(source.data.position.mean(dim=0)), 3),
        angular_similarity=round(
            1 - float(angular_similarity(real, z_e, margin_rad=0.0, form="per_sample")), 4
        ),
        spread=round(float(position.std(dim=0, correction=0).norm() / true_spread), 4),
        diversity=round(float(noise_variance / variance), 4),
    )


@torch.no_grad()
def _distances(source: _Source, generator: Generator) -> dict[str, float]:
    """Figures of the card: how far what is generated is from the representations of the training scans."""
    data = source.data
    real = _representations(source.network, data, source.recipe)
    generated = generator(generator.noise(len(data), data.device), data.place).z_e
    distances = {"frechet": round(frechet_distance(real, generated), 4)}
    if source.recipe.held_out:
        held_out = source.held_out
        new = _representations(source.network, held_out, source.recipe)
        there = generator(generator.noise(len(held_out), data.device), held_out.place).z_e
        distances["nearest"] = round(nearest_distance(real, new, there), 4)
    return distances


def _privacy(source: _Source, generator: Generator) -> Privacy | None:
    """Figures of the card: the training scans against those held out, if any."""
    if not source.recipe.held_out:
        return None
    training, held_out = (
        closeness(generator, _representations(source.network, data, source.recipe), data.place)
        for data in (source.data, source.held_out)
    )
    width_m, height_m = (round(side / _GRID, 1) for side in source.data.scaler.extent_m)
    return Privacy(membership=round(membership(training, held_out), 4), place_cell_m=(width_m, height_m))


def _place_histogram(place: Tensor) -> list[list[float]]:
    """Shares of the scans on a coarse grid over the unit square: how places spread, not where they are."""
    x, y = place.cpu().numpy().T
    counts, _, _ = np.histogram2d(y, x, bins=_GRID, range=[[0, 1], [0, 1]])
    shares: list[list[float]] = np.round(counts / counts.sum(), 5).tolist()
    return shares
