"""Supervised training of a network on its building's own scans, with room for further terms of the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor, nn

from tutelage.data.fingerprints import FingerprintSet
from tutelage.losses import mean_distance
from tutelage.networks import NetworkSpec, Representations, SpecializedNetwork, initialise
from tutelage.training.averaging import WeightAverage
from tutelage.training.device import resolve_device, seeded
from tutelage.training.labels import LabelHeads, label_classes
from tutelage.training.learning_recipe import LearningRecipe, SupervisedRecipe
from tutelage.training.loop import Hook
from tutelage.training.optimiser import descend, learning_rate_at, make_optimizer
from tutelage.training.pretraining import pretrain_network
from tutelage.training.stage import RunOptions, Step, begin, run_stage
from tutelage.training.state import TrainState
from tutelage.training.trained_network import GradientShares, TrainedNetwork
from tutelage.training.training_data import Batch, TrainingData, augment

__all__ = ["LossTerms", "MakeTerms", "Watch", "supervised_step", "train_network"]

_LOOKS = 10  # at the network, in a run that is watched

Watch: TypeAlias = Callable[[TrainedNetwork, int], None]
"""Receives the network in training, and the number of tenths of the run that have passed (1 to 10)."""


class LossTerms(Protocol):
    """Terms of the loss beside the error of the position, such as the paper's constraints."""

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """Modules that learn together with the network, by their name in the checkpoint."""

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        """What must agree for a checkpoint to be continued, by name."""

    @property
    def gradient_shares(self) -> GradientShares | None:
        """The share of each term in what moved the network so far; None before the first look."""

    def total(
        self, j_mae: Tensor, output: Representations, batch: Batch, state: TrainState
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Combine the error of the position with the terms.

        Parameters
        ----------
        j_mae : Tensor
            Mean error of the position, in the unit of the loss (scalar).
        output : Representations
            Output of the network for the batch.
        batch : Batch
            The training scans.
        state : TrainState
            State of the run before the step; it does not change.

        Returns
        -------
        loss : Tensor
            The whole loss (scalar).
        metrics : dict of Tensor
            The terms to report, by name.
        """


MakeTerms: TypeAlias = Callable[[SpecializedNetwork, TrainingData], LossTerms]
"""Makes the terms for a fresh network and its training data, within the run's random numbers."""


def train_network(
    scans: FingerprintSet,
    spec: NetworkSpec,
    settings: Mapping[str, Any],
    recipe: SupervisedRecipe,
    run: RunOptions,
    *,
    terms: MakeTerms | None = None,
    watch: Watch | None = None,
) -> TrainedNetwork:
    """Train a network on the scans of its building.

    Parameters
    ----------
    scans : FingerprintSet
        Training scans, each with at least one reading; with positions, or with places alone: then the loss is
        the cross-entropy of the labels.
    spec : NetworkSpec
        The network.
    settings : Mapping
        Settings of the network that differ from its own.
    recipe : SupervisedRecipe
        Settings of the training.
    run : RunOptions
        Seed, device, budget, checkpoints.
    terms : MakeTerms, optional
        Makes further terms of the loss; without it, the loss is the error of the position and the labels.
    watch : Watch, optional
        Called ten times during the training; an exception that it raises ends the run.

    Returns
    -------
    TrainedNetwork
        On the CPU, in evaluation mode.

    Raises
    ------
    TrainingDivergedError
        If a term of the loss is no finite number.
    """
    device = resolve_device(run.device)
    recipe = recipe.for_survey(run.survey)
    with seeded(run.seed, device):
        has_positions = scans.position_m is not None
        classes = label_classes(scans) if recipe.weight_labels or not has_positions else {}
        representation, data = TrainingData.prepared(scans, recipe, device, classes)
        n_ap = len(representation.access_points)
        module = initialise(SpecializedNetwork(spec, n_ap, settings), recipe.initial_weights).to(device)
        heads = LabelHeads(module.d_e(n_ap), classes).to(device) if classes else None
        loss_terms = terms(module, data) if terms else None
        n_steps = run.budget.n_steps(len(scans), recipe, run.survey)
        state = _fresh_state(module, heads, loss_terms, recipe, n_steps, device)
        state.fingerprint = {
            **_fingerprint(module, recipe, run, scans),
            **(loss_terms.fingerprint if loss_terms else {}),
        }
        step = supervised_step(
            module, state.optimizers["student"], recipe, data.scaler.scale_m, heads, terms=loss_terms
        )
        average = WeightAverage([module] if heads is None else [module, heads], recipe.averaged, state)
        trained = TrainedNetwork(
            module, representation, data.scaler, recipe, n_steps, heads, has_positions=has_positions
        )
        begin(run)
        share_left = pretrain_network(module, data, recipe, run, n_steps)
        run_stage(
            "student",
            state,
            average.wrap(step),
            data,
            recipe.batch_size,
            run,
            share_of_minutes=share_left,
            more_hooks=[_watch_hook(watch, trained)] if watch else [],
        )
    average.settle()
    shares = loss_terms.gradient_shares if loss_terms else None
    return replace(trained.finish(state.n_steps), gradient_shares=shares)


def _fingerprint(
    network: SpecializedNetwork, recipe: LearningRecipe, run: RunOptions, scans: FingerprintSet
) -> dict[str, Any]:
    """Name what must agree for a checkpoint to be continued."""
    return {
        "network": network.spec.name,
        "network_settings": network.settings,
        "recipe": recipe.model_dump(),
        "seed": run.seed,
        "data": scans.full_hash(),
    }


def _fresh_state(
    network: SpecializedNetwork,
    heads: LabelHeads | None,
    terms: LossTerms | None,
    recipe: LearningRecipe,
    n_steps: int,
    device: torch.device,
) -> TrainState:
    """Everything that learns, under one optimiser."""
    modules: dict[str, nn.Module] = {"network": network}
    if heads is not None:
        modules["heads"] = heads
    if terms is not None:
        modules |= terms.modules
    optimizer = make_optimizer(recipe, *modules.values())
    return TrainState(modules, {"student": optimizer}, n_steps, device)


def _watch_hook(watch: Watch, trained: TrainedNetwork) -> Hook:
    def hook(state: TrainState, _: object) -> None:
        tenth, before = (_LOOKS * step // state.n_steps for step in (state.step, state.step - 1))
        if tenth > before:
            trained.network.eval()
            watch(trained, tenth)

    return hook


def supervised_step(
    network: SpecializedNetwork,
    optimizer: torch.optim.Optimizer,
    recipe: LearningRecipe,
    scale_m: float,
    heads: LabelHeads | None = None,
    *,
    terms: LossTerms | None = None,
    weight: float = 1.0,
    frozen: Sequence[nn.Module] = (),
) -> Step:
    """Make a step that lowers the mean distance to the true positions (Paper, Eq. 2, first term).

    Scans without positions teach the labels alone.

    Parameters
    ----------
    network : SpecializedNetwork
        The network that learns.
    optimizer : torch.optim.Optimizer
        Holds the weights of the network, of the heads and of the terms' modules.
    recipe : LearningRecipe
        Augmentation, learning rate, and the weight of the labels.
    scale_m : float
        Metres of one unit of the standardised coordinates.
    heads : LabelHeads, optional
        Heads for floor, building and place; their loss times `weight_labels` is added.
    terms : LossTerms, optional
        Further terms; they combine the distance with their own.
    weight : float, default 1
        Factor of the error in a loss without terms; 1 / scale_m takes the building's size out of metres.
    frozen : sequence of Module
        Parts that do not learn: they stay in evaluation mode, without dropout or new batch statistics.

    Returns
    -------
    Step
        Does one update; returns the terms of the loss, the distance in metres first.
    """

    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        network.train()
        for part in frozen:
            part.eval()
        output = network(augment(batch.scans, recipe))
        if not batch.position.shape[1]:
            assert heads is not None, "scans without positions have places"
            j_labels = heads.loss(output.z_e, batch.labels)
            descend(optimizer, j_labels, learning_rate_at(recipe, state.progress))
            return {"J_labels": j_labels.detach()}
        j_mae = mean_distance(output.position, batch.position, scale_m=scale_m)
        metrics = {"J_MAE": j_mae}
        error = recipe.in_loss(j_mae, scale_m)
        if terms is None:
            loss = weight * error
        else:
            loss, more_metrics = terms.total(error, output, batch, state)
            metrics |= more_metrics
        if heads is not None:
            metrics["J_labels"] = heads.loss(output.z_e, batch.labels)
            loss = loss + recipe.weight_labels * metrics["J_labels"]
        descend(optimizer, loss, learning_rate_at(recipe, state.progress))
        return {name: term.detach() for name, term in metrics.items()}

    return step
