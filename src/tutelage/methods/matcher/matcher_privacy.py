"""Whether a pretrained matcher gives away which scans it learnt from: an attack on a twin that saw not all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from tutelage.methods.matcher.exercises import Surveyed, asked_about, some_groups
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.matcher_training import errors_m, learn_from
from tutelage.paper.expert_training.teacher_privacy import membership
from tutelage.training import RunOptions

__all__ = ["memberships"]

_FEWEST_POINTS = 20
_MOST = 1000  # scans of each kind that are asked about


def memberships(
    buildings: Sequence[Surveyed],
    recipe: MatcherRecipe,
    options: RunOptions,
    fingerprint: Mapping[str, object],
    share_of_minutes: float = 1.0,
) -> list[float | None]:
    """For each building, the chance that a scan learnt from is located better than one never seen.

    The matcher itself learns from every scan, so that nothing is left to compare with. A twin learns without
    a seventh of each building's reference points; those and as many that it learnt are then asked about, on
    the radio map of all others. 0.5 is not told apart, 1 always; None of a building of fewer than 20 points.
    Source: Yeom et al., "Privacy risk in machine learning", CSF 2018. Parameters as of `learn_from`.
    """
    rng = np.random.default_rng((options.seed, len(buildings)))
    unseen = [_some_points(building, rng) for building in buildings]
    seen = [building[np.flatnonzero(~held)] for building, held in zip(buildings, unseen, strict=True)]
    of_twin = {**fingerprint, "privacy": True}
    twin, _ = learn_from(seen, recipe, options.within("privacy", "privacy: "), of_twin, share_of_minutes)
    triples = zip(buildings, unseen, seen, strict=True)
    return [_told_apart(twin, *each, recipe, rng) if _is_large(each[0]) else None for each in triples]


def _is_large(building: Surveyed) -> bool:
    return len(np.unique(building.point)) >= _FEWEST_POINTS


def _some_points(building: Surveyed, rng: np.random.Generator) -> np.ndarray:
    """[n] bool: scans of the points that the twin does not see; none of a small building."""
    if not _is_large(building):
        return np.zeros(len(building), dtype=bool)
    return some_groups(building.point, rng)


def _told_apart(
    twin: MatcherNetwork,
    building: Surveyed,
    unseen: np.ndarray,
    seen: Surveyed,
    recipe: MatcherRecipe,
    rng: np.random.Generator,
) -> float:
    learnt = np.isin(building.point, seen.point[some_groups(seen.point, rng)])
    radio_map = np.flatnonzero(~unseen & ~learnt)
    learnt_m, other_m = (
        _errors_m(twin, building, rng.permutation(np.flatnonzero(kind))[:_MOST], radio_map, recipe)
        for kind in (learnt, unseen)
    )
    return membership(-learnt_m, -other_m)


@torch.no_grad()
def _errors_m(
    network: MatcherNetwork, building: Surveyed, asked: np.ndarray, kept: np.ndarray, recipe: MatcherRecipe
) -> np.ndarray:
    """[m] errors on the scans `asked` [m], by the radio map of the scans `kept` [k]."""
    lists = asked_about(building, asked, kept, building.strength[asked], recipe.n_candidates)
    feature, offset_m, known = map(torch.as_tensor, lists)
    return errors_m(network(feature, known).weight, offset_m).numpy()
