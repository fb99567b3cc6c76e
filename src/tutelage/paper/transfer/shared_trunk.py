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
    SpecializedNetwork,
    behind_encoder,
    encoder_of,
    network_spec,
    same_trunk,
    trunk_of,
)
from tutelage.paper.transfer.transfer_recipe import TransferRecipe
from tutelage.training import (
    Batch,
    LabelHeads,
    RunOptions,
    TrainingData,
    TrainState,
    begin,
    epochs_in_paper,
    label_classes,
    make_optimizer,
    resolve_device,
    run_stage,
    seeded,
    supervised_step,
)
from tutelage.training.trained_network import TrainedNetwork

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
    sets : N training sets; each goes through its own epochs
    """

    def __init__(self, sets: Sequence[TrainingData]) -> None:
        self.sets = sets

    def batch(self, step: int, batch_size: int, seed: int) -> Batch:
        """The batch of a step: depends on `step` and `seed` alone."""
        turn, which = divmod(step, len(self.sets))
        return self.sets[which].batch(turn, batch_size, seed)


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
class _Run:
    """What all stages of a run share."""

    recipe: TransferRecipe
    recipe_name: str
    options: RunOptions
    device: torch.device
    n_buildings: int
    fingerprint: dict[str, Any]

    def state(self, modules: dict[str, nn.Module], buildings: Sequence[_Building]) -> TrainState:
        """A stage as long as its buildings would take one by one."""
        optimizer = make_optimizer(self.recipe, nn.ModuleDict(modules))  # counts shared weights once
        n_steps = sum(self._n_steps(len(building.data)) for building in buildings)
        return TrainState(modules, {"all": optimizer}, n_steps, self.device, self.fingerprint)

    def _n_steps(self, n_scans: int) -> int:
        epochs = epochs_in_paper(n_scans) if self.recipe_name == "paper" else None
        return self.options.budget.n_steps(n_scans, self.recipe, epochs)


def transfer(
    train: FingerprintSet,
    network: str,
    network_settings: Mapping[str, Any],
    sources: Sequence[Source],
    kind: TransferKind,
    recipe_name: str,
    recipe: TransferRecipe,
    options: RunOptions,
) -> TrainedNetwork:
    """Train `network` on source buildings, then on the target building.

    Every building has its own encoder, representation of RSS and standardised coordinates; the network
    behind the encoder is shared. Unlike Expert Distilling, this needs the data of the sources.

    Source: Klus et al., "Transfer learning for convolutional indoor positioning systems" (IPIN 2021), as the
    paper describes its comparison with it; docs/method.md says what is our choice.

    Parameters
    ----------
    train : the target's scans with positions, each hearing something
    network, network_settings : the shared network
    sources : at least one
    kind : "collective": one stage in which the sources take turns, a batch each; "sequential": a stage for
        each source, in the order given. The target follows in a stage of its own
    recipe_name : "paper" takes the paper's number of epochs where the budget is open
    recipe, options : how to learn; seed, device, budget, checkpoints

    Raises
    ------
    BadInputError
        If there is no source.
    """
    if not sources:
        raise BadInputError(f"{kind} transfer learns from source buildings first; name at least one source")
    device = resolve_device(options.device)
    with seeded(options.seed, device):
        heads_for = label_classes(train) if recipe.weight_labels else {}
        *learnt, target = _prepared(train, network, network_settings, sources, recipe, device, heads_for)
        heads = LabelHeads(_d_e(target), heads_for).to(device) if heads_for else None
        fingerprint = {
            "transfer": kind,
            "network": network,
            "network_settings": target.network.settings,
            "recipe": recipe.model_dump(),
            "seed": options.seed,
            "data": train.full_hash(),
            "sources": [[source.name, source.train.full_hash()] for source in sources],
        }
        run = _Run(recipe, recipe_name, options, device, len(sources) + 1, fingerprint)
        begin(options)
        if kind == "collective":
            _learn_sources(run, "sources", learnt)
        else:
            for number, building in enumerate(learnt, start=1):
                _learn_sources(run, f"source {number}", [building])
        n_steps = _learn_target(run, target, heads)
    student = TrainedNetwork(
        target.network, target.representation, target.data.scaler, recipe, n_steps, heads
    )
    return student.finished(n_steps)


def _prepared(
    train: FingerprintSet,
    network: str,
    network_settings: Mapping[str, Any],
    sources: Sequence[Source],
    recipe: TransferRecipe,
    device: torch.device,
    classes: Mapping[str, Sequence[str]],
) -> list[_Building]:
    """The sources and, last, the target, on one trunk."""
    surveyed = [_surveyed(source.train, recipe, device) for source in sources]
    surveyed.append(_surveyed(train, recipe, device, classes))
    n_first, *n_others, n_target = (len(representation.access_points) for representation, _ in surveyed)
    spec = behind_encoder(network_spec(network), recipe.encoder_width)
    first = SpecializedNetwork(spec, n_first, network_settings).to(device)
    others = [same_trunk(first, n_ap) for n_ap in n_others]
    last = same_trunk(first, n_target, new_regressor=recipe.regressor == "new")
    return [
        _Building(representation, data, module)
        for (representation, data), module in zip(surveyed, [first, *others, last], strict=True)
    ]


def _surveyed(
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


def _learn_sources(run: _Run, stage: str, buildings: Sequence[_Building]) -> None:
    """One stage over `buildings`, a batch of each in turn; their sizes are taken out of the loss."""
    shared = buildings[0].network
    framer, extractor = trunk_of(shared)
    modules = {"framer": framer, "extractor": extractor, "regressor": shared.part("regressor")}
    modules |= {f"encoder {i}": encoder_of(building.network) for i, building in enumerate(buildings)}
    state = run.state(modules, buildings)
    (optimizer,) = state.optimizers.values()
    steps = [
        supervised_step(b.network, optimizer, run.recipe, b.scale_m, weight=1 / b.scale_m) for b in buildings
    ]

    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        return steps[state.step % len(steps)](state, batch)

    run_stage(
        stage,
        state,
        step,
        RoundRobin([building.data for building in buildings]),
        run.recipe.batch_size,
        run.options,
        share_of_minutes=len(buildings) / run.n_buildings,
    )


def _learn_target(run: _Run, target: _Building, heads: LabelHeads | None) -> int:
    """The last stage; the number of its steps."""
    frozen = trunk_of(target.network) if run.recipe.trunk == "frozen" else ()
    for part in frozen:
        part.requires_grad_(False)
    modules: dict[str, nn.Module] = {"network": target.network}
    if heads is not None:
        modules["heads"] = heads
    state = run.state(modules, [target])
    (optimizer,) = state.optimizers.values()
    step = supervised_step(target.network, optimizer, run.recipe, target.scale_m, heads, frozen=frozen)
    run_stage(
        "target",
        state,
        step,
        target.data,
        run.recipe.batch_size,
        run.options,
        share_of_minutes=1 / run.n_buildings,
    )
    return state.n_steps
