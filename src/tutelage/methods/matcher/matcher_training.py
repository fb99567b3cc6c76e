"""Training of a matcher by exercises on radio maps of other buildings, or of the target itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tutelage.methods.matcher.exercises import ExerciseBatch, Exercises, SurveyScans
from tutelage.methods.matcher.learning_curve import LearningCurve
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.training import (
    RunOptions,
    StepOf,
    TrainState,
    WeightAverage,
    begin,
    descend,
    learning_rate_at,
    make_optimizer,
    resolve_device,
    run_stage,
    seeded,
    threads_for,
)

__all__ = ["Learnt", "errors_m", "exercise_errors_m", "fine_tune_matcher", "learn_from", "place_loss"]

_METRES = 5.0  # a position error of so many metres counts as much as 1 of everything else
_EXAM_SIZE = 512  # exercises by which the result is measured
_NEAREST = 5
_LEAST_VOTE = 1e-4  # what a place gets at least, so that one hopeless scan does not rule a batch


class Learnt(NamedTuple):
    """A matcher that was trained."""

    network: MatcherNetwork
    """In evaluation mode, on the CPU."""
    n_steps: int
    """Its updates."""
    curve: tuple[float, ...]
    """Its error on each round before it learnt that, beside the mean of the five nearest candidates."""


def learn_from(
    buildings: Sequence[SurveyScans],
    recipe: MatcherRecipe,
    run: RunOptions,
    fingerprint: Mapping[str, object],
    share_of_minutes: float = 1.0,
) -> Learnt:
    """Train a matcher on radio maps, from random weights.

    Parameters
    ----------
    buildings : sequence of SurveyScans
        One or several; each gives as many exercises as the others.
    recipe : MatcherRecipe
    run : RunOptions
        Seed, device, length, checkpoints, progress.
    fingerprint : mapping
        What must agree for a checkpoint to be continued.
    share_of_minutes : float
        Part of a length in minutes that this training takes.

    Returns
    -------
    Learnt
    """
    device = resolve_device(run.device)
    with seeded(run.seed, device):
        network = MatcherNetwork(recipe.width).to(device)
        exercises = _exercises(buildings, recipe, run, device)
        first = exercises.batch(0, recipe.exercises, run.seed)
        network.standardise_as(first.feature[first.mask])
        return _train("matcher", network, exercises, recipe, run, fingerprint, share_of_minutes)


def fine_tune_matcher(
    pretrained: MatcherNetwork,
    own: SurveyScans,
    recipe: MatcherRecipe,
    run: RunOptions,
    fingerprint: Mapping[str, object],
) -> Learnt:
    """Fine-tune a pretrained matcher on the target's own radio map.

    The result is the mean of the pretrained weights and of those that learnt the map. What a matcher learns
    from one survey is true of its phones and its day; the mean keeps what other buildings taught. The more
    points a survey has, the more its own weights count.

    Source: Wortsman et al., "Robust fine-tuning of zero-shot models" (CVPR 2022).

    Parameters
    ----------
    pretrained : MatcherNetwork
        It does not change.
    own : SurveyScans
        Scans of the target's radio map.
    recipe : MatcherRecipe
    run : RunOptions
        Seed, device, length, checkpoints, progress.
    fingerprint : mapping
        What must agree for a checkpoint to be continued.

    Returns
    -------
    Learnt
        The mean of both; updates and curve are those of the fine-tuning.
    """
    device = resolve_device(run.device)
    shorter = recipe.model_copy(
        update={
            "updates": recipe.updates_of(len(own)),
            "learning_rate": recipe.fine_tune_learning_rate,
            "passes": recipe.fine_tune_passes,
            "schedule": recipe.fine_tune_schedule,
            "averaged": recipe.fine_tune_averaged,
            "exercises": recipe.round_of(len(own)),
        }
    )
    with seeded(run.seed, device):
        network = MatcherNetwork(recipe.width).to(device)
        network.load_state_dict(pretrained.state_dict())
        exercises = _exercises([own], shorter, run, device)
        tuned = _train("matcher, own map", network, exercises, shorter, run, fingerprint)
    share = recipe.share_of_own(int(own.point.max()) + 1)
    return tuned._replace(network=pretrained.towards(tuned.network, share))


@torch.no_grad()
def exercise_errors_m(
    network: MatcherNetwork, building: SurveyScans, recipe: MatcherRecipe, seed: int
) -> tuple[float, float]:
    """Measure a matcher on fresh exercises in a building.

    A seventh of the reference points are off the radio map, which is whole otherwise. In a building that the
    matcher learnt from, these scans are not new to it.

    Parameters
    ----------
    network : MatcherNetwork
        In evaluation mode, on the CPU.
    building : SurveyScans
        Where the exercises come from.
    recipe : MatcherRecipe
        How they are made.
    seed : int
        Seed of the training; the exercises have another.

    Returns
    -------
    matcher_m, nearest_m : float
        Mean errors in metres: of the matcher, and of the mean of the five nearest candidates.
    """
    whole_maps = recipe.model_copy(update={"exercises": _EXAM_SIZE, "thinned": 0.0})
    exam = Exercises([building], whole_maps, torch.device("cpu"))
    batch = exam.batch(0, _EXAM_SIZE, 2**32 - 1 - seed)
    weight = network(batch.feature, batch.mask).weight
    nearest_m = errors_m(_equal_weights(batch.mask), batch.truth)
    return float(errors_m(weight, batch.truth).mean()), float(nearest_m.mean())


def errors_m(weight: Tensor, offset_m: Tensor) -> Tensor:
    """Measure how far the weighted mean of candidates is from the true position.

    Parameters
    ----------
    weight : Tensor [B, k]
        Weights of the candidates.
    offset_m : Tensor [B, k, 2]
        From the true position to each candidate, in metres.

    Returns
    -------
    Tensor [B]
        Metres.
    """
    error_m: Tensor = (weight[..., None] * offset_m).sum(dim=1).norm(dim=1)
    return error_m


def place_loss(weight: Tensor, is_same: Tensor) -> Tensor:
    """Compute the cross-entropy of the votes on places.

    Parameters
    ----------
    weight : Tensor [B, k]
        Weights of the candidates; each row sums to 1.
    is_same : Tensor [B, k]
        1 for a candidate in the true place of the scan, else 0. A scan without such a candidate counts
        nothing: no weights could vote for its place.

    Returns
    -------
    Tensor
        Mean over the other scans in nats (scalar).
    """
    vote = (weight * is_same).sum(dim=1)
    can_be_right = is_same.any(dim=1)
    nats = -torch.log(vote.clamp_min(_LEAST_VOTE)) * can_be_right
    return nats.sum() / can_be_right.sum().clamp_min(1)


def _equal_weights(mask: Tensor) -> Tensor:
    """Weigh the five nearest candidates alike, and the others with 0; [B, k] like the mask."""
    nearest = mask.float()
    nearest[:, _NEAREST:] = 0
    return nearest / nearest.sum(dim=1, keepdim=True)


def _exercises(
    buildings: Sequence[SurveyScans], recipe: MatcherRecipe, run: RunOptions, device: torch.device
) -> Exercises:
    """Make as many exercises as the run's length needs."""
    n_steps = run.budget.n_steps(sum(len(building) for building in buildings), recipe)
    return Exercises(buildings, recipe, device, n_steps)


