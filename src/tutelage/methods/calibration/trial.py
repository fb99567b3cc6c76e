"""Radii and refusals, learnt on reference points or walks that a twin of the model never saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.isotonic import IsotonicRegression

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import unsaid
from tutelage.data.representation import RssRepresentation
from tutelage.data.sparse_rows import csr
from tutelage.data.splits import reference_points
from tutelage.errors import BadInputError
from tutelage.methods.calibration.borrowed import borrowed_for, heard_by_other_phones
from tutelage.methods.calibration.error_scale import cross_fit_scale, fit_scale
from tutelage.methods.calibration.query_distance import error_growth, nearer_errors
from tutelage.runtime.conformal import conformal_quantile
from tutelage.runtime.landmarks import N_FIGURES, Landmarks, NearLandmarks, difficulty, nearest_landmarks
from tutelage.runtime.positions import Located
from tutelage.runtime.radii import Calibration
from tutelage.runtime.rows import Rows, slice_rows

__all__ = [
    "USELESS",
    "Trial",
    "calibrate",
    "landmarks_of",
    "mean_fingerprints",
    "point_shares",
    "without_readings",
]

_SCANS = 1024  # compared with all landmarks at a time
_MOST = 1000  # landmarks: half a megabyte in a building where a scan hears 40 access points
_FALSE_REFUSALS = 0.01  # of scans at new places of the surveyed building
_PLAIN_LEVELS = (0.5, 0.8, 0.9, 0.95)
_THINNINGS = 3  # of each held-out scan
_MOST_TAKEN = 0.98
_KNOWN = 0.95  # of held-out scans, whole and thinned
USELESS = 3.0
"""An error so many times the mean error is of no use; scans that promise it are refused."""


class Trial(NamedTuple):
    """A model that learnt a part of a survey, and its answers to the rest."""

    training_scans: FingerprintSet
    """Scans that the model learnt from."""
    queries: FingerprintSet
    """[m] scans of other reference points or walks."""
    group: np.ndarray
    """[m] int: their reference points or walks."""
    locate: Callable[[FingerprintSet], Located]
    """The model's answers to scans."""
    division: str = ""
    """What was held out, in words."""
    is_walked: bool = False
    """Whether whole walks were held out: then queries are as far from the rest as those of the next walk."""

    @property
    def answers(self) -> Located:
        """Answers to the held-out scans."""
        return self.locate(self.queries)


class _Questions(NamedTuple):
    """Held-out scans that share an access point with the rest, as they are or with readings taken away."""

    row: np.ndarray
    """[m] int: which of the held-out scans."""
    unlike: np.ndarray
    """[m] distance to the nearest landmark."""
    difficulty: np.ndarray
    """[m, n_figures]"""
    error_m: np.ndarray
    """[m]"""


def calibrate(
    train: FingerprintSet,
    access_points: Sequence[str],
    trial: Trial,
    *,
    survey: str = "",
    seed: int = 0,
) -> Calibration:
    """Learn scale, quantiles and refusals from a trial; the landmarks are those of all training scans.

    Parameters
    ----------
    train : FingerprintSet
        Training scans of the model.
    access_points : sequence of str
        Access points of the model.
    trial : Trial
        Held-out scans and a twin that never learnt them.
    survey : str
        Name of the training scans' survey, which borrows nothing from itself.
    seed : int
        Random seed of the choice of landmarks, of the folds, and of the readings taken away.

    Raises
    ------
    BadInputError
        If no held-out scan hears an access point that the trial's model knew.
    """
    borrowed = borrowed_for(train, survey)
    queries = trial.queries
    if borrowed.offset_db:
        queries = heard_by_other_phones(queries, borrowed.offset_db, seed)
    usable_scans = train[train.n_heard > 0]
    # Before the trial's model is asked: a large survey is not indexed for both at once.
    growth = None if trial.is_walked else error_growth(usable_scans, seed)
    whole, both = _questions(trial, queries, access_points, seed)
    group = trial.group[both.row]
    points, point = np.unique(group[: len(whole.row)], return_inverse=True)
    share = point_shares(point)
    weight = np.concatenate([_weights(point), _weights(group[len(point) :])])
    nearer = nearer_errors(growth, usable_scans, trial.training_scans, queries[whole.row], seed)
    error_m = whole.error_m * nearer * borrowed.day_factor
    others = float(np.average(nearer, weights=share)) * borrowed.day_factor
    errors_m = np.concatenate([error_m, both.error_m[len(point) :] * others])
    relative = cross_fit_scale(both.difficulty, errors_m, weight, group, seed)[: len(point)]
    false_refusals = max(_FALSE_REFUSALS, 1 / (len(points) + 1))
    return Calibration(
        landmarks_of(train, access_points, seed),
        fit_scale(both.difficulty, errors_m, weight),
        error_m / relative,
        share,
        _farthest(whole, both, weight, share, false_refusals),
        false_refusals,
        len(points),
        {f"{level:g}": _finite(conformal_quantile(error_m, share, level)) for level in _PLAIN_LEVELS},
        float(np.average(error_m, weights=share)),
        trial.division,
        unsaid(train),
        borrowed.day_factor * _phone_factor(trial, whole) if borrowed.words else 1.0,
        borrowed.words,
    )


