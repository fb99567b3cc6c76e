"""An attack that measures whether a pretrained matcher gives away which scans it learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from tutelage.methods.matcher.exercises import SurveyScans, exercise_lists, some_groups
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.matcher_training import errors_m, learn_from
from tutelage.paper.expert_training.teacher_privacy import membership
from tutelage.training import RunOptions

__all__ = ["memberships"]

_FEWEST_POINTS = 20
_MOST_SCANS = 1000  # of each kind that are located


def memberships(
    buildings: Sequence[SurveyScans],
    recipe: MatcherRecipe,
    run: RunOptions,
    fingerprint: Mapping[str, object],
    share_of_minutes: float = 1.0,
) -> list[float | None]:
    """Measure how often a training scan is located better than a scan never seen.

    The matcher itself learns from every scan, so that nothing is left to compare with. A twin learns without
    a seventh of each building's reference points. Those, and as many that it learnt, are then located on the
    radio map of all others.

    Source: Yeom et al., "Privacy risk in machine learning", CSF 2018.

    Parameters
    ----------
    buildings : sequence of SurveyScans
    recipe : MatcherRecipe
    run : RunOptions
        Seed, device, length, checkpoints, progress.
    fingerprint : mapping
        What must agree for a checkpoint to be continued.
    share_of_minutes : float
        Part of a length in minutes that the twin takes.

    Returns
    -------
    list of float or None
        One a building: 0.5 where the attack is a guess, 1 where it is always right; None where there are
        fewer than 20 reference points.
    """
    rng = np.random.default_rng((run.seed, len(buildings)))
    masks = [_some_points(building, rng) for building in buildings]
    twin_scans = [building[np.flatnonzero(~mask)] for building, mask in zip(buildings, masks, strict=True)]
    twin_fingerprint = {**fingerprint, "privacy": True}
    twin_run = run.within("privacy", "privacy: ")
    twin = learn_from(twin_scans, recipe, twin_run, twin_fingerprint, share_of_minutes).network
    triples = zip(buildings, masks, twin_scans, strict=True)
    return [_membership(twin, *each, recipe, rng) if _is_large(each[0]) else None for each in triples]


def _is_large(building: SurveyScans) -> bool:
    return len(np.unique(building.point)) >= _FEWEST_POINTS


def _some_points(building: SurveyScans, rng: np.random.Generator) -> np.ndarray:
    """Choose the scans [n] bool of points that the twin does not see; none of a small building."""
    if not _is_large(building):
        return np.zeros(len(building), dtype=bool)
    return some_groups(building.point, rng)


def _membership(
    twin: MatcherNetwork,
    building: SurveyScans,
    is_unseen: np.ndarray,
    twin_scans: SurveyScans,
    recipe: MatcherRecipe,
    rng: np.random.Generator,
) -> float:
    is_member = np.isin(building.point, twin_scans.point[some_groups(twin_scans.point, rng)])
    map_rows = np.flatnonzero(~is_unseen & ~is_member)
    member_m, other_m = (
        _errors_m(twin, building, rng.permutation(np.flatnonzero(mask))[:_MOST_SCANS], map_rows, recipe)
        for mask in (is_member, is_unseen)
    )
    return membership(-member_m, -other_m)


@torch.no_grad()
def _errors_m(
    network: MatcherNetwork,
    building: SurveyScans,
    query_rows: np.ndarray,
    map_rows: np.ndarray,
    recipe: MatcherRecipe,
) -> np.ndarray:
    """Give the errors [m] on the scans in `query_rows` [m], by the radio map of those in `map_rows` [k]."""
    strength = building.strength[query_rows]
    lists = exercise_lists(building, query_rows, map_rows, strength, recipe.n_candidates)
    feature, offset_m, mask = map(torch.as_tensor, lists)
    return errors_m(network(feature, mask).weight, offset_m).numpy()
