"""Sequential and collective transfer: a network learns source buildings, then the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.errors import BadInputError
from tutelage.networks import (
    NetworkSpec,
    SpecializedNetwork,
    behind_encoder,
    encoder_of,
    initialise,
    same_trunk,
    trunk_of,
)
from tutelage.paper.transfer.transfer_recipe import TransferRecipe
from tutelage.training import (
    Batch,
    LabelHeads,
    RunOptions,
    TrainedNetwork,
    TrainingData,
    TrainState,
    begin,
    label_classes,
    make_optimizer,
    resolve_device,
    run_stage,
    seeded,
    supervised_step,
)

__all__ = ["RoundRobin", "Source", "TransferKind", "transfer"]

TransferKind = Literal["collective", "sequential"]


class Source(NamedTuple):
    """A source building."""

    name: str
    """Name of its survey."""
    train: FingerprintSet
    """Scans with positions, each hearing something."""


class RoundRobin:
    """Batches of several training sets in turn, each as often as its own length says, evenly spread.

    Parameters
    ----------
    sets : sequence of TrainingData
        N training sets; each goes through its own epochs.
    n_steps : sequence of int
        Length of each set's own training. With equal lengths, step i draws from set i mod N. A longer run
        begins the order again.
    """

    def __init__(self, sets: Sequence[TrainingData], n_steps: Sequence[int]) -> None:
        self.sets = sets
        self.n_steps = n_steps
        turn = np.concatenate([np.arange(n) for n in n_steps])
        position = np.repeat(np.arange(len(sets)), n_steps)
        order = np.lexsort((position, (turn + 0.5) / np.repeat(n_steps, n_steps)))
        self._turn = turn[order]
        self._position = position[order]

    def set_at(self, step: int) -> int:
        """Say which set a step draws from.

        Parameters
        ----------
        step : int
            Number of the step.

        Returns
        -------
        int
            Its place in `sets`.
        """
        return int(self._position[step % len(self._position)])

    def batch(self, step: int, batch_size: int, seed: int) -> Batch:
        """Make the batch of a step; see `Batches.batch`."""
        cycle, place = divmod(step, len(self._turn))
        position = self.set_at(step)
        turn = cycle * self.n_steps[position] + int(self._turn[place])
        return self.sets[position].batch(turn, batch_size, seed)


@dataclass(frozen=True)
class _Building:
    """A building's data and its network: an encoder of its own before the shared trunk."""

    survey: str
    representation: RssRepresentation
    data: TrainingData
    network: SpecializedNetwork

    @property
    def scale_m(self) -> float:
        return self.data.scaler.scale_m


@dataclass(frozen=True)
class _Stages:
    """What is the same for all stages of a run."""

    recipe: TransferRecipe
    run: RunOptions
    device: torch.device
    n_buildings: int
    fingerprint: dict[str, Any]

    def state(self, modules: dict[str, nn.Module], buildings: Sequence[_Building]) -> TrainState:
        """Make the state of a stage that is as long as its buildings would take one by one."""
        optimizer = make_optimizer(self.recipe, nn.ModuleDict(modules))  # counts shared weights once
        n_steps = sum(self.n_steps(building) for building in buildings)
        return TrainState(modules, {"all": optimizer}, n_steps, self.device, self.fingerprint)

    def n_steps(self, building: _Building) -> int:
        """Count the steps that a building takes by itself."""
        return self.run.budget.n_steps(len(building.data), self.recipe, building.survey)


