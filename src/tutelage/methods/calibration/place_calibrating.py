"""Probabilities and sets of places, learnt on blocks of scans that a twin of the model never saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import unsaid
from tutelage.data.place_blocks import place_blocks
from tutelage.errors import BadInputError
from tutelage.methods.answer_errors import true_shares
from tutelage.methods.calibration.borrowed import borrowed_for, heard_by_other_phones
from tutelage.methods.calibration.trial import Trial, mean_fingerprints, point_shares, without_readings
from tutelage.runtime.conformal import conformal_quantile
from tutelage.runtime.landmarks import nearest_distance
from tutelage.runtime.place_calibration import (
    Certainty,
    PlaceCalibration,
    PlaceMarks,
    VoteCurve,
    answered_column,
    log_odds,
)
from tutelage.runtime.places import PlaceVotes

__all__ = ["calibrate_places", "calibration_error"]

_FALSE_REFUSALS = 0.01  # of scans at surveyed places
_KNOWN = 0.95  # of held-out scans, whole and thinned
_USELESS = 0.5  # of the usual hits: a scan that promises no more is refused
_THINNINGS = 3  # of each held-out scan
_BINS = 10
_MOST_SCANS = 2000
_WIDEST = 8.0  # of a free number: beyond, a curve hardly changes
_SHARPEST = 8.0
_FLOORS = (1e-4, 0.98)
_CONTRAST = 60.0
_LEAST = 1e-6
_LOOSE = 1e3  # hardly any pull towards an even chance
_MOST_MARKS = 1000  # half a megabyte in a building where a scan hears 40 access points


class _Answered(NamedTuple):
    """Answered places of m scans."""

    probability: np.ndarray
    """[m], by the curve."""
    share: np.ndarray
    """[m], of the votes."""
    is_right: np.ndarray
    """[m] bool"""


class _Questions(NamedTuple):
    """Held-out scans that share an access point with the rest."""

    row: np.ndarray
    """[m] int: which of the held-out scans."""
    place: np.ndarray
    """[m] str: their true places."""
    votes: PlaceVotes
    likeness: np.ndarray
    """[m, p]"""

    def probability_of_truth(self, curve: VoteCurve) -> np.ndarray:
        """Give the probability [m] of the true place; of one that the twin does not know, next to nothing."""
        probability = curve.probability(self.votes.share, self.likeness)
        of_truth = true_shares(PlaceVotes(self.votes.name, probability), self.place)
        return np.asarray(np.maximum(of_truth, _LEAST))

    def answered(self, curve: VoteCurve) -> _Answered:
        """Look at the answered places."""
        probability = curve.probability(self.votes.share, self.likeness)
        best = answered_column(self.votes.share, probability)
        rows = np.arange(len(best))
        is_right = np.asarray(self.votes.name[best] == self.place)
        return _Answered(probability[rows, best], self.votes.share[rows, best], is_right)


def calibrate_places(
    train: FingerprintSet, access_points: Sequence[str], trial: Trial, *, survey: str = "", seed: int = 0
) -> PlaceCalibration:
    """Learn probabilities, sets and refusals from a trial.

    Three figures turn votes and likeness into probabilities, by maximum likelihood. The sets come from the
    held-out scans as other phones might hear them, where the survey has too few phones.

    Source: Guo et al., "On calibration of modern neural networks" (ICML 2017), for the power of the votes;
    Platt, "Probabilistic outputs for support vector machines" (1999), for the line between log-odds;
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
        Random seed of other phones' offsets and of the readings taken away.

    Raises
    ------
    BadInputError
        If no held-out scan hears an access point that the trial's model knew.
    """
    marks = place_marks(trial.training_scans, access_points)
    whole = _ask(trial, trial.queries, marks, access_points)
    if not len(whole.row):
        raise BadInputError(
            "no held-out scan hears an access point of the others; fit without calibration, or scan each "
            "place more often"
        )
    blocks, block = np.unique(trial.group[whole.row], return_inverse=True)
    share = point_shares(block)
    curve = _fit_curve(whole, seed)
    answered = whole.answered(curve)
    certainty = _fit_certainty(answered)
    sure = certainty.sure(answered.probability, answered.share)
    borrowed = borrowed_for(train, survey)
    asked, asked_share = whole, share
    if borrowed.offset_db:
        louder = heard_by_other_phones(trial.queries, borrowed.offset_db, seed)
        asked = _ask(trial, louder, marks, access_points)
        asked_share = point_shares(np.unique(trial.group[asked.row], return_inverse=True)[1])
    false_refusals = max(_FALSE_REFUSALS, 1 / (len(blocks) + 1))
    farthest = np.inf
    if train.position_m is None:
        thinned = [without_readings(trial.queries, seed + each) for each in range(_THINNINGS)]
        parts = [whole, *(_ask(trial, scans, marks, access_points) for scans in thinned)]
        farthest = _farthest(parts, curve, share, false_refusals)
    return PlaceCalibration(
        curve,
        certainty,
        place_marks(train, access_points),
        1 - asked.probability_of_truth(curve),
        asked_share,
        farthest,
        false_refusals,
        len(blocks),
        float(np.average(answered.is_right, weights=share)),
        calibration_error(sure, answered.is_right),
        trial.division,
        unsaid(train),
        borrowed.words.partition(";")[0] if borrowed.offset_db else "",
    )


def place_marks(train: FingerprintSet, access_points: Sequence[str]) -> PlaceMarks:
    """Average the scans of each block within a place; of many blocks, those of each place.

    Parameters
    ----------
    train : FingerprintSet
        Training scans; those that hear nothing or name no place are left out.
    access_points : sequence of str
        Access points of the model.
    """
    named = train[(train.n_heard > 0) & (train.known_place != "")]
    name, place = np.unique(named.known_place, return_inverse=True)
    group = place_blocks(named)
    if group.max() >= _MOST_MARKS:
        group = place
    first = np.unique(group, return_index=True)[1]
    rss_min_dbm = float(train.rss_dbm.data.min()) - 1.0
    return PlaceMarks(mean_fingerprints(named, group, access_points, rss_min_dbm), name, place[first])


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


def _ask(trial: Trial, scans: FingerprintSet, marks: PlaceMarks, access_points: Sequence[str]) -> _Questions:
    """Ask the twin about the held-out scans that share an access point with the rest."""
    likeness = marks.likeness(scans.rss_of(access_points))
    row = np.flatnonzero(likeness.any(axis=1))
    votes = trial.locate(scans[row]).place
    assert votes is not None, "the scans name places, so the method votes on them"
    return _Questions(row, scans.known_place[row], votes, likeness[row])


def _fit_curve(whole: _Questions, seed: int) -> VoteCurve:
    """Choose the curve by maximum likelihood, on 2,000 scans at most."""
    some = np.random.default_rng(seed).permutation(len(whole.row))[:_MOST_SCANS]
    votes = PlaceVotes(whole.votes.name, whole.votes.share[some])
    asked = _Questions(some, whole.place[some], votes, whole.likeness[some])

    def nats(free: np.ndarray) -> float:
        return float(-np.log(asked.probability_of_truth(_curve(free))).mean())

    found = minimize(nats, np.zeros(3), method="L-BFGS-B", bounds=[(-_WIDEST, _WIDEST)] * 3)
    return _curve(found.x)


def _fit_certainty(answered: _Answered) -> Certainty:
    """Fit log-odds of being right by maximum likelihood."""
    if answered.is_right.all() or not answered.is_right.any():
        return Certainty(0.0, 1.0, 0.0)
    odds = np.column_stack([log_odds(answered.probability), log_odds(answered.share)])
    model = LogisticRegression(C=_LOOSE).fit(odds, answered.is_right)
    return Certainty(float(model.intercept_[0]), *map(float, model.coef_[0]))


def _curve(free: np.ndarray) -> VoteCurve:
    """Map three free numbers to a curve: without limits, few scans would make it sure of everything."""
    low, high = _FLOORS
    sharpness = _SHARPEST * expit(free[0] - np.log(_SHARPEST - 1))
    return VoteCurve(
        float(sharpness), float(low + (high - low) * expit(free[1])), float(_CONTRAST * expit(free[2]))
    )


def _farthest(
    parts: Sequence[_Questions], curve: VoteCurve, share: np.ndarray, false_refusals: float
) -> float:
    """Choose how unlike every landmark a scan may be: until hits to expect are half of the usual ones.

    The first of the parts are whole scans, the others are thinned. As for positions, the limit is never
    farther than 95 % of all these scans are.
    """
    distances = [nearest_distance(part.likeness) for part in parts]
    unlike, is_right = (
        np.concatenate(distances),
        np.concatenate([part.answered(curve).is_right for part in parts]),
    )
    strangest = conformal_quantile(distances[0], share, 1 - false_refusals)
    known = float(np.quantile(unlike, _KNOWN))
    expected = IsotonicRegression(increasing=False).fit(unlike, is_right)
    usual = np.average(parts[0].answered(curve).is_right, weights=share)
    useless = expected.X_thresholds_[expected.y_thresholds_ < _USELESS * usual].min(initial=np.inf)
    return float(max(strangest, min(useless, known)))