def _train(
    stage: str,
    network: MatcherNetwork,
    exercises: Exercises,
    recipe: MatcherRecipe,
    run: RunOptions,
    fingerprint: Mapping[str, object],
    share_of_minutes: float = 1.0,
) -> Learnt:
    optimizer = make_optimizer(recipe, network)
    state = TrainState(
        {"matcher": network}, {"matcher": optimizer}, exercises.n_steps, exercises.device, dict(fingerprint)
    )
    step = _step(network, optimizer, recipe)
    average = WeightAverage([network], recipe.averaged, state)
    curve = LearningCurve(exercises.steps_per_pass(recipe.batch_size), recipe.passes)
    begin(run)
    n_weights = sum(weight.numel() for weight in network.parameters())
    with threads_for(n_weights * recipe.batch_size * recipe.n_candidates):
        run_stage(
            stage,
            state,
            average.wrap(step),
            exercises,
            recipe.batch_size,
            run,
            share_of_minutes=share_of_minutes,
            more_hooks=[curve.note],
        )
    average.settle()
    return Learnt(network.eval().cpu(), state.step, curve.ratios())


def _step(
    network: MatcherNetwork, optimizer: torch.optim.Optimizer, recipe: MatcherRecipe
) -> StepOf[ExerciseBatch]:
    def step(state: TrainState, batch: ExerciseBatch) -> Mapping[str, Tensor]:
        mask = batch.mask
        scores = network(batch.feature, mask)
        nearest = _equal_weights(mask)
        if not batch.has_positions:
            j_place = place_loss(scores.weight, batch.truth[..., 0])
            descend(optimizer, j_place, learning_rate_at(recipe, state.progress))
            return {"J_place": j_place.detach(), "nearest": place_loss(nearest, batch.truth[..., 0])}
        j_mae = errors_m(scores.weight, batch.truth).mean()
        true_log_distance = torch.log1p(batch.truth.norm(dim=2))
        distance_loss = F.smooth_l1_loss(scores.log_distance, true_log_distance, reduction="none")
        j_distance = (distance_loss * mask).sum() / mask.sum()
        loss = j_mae / _METRES + recipe.weight_distance * j_distance
        descend(optimizer, loss, learning_rate_at(recipe, state.progress))
        nearest_m = errors_m(nearest, batch.truth).mean()
        return {"J_MAE": j_mae.detach(), "J_distance": j_distance.detach(), "nearest": nearest_m}

    return step
