"""Figures of answers to "which room am I in?", the same for every method."""

from __future__ import annotations

import numpy as np

from tutelage.methods.calibration import calibration_error
from tutelage.runtime.places import PlaceAnswers

__all__ = ["place_figures", "sets_at"]


def place_figures(answers: PlaceAnswers, truth: np.ndarray) -> dict[str, float | None]:
    """Measure answers; a scan without an answer is a miss.

    Parameters
    ----------
    answers : PlaceAnswers
        Answers to n scans.
    truth : numpy.ndarray
        Where the scans were taken, [n] str, each a place that the method knows.

    Returns
    -------
    dict of str to float or None
        `place_hit`, the share of right answers; `place_balanced`, its mean over the places asked about;
        `place_set_coverage` and `place_set_size` of the sets; `ece`. None where a method gives no such
        answer.
    """
    hit = answers.best == truth
    code = np.unique(truth, return_inverse=True)[1]
    figures: dict[str, float | None] = {
        "place_hit": float(hit.mean()),
        "place_balanced": float(np.mean(np.bincount(code, hit) / np.bincount(code))),
        "place_set_coverage": None,
        "place_set_size": None,
        "ece": None,
    }
    if answers.in_set is not None:
        column = np.searchsorted(answers.name, truth)
        figures["place_set_coverage"] = float(answers.in_set[np.arange(len(truth)), column].mean())
        figures["place_set_size"] = float(answers.in_set.sum(axis=1).mean())
    if answers.probability is not None:
        answered = np.flatnonzero(answers.best != "")
        column = np.searchsorted(answers.name, answers.best[answered])
        figures["ece"] = calibration_error(answers.probability[answered, column], hit[answered])
    return figures


def sets_at(probability: np.ndarray, level: float) -> np.ndarray:
    """Return the likeliest places of each scan, until their probabilities reach the level.

    Parameters
    ----------
    probability : numpy.ndarray
        Probability of each place, [n, p].
    level : float
        Probability that the set is to hold the truth.

    Returns
    -------
    numpy.ndarray
        Whether a place is in the set, [n, p] bool.
    """
    order = np.argsort(-probability, axis=1, kind="stable")
    before = np.cumsum(np.take_along_axis(probability, order, axis=1), axis=1)
    before -= np.take_along_axis(probability, order, axis=1)
    in_set = np.zeros(probability.shape, dtype=bool)
    np.put_along_axis(in_set, order, before < level, axis=1)
    return in_set
