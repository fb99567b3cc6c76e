"""How far from the survey people ask, and how errors grow with that distance.

A reference point taken out of a grid is a whole spacing from the rest. The places that people ask about lie
nearer, so errors at held-out points are larger than errors will be.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls
from scipy.spatial import KDTree

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.splits import reference_points, split_groups
from tutelage.data.survey_places import coordinates_m, distance_m
from tutelage.errors import BadInputError
from tutelage.methods.radio_map import RadioMap
from tutelage.runtime.fingerprint_index import nearest
from tutelage.runtime.votes import inverse_distance, weighted_mean

__all__ = ["ErrorGrowth", "error_growth", "nearer_errors", "query_distances_m"]

_BLOCKS = (1, 2, 3, 4)  # sides of the held-out blocks, in spacings of the survey
_HELD_OUT_SHARE = 0.15
_MOST_QUERIES = 500
_NEIGHBOURS = 5
_BINS = 12
_DRAWS = 4000
_REACH = 0.75  # quantile of the distances between neighbouring points: so far around them people ask
_SMALLEST_FACTOR = 0.8  # what lies nearer than every held-out point was never measured


class ErrorGrowth(NamedTuple):
    """The mean error at a distance d from the survey: sqrt(base + slope d^2), in metres."""

    base: float
    slope: float

    def error_m(self, distance_m: np.ndarray) -> np.ndarray:
        """Compute the mean error at distances from the survey.

        Parameters
        ----------
        distance_m : ndarray [n]
            Distances in metres.

        Returns
        -------
        ndarray [n]
            Errors in metres.
        """
        return np.asarray(np.sqrt(self.base + self.slope * distance_m**2))


def nearer_errors(
    growth: ErrorGrowth | None,
    train: FingerprintSet,
    rest: FingerprintSet,
    queries: FingerprintSet,
    seed: int = 0,
) -> np.ndarray:
    """Compute by what errors at held-out points are to be multiplied, since people ask nearer to the survey.

    The held-out scan that is the farthest from the rest stands for the farthest query, and so on. Half of the
    growth of the error (its square root, as a factor) is allowed for, and never below 0.8: where people ask
    is nearer than what was held out, so the growth there is an extrapolation.

    Parameters
    ----------
    growth : ErrorGrowth or None
        That of `train`.
    train : FingerprintSet
        All training scans.
    rest : FingerprintSet
        Training scans that the model under trial learnt.
    queries : FingerprintSet
        [n] held-out scans.
    seed : int
        Random seed of places.

    Returns
    -------
    ndarray [n]
        Factors from 0.8 to 1.
    """
    if growth is None:
        return np.ones(len(queries))
    held_out_m = distance_m(rest, queries)
    rank = np.argsort(np.argsort(held_out_m, kind="stable"))
    asked_m = np.quantile(query_distances_m(train, seed), (rank + 0.5) / len(queries))
    nearer_m = np.minimum(asked_m, held_out_m)
    before_m = growth.error_m(held_out_m)
    ratio = np.divide(growth.error_m(nearer_m), before_m, out=np.ones(len(queries)), where=before_m > 0)
    return np.asarray(np.clip(np.sqrt(ratio), _SMALLEST_FACTOR, 1.0))


def query_distances_m(scans: FingerprintSet, seed: int = 0) -> np.ndarray:
    """Draw places around the surveyed points, and compute how far the nearest point is.

    The places are spread evenly over all that lies about one spacing around the points. Over a square grid
    that makes 0.4 of its spacing on average.

    Parameters
    ----------
    scans : FingerprintSet
        Scans with positions, at two places or more.
    seed : int
        Random seed.

    Returns
    -------
    ndarray
        Distances in metres.
    """
    place, spacing_m = _spaced(scans)
    reach_m = float(np.quantile(spacing_m, _REACH))
    rng = np.random.default_rng(seed)
    asked = place[rng.integers(len(place), size=_DRAWS)]
    radius_m = reach_m * np.sqrt(rng.random(_DRAWS))
    angle = 2 * np.pi * rng.random(_DRAWS)
    asked[:, 0] += radius_m * np.cos(angle)
    asked[:, 1] += radius_m * np.sin(angle)
    tree = KDTree(place)
    n_around = tree.query_ball_point(asked, reach_m, return_length=True)
    is_kept = rng.random(_DRAWS) * n_around < 1  # a place near many points was drawn as many times as often
    return np.asarray(tree.query(asked[is_kept])[0])


def error_growth(scans: FingerprintSet, seed: int = 0) -> ErrorGrowth | None:
    """Learn how the error of a k-NN grows with the distance from the survey, by holding out wider blocks.

    Parameters
    ----------
    scans : FingerprintSet
        Training scans that hear something, with positions.
    seed : int
        Random seed of the hold-outs.

    Returns
    -------
    ErrorGrowth or None
        None if the survey is too small to hold out blocks.
    """
    _, spacing_m = _spaced(scans)
    side_m = float(np.median(spacing_m))
    point = reference_points(scans)
    parts = [_held_out_errors(scans, _blocks(scans, point, n * side_m), point, seed) for n in _BLOCKS]
    found = [part for part in parts if part is not None]
    if not found or not side_m > 0:
        return None
    distances_m, errors_m, weights = (np.concatenate(column) for column in zip(*found, strict=True))
    if not len(errors_m):
        return None
    edges = np.unique(np.quantile(distances_m, np.linspace(0, 1, _BINS, endpoint=False)))
    group = np.searchsorted(edges, distances_m, side="right") - 1
    group = np.unique(group, return_inverse=True)[1]
    weight = np.bincount(group, weights)
    squared_distance = np.bincount(group, weights * distances_m**2) / weight
    error_m = np.bincount(group, weights * errors_m) / weight
    # Each bin counts by its size, and relative to its error.
    scale = np.sqrt(weight) / np.maximum(error_m, 1e-9) ** 2
    columns = np.column_stack([np.ones(len(weight)), squared_distance])
    (base, slope), _ = nnls(columns * scale[:, None], error_m**2 * scale)
    return ErrorGrowth(float(base), float(slope))


def _spaced(scans: FingerprintSet) -> tuple[np.ndarray, np.ndarray]:
    """Give the different places, and the distance of each to the nearest other one, in metres."""
    place = np.unique(coordinates_m(scans)[0], axis=0)
    return place, np.asarray(KDTree(place).query(place, k=2)[0][:, 1])


def _blocks(scans: FingerprintSet, point: np.ndarray, side_m: float) -> np.ndarray:
    """Give the block of each scan: the reference points whose middles share a square."""
    n_scans = np.bincount(point)
    place = coordinates_m(scans)[0]
    middle = np.column_stack([np.bincount(point, column) / n_scans for column in place.T])
    square = np.column_stack([np.floor(middle[:, :2] / side_m), middle[:, 2:].round()])
    return np.asarray(np.unique(square, axis=0, return_inverse=True)[1].ravel()[point])


def _held_out_errors(
    scans: FingerprintSet, block: np.ndarray, point: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Give distances from the rest and errors of held-out scans, in metres, and their weights."""
    try:
        rest, held_out = split_groups(block, _HELD_OUT_SHARE, seed, "block")
    except BadInputError:  # one block holds the whole survey
        return None
    some = np.sort(np.random.default_rng(seed).permutation(held_out)[:_MOST_QUERIES])
    queries = scans[some]
    error_m, is_known = _errors(scans[rest], queries)
    weight = 1 / np.bincount(point[some])[point[some]]
    return distance_m(scans[rest], queries)[is_known], error_m[is_known], weight[is_known]


def _errors(surveyed: FingerprintSet, queries: FingerprintSet) -> tuple[np.ndarray, np.ndarray]:
    """Give the errors of a k-NN in metres, and which of the queries hear an access point that it knows."""
    radio_map = RadioMap.fit(surveyed, "powed", drop_blank=False)
    values = radio_map.representation.transform(queries)
    distance, row = nearest(values, radio_map.value, "sorensen", min(_NEIGHBOURS, len(radio_map)))
    answer_m = weighted_mean(surveyed.known_position_m[row], inverse_distance(distance))
    is_known = np.asarray(values.sum(axis=1) > 0)
    return np.linalg.norm(answer_m - queries.known_position_m, axis=1), is_known