def _questions(
    trial: Trial, queries: FingerprintSet, access_points: Sequence[str], seed: int
) -> tuple[_Questions, _Questions]:
    """Ask about the held-out scans, and about them with and without readings taken away.

    Returns
    -------
    whole : _Questions
    both : _Questions
        The same, and after it the scans that lost readings: they teach the scale what gone access points do.
    """
    marks = landmarks_of(trial.training_scans, access_points, seed)
    whole = _ask(trial, queries, marks, access_points)
    if not len(whole.row):
        raise BadInputError(
            "no scan of the held-out reference points hears an access point of the others; fit without "
            "calibration, or survey more points"
        )
    fewer = [without_readings(queries, seed + each) for each in range(_THINNINGS)]
    parts = [whole, *(_ask(trial, scans, marks, access_points) for scans in fewer)]
    return whole, _Questions(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _ask(trial: Trial, scans: FingerprintSet, marks: Landmarks, access_points: Sequence[str]) -> _Questions:
    """Locate the held-out scans that share an access point with the rest."""
    rss_dbm = scans.rss_of(access_points)
    row, near = _nearest(marks, rss_dbm)
    if not len(row):
        return _Questions(row, np.zeros(0), np.zeros((0, N_FIGURES)), np.zeros(0))
    asked = scans[row]
    position_m = trial.locate(asked).position_m
    n_known = np.diff(rss_dbm.indptr)[row]
    return _Questions(
        row,
        near.distance,
        difficulty(near, marks.position_m, n_known, position_m),
        np.linalg.norm(position_m - asked.known_position_m, axis=1),
    )


def _nearest(marks: Landmarks, rss_dbm: Rows) -> tuple[np.ndarray, NearLandmarks]:
    """Find the scans that share an access point with a landmark, and the landmarks most like each."""
    rows, parts = [], []
    for first in range(0, max(1, rss_dbm.shape[0]), _SCANS):
        similarity = marks.similarity(slice_rows(rss_dbm, first, first + _SCANS))
        shares = np.flatnonzero(similarity.any(axis=1))
        rows.append(first + shares)
        parts.append(nearest_landmarks(similarity[shares]))
    return np.concatenate(rows), NearLandmarks(*map(np.concatenate, zip(*parts, strict=True)))


def _weights(group: np.ndarray) -> np.ndarray:
    """Give the weight of each scan; those of a reference point or walk sum to 1."""
    return np.asarray(1 / np.bincount(group)[group])


def _phone_factor(trial: Trial, whole: _Questions) -> float:
    """Compare the mean error of scans heard by other phones with that of the scans as they are."""
    asked = trial.queries[whole.row]
    before_m = np.linalg.norm(trial.locate(asked).position_m - asked.known_position_m, axis=1).mean()
    return float(whole.error_m.mean() / before_m) if before_m > 0 else 1.0


def _farthest(
    whole: _Questions, both: _Questions, weight: np.ndarray, share: np.ndarray, false_refusals: float
) -> float:
    """Choose how unlike every landmark a scan may be: until the error to expect is thrice the mean error.

    The error to expect grows with the unlikeness (isotonic regression over whole and thinned scans). The
    limit is never farther than 95 % of all these scans are: beyond it, hardly any error is known.
    """
    strangest = conformal_quantile(whole.unlike, share, 1 - false_refusals)
    known = float(np.quantile(both.unlike, _KNOWN, weights=weight, method="inverted_cdf"))
    expected = IsotonicRegression().fit(both.unlike, both.error_m, sample_weight=weight)
    is_useless = expected.y_thresholds_ > USELESS * np.average(whole.error_m, weights=share)
    useless = expected.X_thresholds_[is_useless].min(initial=np.inf)
    return float(max(strangest, min(useless, known)))


def without_readings(scans: FingerprintSet, seed: int) -> FingerprintSet:
    """Take a random share of its readings from each scan, as if access points were gone.

    Parameters
    ----------
    scans : FingerprintSet
        n scans.
    seed : int
        Random seed.

    Returns
    -------
    FingerprintSet
        The n scans with 0 to 98 % of their readings taken away.
    """
    rng = np.random.default_rng(seed)
    rss = scans.rss_dbm
    row = np.repeat(np.arange(len(scans)), np.diff(rss.indptr))
    is_left = rng.random(rss.nnz) >= _MOST_TAKEN * rng.random(len(scans))[row]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[is_left], minlength=len(scans)))])
    return replace(scans, rss_dbm=csr(rss.data[is_left], rss.indices[is_left], indptr, rss.shape[1]))


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
    return mean_fingerprints(usable_scans, point, access_points, rss_min_dbm)


def mean_fingerprints(
    scans: FingerprintSet, group: np.ndarray, access_points: Sequence[str], rss_min_dbm: float
) -> Landmarks:
    """Average the scans of each group; positions are averaged too, or NaN where there are none.

    Parameters
    ----------
    scans : FingerprintSet
        n scans that hear something.
    group : ndarray [n] of int
        Group of each scan, from 0 without gaps.
    access_points : sequence of str
        Access points of the model.
    rss_min_dbm : float
        RSS in dBm that counts as not heard.
    """
    representation = RssRepresentation("powed", rss_min_dbm, tuple(access_points))
    mean = _mean_of_rows(group)
    value = sparse.csr_array(mean @ representation.transform(scans)).astype(np.float32)
    position_m = np.full((len(scans), 2), np.nan) if scans.position_m is None else scans.position_m
    return Landmarks(rss_min_dbm, value, np.asarray(mean @ position_m))


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