def transfer(
    scans: FingerprintSet,
    spec: NetworkSpec,
    settings: Mapping[str, Any],
    sources: Sequence[Source],
    kind: TransferKind,
    recipe: TransferRecipe,
    run: RunOptions,
) -> TrainedNetwork:
    """Train a network on source buildings, then on the target building.

    Every building has its own encoder, representation of RSS and standardised coordinates; the network
    behind the encoder is shared. Unlike Expert Distilling, this needs the data of the sources.

    Parameters
    ----------
    scans : FingerprintSet
        Training scans of the target with positions, each with at least one reading.
    spec : NetworkSpec
        The network that all buildings share.
    settings : Mapping
        Settings of the network that differ from its own.
    sources : sequence of Source
        At least one source building.
    kind : {"collective", "sequential"}
        "collective" is one stage in which the sources take turns, each as long as by itself. "sequential" is
        a stage for each source, in their order. The target follows in a stage of its own.
    recipe : TransferRecipe
        Settings of the training.
    run : RunOptions
        Seed, device, budget, checkpoints.

    Returns
    -------
    TrainedNetwork
        On the CPU, in evaluation mode.

    Raises
    ------
    BadInputError
        If there is no source.

    Notes
    -----
    Source: Klus et al., "Transfer learning for convolutional indoor positioning systems" (IPIN 2021), as the
    paper describes its comparison with it. docs/concepts/framework.md says which choices are ours.
    """
    if not sources:
        raise BadInputError(f"{kind} transfer learns from source buildings first; name at least one source")
    device = resolve_device(run.device)
    with seeded(run.seed, device):
        classes = label_classes(scans) if recipe.weight_labels else {}
        *source_buildings, target = _make_buildings(
            Source(run.survey, scans), spec, settings, sources, recipe, device, classes
        )
        heads = LabelHeads(_d_e(target), classes).to(device) if classes else None
        fingerprint = {
            "transfer": kind,
            "network": spec.name,
            "network_settings": target.network.settings,
            "recipe": recipe.model_dump(),
            "seed": run.seed,
            "data": scans.full_hash(),
            "sources": [[source.name, source.train.full_hash()] for source in sources],
        }
        stages = _Stages(recipe, run, device, len(sources) + 1, fingerprint)
        begin(run)
        if kind == "collective":
            _learn_sources(stages, "sources", source_buildings)
        else:
            for number, building in enumerate(source_buildings, start=1):
                _learn_sources(stages, f"source {number}", [building])
        n_steps = _learn_target(stages, target, heads)
    trained = TrainedNetwork(
        target.network, target.representation, target.data.scaler, recipe, n_steps, heads
    )
    return trained.finish(n_steps)


def _make_buildings(
    target: Source,
    spec: NetworkSpec,
    settings: Mapping[str, Any],
    sources: Sequence[Source],
    recipe: TransferRecipe,
    device: torch.device,
    classes: Mapping[str, Sequence[str]],
) -> list[_Building]:
    """Make the sources and, last, the target, on one trunk."""
    parts = [TrainingData.prepared(source.train, recipe, device) for source in sources]
    parts.append(TrainingData.prepared(target.train, recipe, device, classes))
    names = [source.name for source in (*sources, target)]
    n_first, *n_others, n_target = (len(representation.access_points) for representation, _ in parts)
    behind = behind_encoder(spec, recipe.encoder_width)
    kind = recipe.initial_weights
    first = initialise(SpecializedNetwork(behind, n_first, settings), kind).to(device)
    others = [initialise(same_trunk(first, n_ap), kind) for n_ap in n_others]
    last = initialise(same_trunk(first, n_target, new_regressor=recipe.regressor == "new"), kind)
    return [
        _Building(name, representation, data, module)
        for name, (representation, data), module in zip(names, parts, [first, *others, last], strict=True)
    ]


def _d_e(building: _Building) -> int:
    return building.network.d_e(len(building.representation.access_points))


def _learn_sources(stages: _Stages, stage: str, buildings: Sequence[_Building]) -> None:
    """One stage over `buildings` in turn; their sizes are taken out of the loss."""
    turns = RoundRobin([each.data for each in buildings], [stages.n_steps(each) for each in buildings])
    shared = buildings[0].network
    framer, extractor = trunk_of(shared)
    modules = {"framer": framer, "extractor": extractor, "regressor": shared.part("regressor")}
    modules |= {f"encoder {i}": encoder_of(building.network) for i, building in enumerate(buildings)}
    state = stages.state(modules, buildings)
    (optimizer,) = state.optimizers.values()
    recipe = stages.recipe

    def weight(building: _Building) -> float:
        return 1 / building.scale_m if recipe.loss_unit == "metres" else 1.0

    steps = [
        supervised_step(b.network, optimizer, recipe.for_survey(b.survey), b.scale_m, weight=weight(b))
        for b in buildings
    ]

    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        return steps[turns.set_at(state.step)](state, batch)

    run_stage(
        stage,
        state,
        step,
        turns,
        stages.recipe.batch_size,
        stages.run,
        share_of_minutes=len(buildings) / stages.n_buildings,
    )


def _learn_target(stages: _Stages, target: _Building, heads: LabelHeads | None) -> int:
    """Run the last stage, and return the number of its steps."""
    frozen = trunk_of(target.network) if stages.recipe.trunk == "frozen" else ()
    for part in frozen:
        part.requires_grad_(False)
    modules: dict[str, nn.Module] = {"network": target.network}
    if heads is not None:
        modules["heads"] = heads
    state = stages.state(modules, [target])
    (optimizer,) = state.optimizers.values()
    recipe = stages.recipe.for_survey(target.survey)
    step = supervised_step(target.network, optimizer, recipe, target.scale_m, heads, frozen=frozen)
    run_stage(
        "target",
        state,
        step,
        target.data,
        stages.recipe.batch_size,
        stages.run,
        share_of_minutes=1 / stages.n_buildings,
    )
    return state.n_steps
