"""Teaching a matcher: exercises on radio maps, of other buildings or of the target itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from tutelage.methods.matcher.exercises import ExerciseBatch, Exercises, Surveyed
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
)

__all__ = ["errors_m", "exercise_errors_m", "fine_tune_matcher", "learn_from"]

_METRES = 5.0  # of position error count as much as 1 of everything else
_EXAM = 512  # exercises that measure what was learnt
_NEAREST = 5


def learn_from(
    buildings: Sequence[Surveyed],
    recipe: MatcherRecipe,
    options: RunOptions,
    fingerprint: Mapping[str, object],
    share_of_minutes: float = 1.0,
) -> tuple[MatcherNetwork, int]:
    """A matcher with random weights that learns from radio maps.

    Parameters
    ----------
    buildings : one or several, each as often as the others
    options : seed, device, budget, checkpoints, log, progress
    fingerprint : what must agree for a checkpoint to be continued
    share_of_minutes : of a budget in minutes

    Returns
    -------
    the matcher, in evaluation mode on the CPU, and its updates
    """
    device = resolve_device(options.device)
    with seeded(options.seed, device):
        network = MatcherNetwork(recipe.width).to(device)
        exercises = _exercises(buildings, recipe, options, device)
        first = exercises.batch(0, recipe.exercises, options.seed)
        network.standardise_as(first.feature[first.known])
        return _learnt("matcher", network, exercises, recipe, options, fingerprint, share_of_minutes)


def fine_tune_matcher(
    taught: MatcherNetwork,
    own: Surveyed,
    recipe: MatcherRecipe,
    options: RunOptions,
    fingerprint: Mapping[str, object],
) -> tuple[MatcherNetwork, int]:
    """The mean of `taught` and a copy of it that went on with the target's own radio map.

    What a matcher learns from one survey holds for its phones and its day; the mean of the weights keeps what
    other buildings taught. The more points a survey has, the more its own weights count.
    Source: Wortsman et al., "Robust fine-tuning of zero-shot models" (CVPR 2022).
    Parameters as of `learn_from`.
    """
    device = resolve_device(options.device)
    shorter = recipe.model_copy(
        update={
            "updates": recipe.fine_tune_updates,
            "learning_rate": recipe.fine_tune_learning_rate,
            "passes": recipe.fine_tune_passes,
        }
    )
    with seeded(options.seed, device):
        network = MatcherNetwork(recipe.width).to(device)
        network.load_state_dict(taught.state_dict())
        exercises = _exercises([own], shorter, options, device)
        tuned, n_steps = _learnt("matcher, own map", network, exercises, shorter, options, fingerprint)
    return taught.towards(tuned, recipe.share_of_own(int(own.point.max()) + 1)), n_steps


@torch.no_grad()
def exercise_errors_m(
    network: MatcherNetwork, building: Surveyed, recipe: MatcherRecipe, seed: int
) -> tuple[float, float]:
    """Mean errors on fresh exercises: of the matcher, and of the mean of the five nearest candidates.

    A seventh of the reference points are off the radio map, which is whole otherwise; but scans of a building
    that the matcher learnt in are not new to it.

    Parameters
    ----------
    network : in evaluation mode, on the CPU
    building, recipe : where the exercises come from, and how they are drawn
    seed : of the teaching; this round has another
    """
    whole_maps = recipe.model_copy(update={"exercises": _EXAM, "thinned": 0.0})
    exam = Exercises([building], whole_maps, torch.device("cpu"))
    batch = exam.batch(0, _EXAM, 2**32 - 1 - seed)
    weight = network(batch.feature, batch.known).weight
    nearest = batch.known[:, :_NEAREST].float()
    even = nearest / nearest.sum(dim=1, keepdim=True)
    alike_m = errors_m(even, batch.offset_m[:, :_NEAREST])
    return float(errors_m(weight, batch.offset_m).mean()), float(alike_m.mean())


def errors_m(weight: Tensor, offset_m: Tensor) -> Tensor:
    """[B] from the truth to the weighted mean of candidates; of weights [B, k] and offsets [B, k, 2]."""
    error_m: Tensor = (weight[..., None] * offset_m).sum(dim=1).norm(dim=1)
    return error_m


def _exercises(
    buildings: Sequence[Surveyed], recipe: MatcherRecipe, options: RunOptions, device: torch.device
) -> Exercises:
    """As many as the run asks for."""
    n_steps = options.budget.n_steps(sum(len(building) for building in buildings), recipe)
    return Exercises(buildings, recipe, device, n_steps)


def _learnt(
    stage: str,
    network: MatcherNetwork,
    exercises: Exercises,
    recipe: MatcherRecipe,
    options: RunOptions,
    fingerprint: Mapping[str, object],
    share_of_minutes: float = 1.0,
) -> tuple[MatcherNetwork, int]:
    optimizer = make_optimizer(recipe, network)
    state = TrainState(
        {"matcher": network}, {"matcher": optimizer}, exercises.n_steps, exercises.device, dict(fingerprint)
    )
    step = _step(network, optimizer, recipe)
    average = WeightAverage([network], recipe.averaged, state)
    begin(options)
    run_stage(
        stage,
        state,
        average.following(step),
        exercises,
        recipe.batch_size,
        options,
        share_of_minutes=share_of_minutes,
    )
    average.settle()
    return network.eval().cpu(), state.step


def _step(
    network: MatcherNetwork, optimizer: torch.optim.Optimizer, recipe: MatcherRecipe
) -> StepOf[ExerciseBatch]:
    def step(state: TrainState, batch: ExerciseBatch) -> Mapping[str, Tensor]:
        known = batch.known
        scores = network(batch.feature, known)
        j_mae = errors_m(scores.weight, batch.offset_m).mean()
        true = torch.log1p(batch.offset_m.norm(dim=2))
        apart = F.smooth_l1_loss(scores.log_distance, true, reduction="none")
        j_distance = (apart * known).sum() / known.sum()
        loss = j_mae / _METRES + recipe.weight_distance * j_distance
        descend(optimizer, loss, learning_rate_at(recipe, state.progress))
        return {"J_MAE": j_mae.detach(), "J_distance": j_distance.detach()}

    return step
