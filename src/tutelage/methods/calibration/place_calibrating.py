"""Probabilities and sets of places, learnt on blocks of scans that a twin of the model never saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import unsaid
from tutelage.errors import BadInputError
from tutelage.methods.calibration.borrowed import borrowed_for, heard_by_other_phones
from tutelage.methods.calibration.trial import Trial, landmarks_of, point_shares, without_readings
from tutelage.methods.place_errors import true_shares
from tutelage.runtime.conformal import conformal_quantile
from tutelage.runtime.landmarks import Landmarks, nearest_distance
from tutelage.runtime.place_calibration import PlaceCalibration, place_probability
from tutelage.runtime.places import PlaceVotes

__all__ = ["calibrate_places", "calibration_error"]

_FALSE_REFUSALS = 0.01  # of scans at surveyed places
_KNOWN = 0.95  # of held-out scans, whole and thinned
_USELESS = 0.5  # of the usual hits: a scan that promises no more is refused
_THINNINGS = 3  # of each held-out scan
_BINS = 10
_SHARPEST = 8.0
_FLOORS = (1e-4, 0.9)


class _Questions(NamedTuple):
    """Held-out scans that share an access point with the rest."""

    row: np.ndarray
    """[m] int: which of the held-out scans."""
    votes: PlaceVotes
    unlike: np.ndarray
    """[m] distance to the nearest landmark."""
    is_right: np.ndarray
    """[m] bool"""
    true_share: np.ndarray
    """[m] share of the true place in the votes."""


def calibrate_places(
    train: FingerprintSet, access_points: Sequence[str], trial: Trial, *, survey: str = "", seed: int = 0
) -> PlaceCalibration:
    """Learn probabilities, sets and refusals from a trial.

    Two figures turn votes into probabilities, by maximum likelihood. The sets come from the held-out scans as
    other phones might hear them, where the survey has too few phones.

    Source: Guo et al., "On calibration of modern neural networks" (ICML 2017), for the power of the votes;
    Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers" (JASA 2019), for the sets.

    Parameters
    ----------
    train : FingerprintSet
        Training scans of the model, with places.
    access_points : sequence of str
        Access points of the model.
    trial : Trial
        Held-out scans with places, and a twin that never learnt them.
    survey : str
        Name of the training scans' survey, which borrows nothing from itself.
    seed : int
        Random seed of landmarks and of the readings taken away.

    Raises
    ------
    BadInputError
        If no held-out scan hears an access point that the trial's model knew.
    """
    marks = landmarks_of(trial.training_scans, access_points, seed)
    whole = _ask(trial, trial.queries, marks, access_points)
    if not len(whole.row):
        raise BadInputError(
            "no held-out scan hears an access point of the others; fit without calibration, or scan each "
            "place more often"
        )
    blocks, block = np.unique(trial.group[whole.row], return_inverse=True)
    share = point_shares(block)
    sharpness, floor = _fit_probability(whole, share / share.sum())
    probability = place_probability(whole.votes.share, sharpness, floor)
    borrowed = borrowed_for(train, survey)
    asked, asked_share = whole, share
    if borrowed.offset_db:
        louder = heard_by_other_phones(trial.queries, borrowed.offset_db, seed)
        asked = _ask(trial, louder, marks, access_points)
        asked_share = point_shares(np.unique(trial.group[asked.row], return_inverse=True)[1])
    refuses = train.position_m is None
    false_refusals = max(_FALSE_REFUSALS, 1 / (len(blocks) + 1))
    return PlaceCalibration(
        sharpness,
        floor,
        1 - _probability_of_truth(asked, sharpness, floor),
        asked_share,
        landmarks_of(train, access_points, seed) if refuses else None,
        _farthest(trial, whole, share, marks, access_points, false_refusals, seed) if refuses else np.inf,
        false_refusals,
        len(blocks),
        float(np.average(whole.is_right, weights=share)),
        calibration_error(probability.max(axis=1), whole.is_right),
        trial.division,
        unsaid(train),
        borrowed.words.partition(";")[0] if borrowed.offset_db else "",
    )


def calibration_error(probability: np.ndarray, is_right: np.ndarray) -> float:
    """Compute the expected calibration error: how far hits are from the probabilities that promise them.

    Parameters
    ----------
    probability : ndarray [n]
        Probability of each answer.
    is_right : ndarray [n] of bool
        Whether it was right.

    Returns
    -------
    float
        Mean over ten groups of equal size, in order of probability, of |share of hits - mean probability|.
    """
    order = np.argsort(probability, kind="stable")
    groups = np.array_split(order, min(_BINS, len(order)))
    gaps = [abs(probability[rows].mean() - is_right[rows].mean()) * len(rows) for rows in groups]
    return float(np.sum(gaps) / len(order))


def _ask(trial: Trial, scans: FingerprintSet, marks: Landmarks, access_points: Sequence[str]) -> _Questions:
    """Ask the twin about the held-out scans that share an access point with the rest."""
    similarity = marks.similarity(scans.rss_of(access_points))
    row = np.flatnonzero(similarity.any(axis=1))
    place = scans.known_place[row]
    votes = trial.locate(scans[row]).place
    assert votes is not None, "the scans name places, so the method votes on them"
    is_right = (votes.name[votes.share.argmax(axis=1)] == place) & votes.share.any(axis=1)
    return _Questions(row, votes, nearest_distance(similarity[row]), is_right, true_shares(votes, place))


def _fit_probability(asked: _Questions, weight: np.ndarray) -> tuple[float, float]:
    """Choose sharpness and floor by maximum likelihood; `weight` [m] sums to 1."""

    def nats(parameters: np.ndarray) -> float:
        sharpness, floor = _parameters(parameters)
        return float(-weight @ np.log(_probability_of_truth(asked, sharpness, floor)))

    found = minimize(nats, np.array([0.0, -2.0]), method="Nelder-Mead", options={"maxfev": 120})
    return _parameters(found.x)


def _parameters(free: np.ndarray) -> tuple[float, float]:
    """Map two free numbers to a sharpness in (0, 8) and a floor in (0.0001, 0.9)."""
    low, high = _FLOORS
    sharpness = _SHARPEST * expit(free[0] - np.log(_SHARPEST - 1))
    return float(sharpness), float(low + (high - low) * expit(free[1]))


def _probability_of_truth(asked: _Questions, sharpness: float, floor: float) -> np.ndarray:
    """Give the probability [m] of the true place; of one that the twin does not know, what all share."""
    share = asked.votes.share
    p = share.shape[1]
    total = np.where(share > 0, share, 0.0) ** sharpness
    total = np.where(share > 0, total, 0.0).sum(axis=1)
    powered = np.where(asked.true_share > 0, asked.true_share, 0.0) ** sharpness * (asked.true_share > 0)
    voted = np.divide(powered, total, out=np.full(len(total), 1 / p), where=total > 0)
    return np.asarray((1 - floor) * voted + floor / p)


def _farthest(
    trial: Trial,
    whole: _Questions,
    share: np.ndarray,
    marks: Landmarks,
    access_points: Sequence[str],
    false_refusals: float,
    seed: int,
) -> float:
    """Choose how unlike every landmark a scan may be: until hits to expect are half of the usual ones.

    As for positions, the limit is never farther than 95 % of the scans are, whole and thinned.
    """
    thinned = [
        _ask(trial, without_readings(trial.queries, seed + each), marks, access_points)
        for each in range(_THINNINGS)
    ]
    parts = [whole, *thinned]
    unlike = np.concatenate([part.unlike for part in parts])
    is_right = np.concatenate([part.is_right for part in parts])
    strangest = conformal_quantile(whole.unlike, share, 1 - false_refusals)
    known = float(np.quantile(unlike, _KNOWN))
    expected = IsotonicRegression(increasing=False).fit(unlike, is_right)
    is_useless = expected.y_thresholds_ < _USELESS * np.average(whole.is_right, weights=share)
    useless = expected.X_thresholds_[is_useless].min(initial=np.inf)
    return float(max(strangest, min(useless, known)))
