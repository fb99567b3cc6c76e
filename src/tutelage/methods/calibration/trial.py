"""Radii and refusals, learnt on reference points or walks that a twin of the model never saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import unsaid
from tutelage.data.representation import RssRepresentation
from tutelage.data.splits import reference_points
from tutelage.errors import BadInputError
from tutelage.methods.calibration.error_scale import cross_fit_scale, fit_scale
from tutelage.runtime.conformal import conformal_quantile
from tutelage.runtime.landmarks import Landmarks, difficulty, nearest_distance
from tutelage.runtime.positions import Located
from tutelage.runtime.radii import Calibration

__all__ = ["MARGIN", "Trial", "calibrate", "landmarks_of", "point_shares"]

_MOST = 1000  # landmarks: half a megabyte in a building where a scan hears 40 access points
_FALSE_REFUSALS = 0.01  # of scans at new places of the surveyed building
_PLAIN_LEVELS = (0.5, 0.8, 0.9, 0.95)
MARGIN = 2.0  # other phones and later months look stranger than a survey's own places do to each other


class Trial(NamedTuple):
    """A model that learnt a part of a survey, and its answers to the rest."""

    training_scans: FingerprintSet
    """Scans that the model learnt from."""
    queries: FingerprintSet
    """[m] scans of other reference points or walks."""
    group: np.ndarray
    """[m] int: their reference points or walks."""
    answers: Located
    """The model's answers to them."""
    held_out: str = ""
    """What was held out, in words."""


def calibrate(
    train: FingerprintSet, access_points: Sequence[str], trial: Trial, *, seed: int = 0
) -> Calibration:
    """Learn scale and quantiles from a trial; the landmarks are those of all training scans.

    Parameters
    ----------
    train : FingerprintSet
        Training scans of the model.
    access_points : sequence of str
        Access points of the model.
    trial : Trial
        Answers of its twin.
    seed : int
        Random seed of the choice of landmarks and of the folds.

    Raises
    ------
    BadInputError
        If no held-out scan hears an access point that the trial's model knew.
    """
    marks = landmarks_of(trial.training_scans, access_points, seed)
    rss_dbm = trial.queries.rss_of(access_points)
    similarity = marks.similarity(rss_dbm)
    is_comparable = similarity.any(axis=1)
    if not is_comparable.any():
        raise BadInputError(
            "no scan of the held-out reference points hears an access point of the others; fit without "
            "calibration, or survey more points"
        )
    queries = trial.queries[is_comparable]
    similarity = similarity[is_comparable]
    position_m = trial.answers.position_m[is_comparable]
    point = np.unique(trial.group[is_comparable], return_inverse=True)[1]
    share = point_shares(point)
    n_points = int(point.max()) + 1
    hard = difficulty(similarity, marks.position_m, np.diff(rss_dbm.indptr)[is_comparable], position_m)
    error_m = np.linalg.norm(position_m - queries.known_position_m, axis=1)
    weight = share * (n_points + 1)
    false_refusals = max(_FALSE_REFUSALS, 1 / (n_points + 1))
    strangest = conformal_quantile(nearest_distance(similarity), share, 1 - false_refusals)
    return Calibration(
        landmarks_of(train, access_points, seed),
        fit_scale(hard, error_m, weight),
        error_m / cross_fit_scale(hard, error_m, weight, point, seed),
        share,
        1 - max(0.0, 1 - strangest) ** MARGIN,
        false_refusals,
        n_points,
        {f"{level:g}": _finite(conformal_quantile(error_m, share, level)) for level in _PLAIN_LEVELS},
        float(np.average(error_m, weights=share)),
        trial.held_out,
        unsaid(train),
    )


def landmarks_of(train: FingerprintSet, access_points: Sequence[str], seed: int = 0) -> Landmarks:
    """Make landmarks: the mean fingerprint of each reference point, of 1,000 random ones at most.

    Parameters
    ----------
    train : FingerprintSet
        Training scans; those that hear nothing are left out.
    access_points : sequence of str
        Access points of the model.
    seed : int
        Random seed of the choice.
    """
    usable_scans = train[train.n_heard > 0]
    point = reference_points(usable_scans)
    if point.max() >= _MOST:
        some = np.random.default_rng(seed).choice(int(point.max()) + 1, _MOST, replace=False)
        usable_scans = usable_scans[np.isin(point, some)]
        point = reference_points(usable_scans)
    rss_min_dbm = float(train.rss_dbm.data.min()) - 1.0
    representation = RssRepresentation("powed", rss_min_dbm, tuple(access_points))
    mean = _mean_of_rows(point)
    value = sparse.csr_array(mean @ representation.transform(usable_scans)).astype(np.float32)
    return Landmarks(rss_min_dbm, value, np.asarray(mean @ usable_scans.known_position_m))


def point_shares(point: np.ndarray) -> np.ndarray:
    """Give the weight of each held-out scan: every point or walk counts alike, one not yet seen included.

    Scans of one point or walk err together, so it is these, not scans, that are exchangeable (Lee, Barber
    and Willett, "Distribution-free inference with hierarchical data", 2023; Dunn, Wasserman and Ramdas,
    "Distribution-free prediction sets for two-layer hierarchical models", 2023).

    Parameters
    ----------
    point : ndarray [n] of int
        Reference point or walk of each scan, from 0 without gaps.

    Returns
    -------
    ndarray [n]
        Shares; they sum to K / (K + 1) for K points.
    """
    n_scans = np.bincount(point)
    return np.asarray(1 / n_scans[point] / (len(n_scans) + 1))


def _finite(radius_m: float) -> float | None:
    return round(radius_m, 2) if np.isfinite(radius_m) else None


def _mean_of_rows(group: np.ndarray) -> sparse.csr_array:
    """Make the matrix [n_groups, n] that takes the mean over the rows of each group."""
    n = len(group)
    size = np.bincount(group)
    return sparse.csr_array((1 / size[group], (group, np.arange(n))), shape=(len(size), n))
