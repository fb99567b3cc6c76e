"""A network that learns on: the weights it has, an input for each new access point."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.networks import SpecializedNetwork
from tutelage.runtime.access_point_names import find_columns
from tutelage.training import (
    LearningRecipe,
    RunOptions,
    TrainingData,
    TrainState,
    begin,
    make_optimizer,
    resolve_device,
    run_stage,
    seeded,
    supervised_step,
)
from tutelage.training.labels import LabelHeads
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["continue_network", "takes_access_points", "widen_inputs", "widen_places"]

_SHARE_OF_UPDATES = 0.25  # of the recipe's
_SHARE_OF_RATE = 0.5


def continue_network(
    trained: TrainedNetwork,
    old: FingerprintSet,
    new: FingerprintSet,
    run: RunOptions,
    *,
    adds_places: bool = False,
) -> TrainedNetwork:
    """Continue from a network's weights on old and new scans together, half of each on average.

    The network learns without teachers, at half its recipe's learning rate, for a quarter of its updates
    unless the run has a length. Representation, coordinates and labels stay as they were.

    Parameters
    ----------
    trained : TrainedNetwork
        It does not change.
    old : FingerprintSet
        Scans that keep the old knowledge: those of a radio map, or landmarks.
    new : FingerprintSet
        Scans of the same building. None of them: the network learns the old ones alone.
    run : RunOptions
        Seed, device, length, checkpoints.
    adds_places : bool
        Whether new scans may name further places. Without all old scans, a network forgets other places over
        them.

    Raises
    ------
    BadInputError
        If a new scan names a floor or building that the network does not know. If the network's shape
        depends on its access points in another way than by one row of weights for each.
    """
    _require_same_labels(trained, new, adds_places=adds_places)
    device = resolve_device(run.device)
    recipe = LearningRecipe(**trained.config()["recipe"])
    shorter = {
        "length": "updates",
        "updates": max(1, round(recipe.updates * _SHARE_OF_UPDATES)),
        "learning_rate": recipe.learning_rate * _SHARE_OF_RATE,
    }
    recipe = recipe.model_copy(update=shorter)
    scans = _balance(old, new)
    with seeded(run.seed, device):
        wider = widen_inputs(trained, scans.access_points)
        network = wider.network.to(device)
        heads = wider.heads and widen_places(wider.heads, new).to(device)
        classes = heads.classes if heads is not None else {}
        keep_last = recipe.last_batch == "kept"
        data = TrainingData(scans, wider.representation, wider.scaler, device, classes, keep_last=keep_last)
        n_steps = run.budget.n_steps(len(scans), recipe)
        modules: dict[str, nn.Module] = {"network": network}
        if heads is not None:
            modules["heads"] = heads
        optimizer = make_optimizer(recipe, *modules.values())
        state = TrainState(modules, {"network": optimizer}, n_steps, device)
        state.fingerprint = {
            "recipe": recipe.model_dump(),
            "seed": run.seed,
            "data": scans.full_hash(),
            "continued": trained.n_steps,
        }
        step = supervised_step(network, optimizer, recipe, wider.scaler.scale_m, heads)
        begin(run)
        run_stage("update", state, step, data, recipe.batch_size, run)
    return replace(wider, heads=heads).finish(trained.n_steps + state.n_steps)


def widen_inputs(trained: TrainedNetwork, access_points: Sequence[str]) -> TrainedNetwork:
    """Give the same network for other access points, with zero weights for new ones.

    With zeros its answers are at first the same as before. A new access point, once heard, only counts in the
    norm of a scan.

    Parameters
    ----------
    trained : TrainedNetwork
        It does not change.
    access_points : sequence of str
        In any order; those left out are forgotten.

    Raises
    ------
    BadInputError
        If the network's shape depends on its access points in another way than by one row of weights for
        each.
    """
    old_names = trained.representation.access_points
    names = (
        *(name for name in old_names if name in access_points),
        *_without(access_points, old_names),
    )
    source = torch.as_tensor(find_columns(old_names, names).copy())
    spec = trained.network.spec
    wider = SpecializedNetwork(spec, len(names), trained.network.settings)
    before = trained.network.module.state_dict()
    after = wider.module.state_dict()
    axes = _axes(trained)
    weights = {
        key: value if axes[key] is None else _select(value, source, int(axes[key] or 0))
        for key, value in before.items()
    }
    # A network without a row of weights for each tells them apart by their places, as in an image.
    fits = takes_access_points(trained) or names == old_names
    if not fits or any(weights[key].shape != after[key].shape for key in weights):
        raise BadInputError(
            f"the shape of {spec.name} depends on its access points, and these are others; fit it "
            "anew with all scans (dnn, cnnloc and baat have one row of weights for each, and learn on)"
        )
    wider.module.load_state_dict(weights)
    representation = replace(trained.representation, access_points=names)
    return replace(
        trained, network=wider.eval(), representation=representation, heads=deepcopy(trained.heads)
    )


def widen_places(heads: LabelHeads, new: FingerprintSet) -> LabelHeads:
    """Give the same heads for further places, with zero weights for new ones.

    Parameters
    ----------
    heads : LabelHeads
        They do not change.
    new : FingerprintSet
        Scans that may name further places.
    """
    before = heads.classes.get("place")
    if before is None or new.place is None:
        return heads
    after = tuple(sorted({*before, *new.known_place.tolist()} - {""}))
    if after == before:
        return heads
    old_head = heads.heads["place"]
    assert isinstance(old_head, nn.Linear)
    wider = LabelHeads(old_head.in_features, {**heads.classes, "place": after})
    state = wider.state_dict() | {
        key: value for key, value in heads.state_dict().items() if not key.startswith("heads.place.")
    }
    source = torch.as_tensor([before.index(name) if name in before else -1 for name in after])
    state |= {
        f"heads.place.{name}": _select(value.detach(), source, 0)
        for name, value in old_head.named_parameters()
    }
    wider.load_state_dict(state)
    return wider


def takes_access_points(trained: TrainedNetwork) -> bool:
    """Tell whether a network has one row of weights for each access point, so that it can take others.

    Parameters
    ----------
    trained : TrainedNetwork
    """
    return any(axis is not None for axis in _axes(trained).values())


def _axes(trained: TrainedNetwork) -> dict[str, int | None]:
    """Give for each weight the axis along which it has one row an access point, or None."""
    network = trained.network
    n_ap = len(trained.representation.access_points)
    probe = SpecializedNetwork(network.spec, n_ap + 1, network.settings).module.state_dict()
    return {key: _axis(weight, probe[key]) for key, weight in network.module.state_dict().items()}


def _without(names: Sequence[str], others: Sequence[str]) -> list[str]:
    excluded = set(others)
    return [name for name in names if name not in excluded]


def _axis(before: Tensor, with_one_more: Tensor) -> int | None:
    """Compare a weight with the same weight in a network of one access point more."""
    if before.ndim != with_one_more.ndim:
        return None
    more = np.subtract(with_one_more.shape, before.shape)
    longer = np.flatnonzero(more)
    return int(longer[0]) if len(longer) == 1 and more[longer[0]] == 1 else None


def _select(weight: Tensor, source: Tensor, axis: int) -> Tensor:
    rows = weight.index_select(axis, source.clamp_min(0))
    shape = [1] * weight.ndim
    shape[axis] = -1
    return torch.where((source >= 0).view(shape), rows, torch.zeros((), dtype=weight.dtype))


def _balance(old: FingerprintSet, new: FingerprintSet) -> FingerprintSet:
    """Join both, and repeat the smaller set so that they count about alike."""
    if not len(new):
        return old
    parts = [
        replace(part, scan_id=np.char.add(f"{again}-", part.scan_id))
        for part, other in ((old, new), (new, old))
        for again in range(max(1, round(len(other) / len(part))))
    ]
    return FingerprintSet.join(parts)


def _require_same_labels(trained: TrainedNetwork, new: FingerprintSet, *, adds_places: bool) -> None:
    if trained.heads is None:
        return
    for kind, classes in trained.heads.classes.items():
        labels = None if adds_places and kind == "place" else getattr(new, kind)
        strange = [] if labels is None else sorted({*map(str, labels)} - {*classes, ""})
        if strange:
            raise BadInputError(
                f"the network knows the {kind}s {', '.join(classes)}, and the new scans name "
                f"{strange[0]!r}; fit it anew with all scans"
            )
