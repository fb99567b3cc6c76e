"""How wrong answers are: metres, or wrong places in a survey of places alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.runtime.places import PlaceAnswers, PlaceVotes, columns_of
from tutelage.runtime.positions import Located

__all__ = [
    "METRES",
    "WRONG_PLACES",
    "ErrorUnit",
    "answer_errors",
    "place_errors",
    "place_nats",
    "true_shares",
    "unit_of",
    "wrong_places",
]

_FLOOR = 0.05  # of the probability, which all places share: nothing is impossible


class _Interval(Protocol):
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


@dataclass(frozen=True)
class ErrorUnit:
    """What errors are counted in, and how tables and sentences say them.

    Parameters
    ----------
    suffix : str
        End of the names of figures: `error_m`, `error_share`.
    quantity : str
        What an error is.
    mean : str
        What the mean of errors is.
    long, symbol, short : str
        The unit in a sentence, in the heading of a table, and after a number.
    step : str
        The unit of a difference of two errors.
    scale : float
        What an error is multiplied by where it is shown.
    decimals : int
        Of a number in a table.
    """

    suffix: str
    quantity: str
    mean: str
    long: str
    symbol: str
    short: str
    step: str
    scale: float
    decimals: int

    def number(self, error: float, *, sign: bool = False) -> str:
        """Write an error, or a difference with its sign, without the unit."""
        return f"{self.scale * error:{'+' if sign else ''}.{self.decimals}f}"

    def words(self, error: float) -> str:
        """Write an error with its unit."""
        return f"{self.number(error)} {self.short}"

    def interval(self, error: _Interval) -> str:
        """Write both ends of an interval, without the unit."""
        return f"{self.number(error.low)} to {self.number(error.high)}"


METRES = ErrorUnit("_m", "2-D error", "mean error", "metres", "m", "m", "m", 1.0, 2)
WRONG_PLACES = ErrorUnit(
    "_share", "wrong places", "wrong places", "percent", "%", "% wrong", "percentage points", 100.0, 1
)


def unit_of(scans: FingerprintSet) -> ErrorUnit:
    """Return the unit of the errors on scans: metres where they have positions."""
    return WRONG_PLACES if scans.position_m is None else METRES


def answer_errors(located: Located, scans: FingerprintSet) -> np.ndarray:
    """Compute the error of each answer, in the unit of the scans.

    Parameters
    ----------
    located : Located
        Answers of a method to n scans.
    scans : FingerprintSet
        The same scans with positions, or with places alone.

    Returns
    -------
    ndarray [n]
        Distances in metres, or errors of `place_errors`.
    """
    if scans.position_m is None:
        return place_errors(located.place, scans.known_place)
    return np.asarray(np.linalg.norm(located.position_m - scans.position_m, axis=1))


def wrong_places(answers: PlaceAnswers | None, place: np.ndarray) -> np.ndarray:
    """Tell which answers are wrong.

    Parameters
    ----------
    answers : PlaceAnswers or None
        On n scans, by a model that knows places.
    place : ndarray [n] of str
        True places.

    Returns
    -------
    ndarray [n]
        1 for a wrong place, 0 for a right one; NaN without an answer, or where the true place is unknown.
    """
    assert answers is not None, "the scans name places, so the model answers them"
    is_wrong = (answers.best != place).astype(np.float64)
    return np.where((answers.best == "") | (place == ""), np.nan, is_wrong)


def true_shares(votes: PlaceVotes, place: np.ndarray) -> np.ndarray:
    """Look up the share of each scan's true place in the votes on it.

    Parameters
    ----------
    votes : PlaceVotes
        On n scans.
    place : ndarray [n] of str
        True places.

    Returns
    -------
    ndarray [n]
        0 for a place that nobody surveyed.
    """
    column, is_known = columns_of(place, votes.name)
    return np.asarray(np.where(is_known, votes.share[np.arange(len(place)), column], 0.0))


def place_errors(votes: PlaceVotes | None, place: np.ndarray) -> np.ndarray:
    """Compute an error for each scan: 1 for a wrong place, 0 for the right one.

    Parameters
    ----------
    votes : PlaceVotes or None
        On n scans, by a method that knows places.
    place : ndarray [n] of str
        True places.

    Returns
    -------
    ndarray [n]
    """
    assert votes is not None, "the scans name places, so the method votes on them"
    is_right = (votes.name[votes.share.argmax(axis=1)] == place) & votes.share.any(axis=1)
    return np.asarray(~is_right, dtype=np.float64)


def place_nats(votes: PlaceVotes | None, place: np.ndarray) -> np.ndarray:
    """Compute the logarithmic score of each scan: small if the votes are for the right place, and sure of it.

    Parameters
    ----------
    votes, place
        As for `place_errors`.

    Returns
    -------
    ndarray [n]
        -log of the share of the true place, after 5 % of all shares went to all places alike.
    """
    assert votes is not None, "the scans name places, so the method votes on them"
    return np.asarray(-np.log((1 - _FLOOR) * true_shares(votes, place) + _FLOOR / len(votes.name)))
