"""Sequential and collective transfer: a network learns source buildings, then the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.errors import BadInputError
from tutelage.networks import (
    NetworkSpec,
    SpecializedNetwork,
    behind_encoder,
    encoder_of,
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
    epochs_of_recipe,
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
    train: FingerprintSet
    """Scans with positions, each hearing something."""


class RoundRobin:
    """Batches of several training sets in turn: step i draws from set i mod N.

    Parameters
    ----------
    sets : sequence of TrainingData
        N training sets; each goes through its own epochs.
    """

    def __init__(self, sets: Sequence[TrainingData]) -> None:
        self.sets = sets

    def batch(self, step: int, batch_size: int, seed: int) -> Batch:
        """Make the batch of a step; see `Batches.batch`."""
        turn, position = divmod(step, len(self.sets))
        return self.sets[position].batch(turn, batch_size, seed)


@dataclass(frozen=True)
class _Building:
    """A building's data and its network: an encoder of its own before the shared trunk."""

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
    recipe_name: str
    run: RunOptions
    device: torch.device
    n_buildings: int
    fingerprint: dict[str, Any]

    def state(self, modules: dict[str, nn.Module], buildings: Sequence[_Building]) -> TrainState:
        """Make the state of a stage that is as long as its buildings would take one by one."""
        optimizer = make_optimizer(self.recipe, nn.ModuleDict(modules))  # counts shared weights once
        n_steps = sum(self._n_steps(len(building.data)) for building in buildings)
        return TrainState(modules, {"all": optimizer}, n_steps, self.device, self.fingerprint)

    def _n_steps(self, n_scans: int) -> int:
        epochs = epochs_of_recipe(self.recipe_name, n_scans)
        return self.run.budget.n_steps(n_scans, self.recipe, epochs)


def transfer(
    scans: FingerprintSet,
    spec: NetworkSpec,
    settings: Mapping[str, Any],
    sources: Sequence[Source],
    kind: TransferKind,
    recipe: TransferRecipe,
    run: RunOptions,
    *,
    recipe_name: str = "default",
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
        "collective" is one stage in which the sources take turns, a batch each. "sequential" is a stage for
        each source, in their order. The target follows in a stage of its own.
    recipe : TransferRecipe
        Settings of the training.
    run : RunOptions
        Seed, device, budget, checkpoints.
    recipe_name : {"default", "paper"}
        Name of the recipe: "paper" takes the paper's number of epochs where the budget is open.

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
        *source_buildings, target = _make_buildings(scans, spec, settings, sources, recipe, device, classes)
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
        stages = _Stages(recipe, recipe_name, run, device, len(sources) + 1, fingerprint)
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
    scans: FingerprintSet,
    spec: NetworkSpec,
    settings: Mapping[str, Any],
    sources: Sequence[Source],
    recipe: TransferRecipe,
    device: torch.device,
    classes: Mapping[str, Sequence[str]],
) -> list[_Building]:
    """Make the sources and, last, the target, on one trunk."""
    parts = [_training_data(source.train, recipe, device) for source in sources]
    parts.append(_training_data(scans, recipe, device, classes))
    n_first, *n_others, n_target = (len(representation.access_points) for representation, _ in parts)
    behind = behind_encoder(spec, recipe.encoder_width)
    first = SpecializedNetwork(behind, n_first, settings).to(device)
    others = [same_trunk(first, n_ap) for n_ap in n_others]
    last = same_trunk(first, n_target, new_regressor=recipe.regressor == "new")
    return [
        _Building(representation, data, module)
        for (representation, data), module in zip(parts, [first, *others, last], strict=True)
    ]


def _training_data(
    scans: FingerprintSet,
    recipe: TransferRecipe,
    device: torch.device,
    classes: Mapping[str, Sequence[str]] | None = None,
) -> tuple[RssRepresentation, TrainingData]:
    representation = RssRepresentation.fit(scans, recipe.representation, recipe.rss_min_dbm)
    scaler = CoordinateScaler.fit(scans.known_position_m)
    return representation, TrainingData(scans, representation, scaler, device, classes)


def _d_e(building: _Building) -> int:
    return building.network.d_e(len(building.representation.access_points))


def _learn_sources(stages: _Stages, stage: str, buildings: Sequence[_Building]) -> None:
    """One stage over `buildings`, a batch of each in turn; their sizes are taken out of the loss."""
    shared = buildings[0].network
    framer, extractor = trunk_of(shared)
    modules = {"framer": framer, "extractor": extractor, "regressor": shared.part("regressor")}
    modules |= {f"encoder {i}": encoder_of(building.network) for i, building in enumerate(buildings)}
    state = stages.state(modules, buildings)
    (optimizer,) = state.optimizers.values()
    steps = [
        supervised_step(b.network, optimizer, stages.recipe, b.scale_m, weight=1 / b.scale_m)
        for b in buildings
    ]

    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        return steps[state.step % len(steps)](state, batch)

    run_stage(
        stage,
        state,
        step,
        RoundRobin([building.data for building in buildings]),
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
    step = supervised_step(target.network, optimizer, stages.recipe, target.scale_m, heads, frozen=frozen)
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
