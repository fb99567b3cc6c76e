"""Learning radii and refusals on reference points that a twin of the model never saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.data.splits import reference_points
from tutelage.errors import BadInputError
from tutelage.methods.calibration.error_scale import cross_fitted, fit_scale
from tutelage.runtime.conformal import conformal_quantile
from tutelage.runtime.landmarks import Landmarks, difficulty, nearest_distance
from tutelage.runtime.positions import Located
from tutelage.runtime.radii import Calibration

__all__ = ["MARGIN", "Trial", "calibrate", "landmarks_of", "point_shares"]

_MOST = 1000  # landmarks: half a megabyte of a building in which a scan hears 40 access points
_FALSE_REFUSALS = 0.01  # of scans at new places of the surveyed building
_PLAIN_LEVELS = (0.5, 0.8, 0.9, 0.95)
MARGIN = 2.0  # other phones and later months look stranger than a survey's own places do to each other


class Trial(NamedTuple):
    """What a model that learnt a part of a survey makes of the rest."""

    learnt: FingerprintSet
    asked: FingerprintSet
    """[m] scans of other reference points."""
    point: np.ndarray
    """[m] int: their reference points."""
    located: Located


def calibrate(
    train: FingerprintSet, access_points: Sequence[str], trial: Trial, *, seed: int = 0
) -> Calibration:
    """Scale and quantiles from a trial; the landmarks are those of all training scans.

    Parameters
    ----------
    train : training scans
    access_points : of the model
    trial : of its twin
    seed : of the choice of landmarks and of the folds

    Raises
    ------
    BadInputError
        If no held-out scan hears an access point that the trial's model knew.
    """
    marks = landmarks_of(trial.learnt, access_points, seed)
    rss_dbm = trial.asked.rss_of(access_points)
    similarity = marks.similarity(rss_dbm)
    known = similarity.any(axis=1)
    if not known.any():
        raise BadInputError(
            "no scan of the held-out reference points hears an access point of the others; fit without "
            "calibration, or survey more points"
        )
    asked, similarity, position_m = trial.asked[known], similarity[known], trial.located.position_m[known]
    point = np.unique(trial.point[known], return_inverse=True)[1]
    share, n_points = point_shares(point), int(point.max()) + 1
    hard = difficulty(similarity, marks.position_m, np.diff(rss_dbm.indptr)[known], position_m)
    error_m = np.linalg.norm(position_m - asked.known_position_m, axis=1)
    weight = share * (n_points + 1)
    false_refusals = max(_FALSE_REFUSALS, 1 / (n_points + 1))
    strangest = conformal_quantile(nearest_distance(similarity), share, 1 - false_refusals)
    return Calibration(
        landmarks_of(train, access_points, seed),
        fit_scale(hard, error_m, weight),
        error_m / cross_fitted(hard, error_m, weight, point, seed),
        share,
        1 - max(0.0, 1 - strangest) ** MARGIN,
        false_refusals,
        n_points,
        {f"{level:g}": _finite(conformal_quantile(error_m, share, level)) for level in _PLAIN_LEVELS},
        float(np.average(error_m, weights=share)),
    )


def landmarks_of(train: FingerprintSet, access_points: Sequence[str], seed: int = 0) -> Landmarks:
    """Of the training scans that hear anything; of a random choice where there are over 1,000 points."""
    heard = train[train.n_heard > 0]
    point = reference_points(heard)
    if point.max() >= _MOST:
        kept = np.random.default_rng(seed).choice(int(point.max()) + 1, _MOST, replace=False)
        heard = heard[np.isin(point, kept)]
        point = reference_points(heard)
    rss_min_dbm = float(train.rss_dbm.data.min()) - 1.0
    representation = RssRepresentation("powed", rss_min_dbm, tuple(access_points))
    mean = _mean_of_rows(point)
    value = sparse.csr_array(mean @ representation.transform(heard)).astype(np.float32)
    return Landmarks(rss_min_dbm, value, np.asarray(mean @ heard.known_position_m))


def point_shares(point: np.ndarray) -> np.ndarray:
    """What each held-out scan counts: every reference point alike, and as much for one not yet seen.

    Scans of one point resemble each other, so it is points, not scans, that are exchangeable (Lee, Barber
    and Willett, "Distribution-free inference with hierarchical data", 2023).

    Parameters
    ----------
    point : [n] int, the reference point of each scan, from 0 without gaps

    Returns
    -------
    [n] shares; they sum to K / (K + 1) for K points
    """
    n_scans = np.bincount(point)
    return np.asarray(1 / n_scans[point] / (len(n_scans) + 1))


def _finite(radius_m: float) -> float | None:
    return round(radius_m, 2) if np.isfinite(radius_m) else None


def _mean_of_rows(group: np.ndarray) -> sparse.csr_array:
    """[n_groups, n] that takes the mean over the rows of each group."""
    n, size = len(group), np.bincount(group)
    return sparse.csr_array((1 / size[group], (group, np.arange(n))), shape=(len(size), n))
