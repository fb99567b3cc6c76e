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
from tutelage.runtime.access_point_names import columns_in
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
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["learn_on", "takes_access_points", "widened"]

_UPDATES, _RATE = 0.25, 0.5  # of those of the recipe


def learn_on(
    student: TrainedNetwork, old: FingerprintSet, new: FingerprintSet, options: RunOptions
) -> TrainedNetwork:
    """Continue from a network's weights on old and new scans together, on half of each in the mean.

    A quarter of the recipe's updates at half its learning rate, unless the budget says otherwise, without
    teachers. Representation, coordinates and labels stay as they were.

    Parameters
    ----------
    student : as it was; it does not change
    old : what keeps the old knowledge: the scans of a radio map, or landmarks
    new : scans of the same building
    options : seed, device, budget, checkpoints

    Raises
    ------
    BadInputError
        If a new scan names a floor or building that the network does not know, or the network's shape
        depends on its access points in another way than by one row of weights for each.
    """
    _require_known_labels(student, new)
    device = resolve_device(options.device)
    recipe = LearningRecipe(**student.config()["recipe"])
    shorter = {
        "updates": max(1, round(recipe.updates * _UPDATES)),
        "learning_rate": recipe.learning_rate * _RATE,
    }
    recipe = recipe.model_copy(update=shorter)
    train = _balanced(old, new)
    with seeded(options.seed, device):
        grown = widened(student, train.access_points)
        module, heads = grown.network.to(device), grown.heads and grown.heads.to(device)
        classes = heads.classes if heads is not None else {}
        data = TrainingData(train, grown.representation, grown.scaler, device, classes)
        n_steps = options.budget.n_steps(len(train), recipe)
        modules: dict[str, nn.Module] = {"network": module}
        if heads is not None:
            modules["heads"] = heads
        optimizer = make_optimizer(recipe, *modules.values())
        state = TrainState(modules, {"student": optimizer}, n_steps, device)
        state.fingerprint = {
            "recipe": recipe.model_dump(),
            "seed": options.seed,
            "data": train.full_hash(),
            "continued": student.n_steps,
        }
        step = supervised_step(module, optimizer, recipe, grown.scaler.scale_m, heads)
        begin(options)
        run_stage("update", state, step, data, recipe.batch_size, options)
    return replace(grown, heads=heads).finished(student.n_steps + state.n_steps)


def widened(student: TrainedNetwork, access_points: Sequence[str]) -> TrainedNetwork:
    """The same network for other access points: weights of those it knew, zeros for new ones.

    With zeros its answers are at first the same as before, but that a new access point, once heard, counts in
    the norm of a scan.

    Parameters
    ----------
    access_points : in any order; those left out are forgotten
    """
    known = student.representation.access_points
    names = (*(name for name in known if name in access_points), *_unknown(access_points, known))
    source = torch.as_tensor(columns_in(known, names).copy())
    spec, settings = student.network.spec, student.network.settings
    grown = SpecializedNetwork(spec, len(names), settings)
    before, after = student.network.module.state_dict(), grown.module.state_dict()
    axes = _axes(student)
    weights = {
        key: value if axes[key] is None else _taken(value, source, int(axes[key] or 0))
        for key, value in before.items()
    }
    # A network without a weight for each knows them by their places (an image, row after row).
    fits = takes_access_points(student) or names == known
    if not fits or any(weights[key].shape != after[key].shape for key in weights):
        raise BadInputError(
            f"the shape of {spec.name} depends on its access points, and these are others; fit it "
            "anew with all scans (dnn, cnnloc and baat have one row of weights for each, and learn on)"
        )
    grown.module.load_state_dict(weights)
    representation = replace(student.representation, access_points=names)
    return replace(
        student, network=grown.eval(), representation=representation, heads=deepcopy(student.heads)
    )


def takes_access_points(student: TrainedNetwork) -> bool:
    """Whether a network has one row of weights for each access point, so that it can take others."""
    return any(axis is not None for axis in _axes(student).values())


def _axes(student: TrainedNetwork) -> dict[str, int | None]:
    """Of each weight, the axis along which it has one row an access point; None if it has none."""
    network, n_ap = student.network, len(student.representation.access_points)
    probe = SpecializedNetwork(network.spec, n_ap + 1, network.settings).module.state_dict()
    return {key: _axis(weight, probe[key]) for key, weight in network.module.state_dict().items()}


def _unknown(access_points: Sequence[str], known: Sequence[str]) -> list[str]:
    there = set(known)
    return [name for name in access_points if name not in there]


def _axis(before: Tensor, with_one_more: Tensor) -> int | None:
    """Of a weight, and of the same one in a network of one access point more."""
    if before.ndim != with_one_more.ndim:
        return None
    more = np.subtract(with_one_more.shape, before.shape)
    grown = np.flatnonzero(more)
    return int(grown[0]) if len(grown) == 1 and more[grown[0]] == 1 else None


def _taken(weight: Tensor, source: Tensor, axis: int) -> Tensor:
    rows = weight.index_select(axis, source.clamp_min(0))
    shape = [1] * weight.ndim
    shape[axis] = -1
    return torch.where((source >= 0).view(shape), rows, torch.zeros((), dtype=weight.dtype))


def _balanced(old: FingerprintSet, new: FingerprintSet) -> FingerprintSet:
    """Both together, the fewer of them repeated so that they count about alike."""
    parts = [
        replace(part, scan_id=np.char.add(f"{again}-", part.scan_id))
        for part, other in ((old, new), (new, old))
        for again in range(max(1, round(len(other) / len(part))))
    ]
    return FingerprintSet.joined(parts)


def _require_known_labels(student: TrainedNetwork, new: FingerprintSet) -> None:
    if student.heads is None:
        return
    for kind, classes in student.heads.classes.items():
        named = getattr(new, kind)
        strange = [] if named is None else sorted({*map(str, named)} - {*classes, ""})
        if strange:
            raise BadInputError(
                f"the network knows the {kind}s {', '.join(classes)}, and the new scans name "
                f"{strange[0]!r}; fit it anew with all scans"
            )
