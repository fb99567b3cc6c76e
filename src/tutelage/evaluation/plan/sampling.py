"""Samples of a survey for learning curves: nested parts to learn, and what is held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import Groups, HoldOut, are_apart, groups_of, hold_out_groups, places
from tutelage.errors import BadInputError
from tutelage.evaluation.compare.held_out import folds, places_of_groups
from tutelage.evaluation.plan.learning_curve import CurveUnit

__all__ = ["SHARES", "Repetition", "Sampling", "repetitions", "sampling"]

SHARES = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1.0)
"""Sizes of a learning curve, as shares of the reference points or walks that are not held out."""

_FEWEST_LEARNT = 4  # reference points of a part that is worth a model
_FEWEST_SIZES = 3  # the law through them has three figures


@dataclass(frozen=True, eq=False)
class Repetition:
    """One sample of reference points, of walks, or of blocks of scans within places.

    Parameters
    ----------
    held_out_points : ndarray
        Points or walks that are located and never learnt [n_held_out].
    order : ndarray
        All others [n_points - n_held_out]. A part learns the first of them, so it contains every
        smaller part.
    """

    held_out_points: np.ndarray
    order: np.ndarray

    def part(self, share: float) -> np.ndarray:
        """Select the points, or walks, that one size learns.

        Parameters
        ----------
        share : float
            One of `SHARES`.

        Returns
        -------
        ndarray
            Points or walks to learn.
        """
        return self.order[: round(share * len(self.order))]


@dataclass(frozen=True, eq=False)
class Sampling:
    """All samples of a survey.

    Parameters
    ----------
    groups : Groups
        Walks, reference points or blocks, which are learnt and held out whole.
    drawn : list of Repetition
        Their numbers.
    divisions : list of HoldOut
        The scans of each sample.
    shares : list of float
        Those of `SHARES` that are worth a model in every sample.
    asked : ndarray
        Which scans are located where they are held out, [n] bool: all, but of a walk one at each reference
        point. The others there are seconds apart from it and err alike.
    """

    groups: Groups
    drawn: list[Repetition]
    divisions: list[HoldOut]
    shares: list[float]
    asked: np.ndarray

    @property
    def unit(self) -> CurveUnit:
        """What a learning curve counts."""
        units: dict[str, CurveUnit] = {"walk": "walk", "block": "block"}
        return units.get(self.groups.kind, "point")

    @property
    def n_learnt(self) -> np.ndarray:
        """How many points or walks each size of each sample learns, [n_repetitions, n_shares] int."""
        return np.array([[len(each.part(share)) for share in self.shares] for each in self.drawn])


def sampling(scans: FingerprintSet, *, n_folds: int, n_rounds: int, seed: int) -> Sampling:
    """Draw samples of whole walks of a walked survey, of whole reference points of any other.

    In a survey of places alone, blocks of scans are drawn. A smaller such survey has fewer scans of every
    place, not fewer places.

    A smaller walked survey is one of fewer walks, not of walks with gaps. Walks are what a surveyor can add.
    A walk with every second section left out still has its phone and its day beside each gap, so such
    parts would hide what more walks bring.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with positions or places.
    n_folds, n_rounds, seed : int
        As in `repetitions`.

    Returns
    -------
    Sampling

    Raises
    ------
    BadInputError
        If there are fewer walks than folds, fewer than two points a fold, or too little is left to learn.
    """
    groups = groups_of(scans)
    if groups.kind == "walk":
        found = _divided(scans, groups, n_folds, n_rounds, seed)
        if not are_apart(found.divisions):
            return found
        groups = places(scans, groups)
    return _divided(scans, groups, n_folds, n_rounds, seed)


def _divided(scans: FingerprintSet, groups: Groups, n_folds: int, n_rounds: int, seed: int) -> Sampling:
    _require_folds(groups, n_folds, n_rounds)
    place = places_of_groups(scans, groups)
    drawn = repetitions(len(groups), n_folds=n_folds, n_rounds=n_rounds, seed=seed, place=place)
    point = places(scans, groups).group

    def n_points(part: np.ndarray) -> int:
        return len(np.unique(point[np.isin(groups.group, part)]))

    fewest = max(_FEWEST_LEARNT, int(place.max()) + 1)
    shares = [share for share in SHARES if min(n_points(each.part(share)) for each in drawn) >= fewest]
    if len(shares) < _FEWEST_SIZES:
        raise BadInputError(_too_little(groups, int(place.max()) + 1))
    divisions = [hold_out_groups(scans, groups, each.held_out_points) for each in drawn]
    asked = np.full(len(scans), groups.kind != "walk")
    asked[np.unique(np.column_stack([groups.group, point]), axis=0, return_index=True)[1]] = True
    return Sampling(groups, drawn, divisions, shares, asked)


def _too_little(groups: Groups, n_places: int) -> str:
    """Say why there are too few parts of a survey to learn."""
    if groups.kind == "block":
        return (
            f"the {n_places} places have too few scans for parts of them to be learnt, {len(groups)} blocks "
            "in all; scan each place more often, or at other times"
        )
    return (
        f"most reference points lie on a few of the {len(groups)} {groups.kind}s; without these there is "
        "too little to learn; survey more of them"
    )


def _require_folds(groups: Groups, n_folds: int, n_rounds: int) -> None:
    fewest = 1 if groups.kind == "walk" else 2
    if not 2 <= n_folds <= len(groups) // fewest or n_rounds < 1:
        least = {"walk": "1 walk", "block": "2 blocks"}.get(groups.kind, "2 points")
        raise BadInputError(
            f"{n_folds} folds of {len(groups)} {groups.kind}s in {n_rounds} rounds; at least 2 folds, "
            f"of {least} or more each, and 1 round"
        )


def repetitions(
    n_points: int, *, n_folds: int, n_rounds: int, seed: int, place: np.ndarray | None = None
) -> list[Repetition]:
    """Draw samples in rounds; each round divides the points into folds and holds out one after another.

    Parameters
    ----------
    n_points : int
        Reference points, walks or blocks.
    n_folds : int
        Folds of a round.
    n_rounds : int
        Rounds.
    seed : int
        Random seed.
    place : ndarray, optional
        Place of each point [n_points] int. Each part then has all places, and the same share of each. By
        default, all points are of one place.

    Returns
    -------
    list of Repetition
        n_rounds * n_folds samples; each point is held out once a round.
    """
    rng = np.random.default_rng(seed)
    place = np.zeros(n_points, dtype=np.int64) if place is None else place
    return [
        Repetition(held_out_points, _evenly(rng.permutation(others), place))
        for _ in range(n_rounds)
        for others, held_out_points in folds(n_points, n_folds, rng, place)
    ]


def _evenly(points: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Order points so that the first of them have the same share of each place, and the order within one."""
    code = np.unique(place[points], return_inverse=True)[1]
    by_place = np.argsort(code, kind="stable")
    size = np.bincount(code)
    nth = np.empty(len(points), dtype=np.int64)
    nth[by_place] = np.arange(len(points)) - np.repeat(np.cumsum(size) - size, size)
    return points[np.argsort(nth / size[code], kind="stable")]
