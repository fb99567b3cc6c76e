"""Probabilities and sets of places of a calibrated model, as `tutelage.methods.calibration` learns them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from tutelage.runtime.conformal import conformal_quantile, require_level
from tutelage.runtime.landmarks import Landmarks, nearest_distance
from tutelage.runtime.places import PlaceAnswers, PlaceVotes
from tutelage.runtime.rows import Rows, slice_rows

__all__ = ["PLACE_PREFIX", "PlaceCalibration", "place_probability"]

PLACE_PREFIX = "place_calibration."
"""Prefix of a place calibration's arrays among the arrays of a model."""

_SCANS = 4096  # at a time: 33 MB of cosines
_MARKS = "landmarks."  # prefix of their arrays


def place_probability(share: np.ndarray, sharpness: float, floor: float) -> np.ndarray:
    """Turn votes into probabilities: some of the probability goes to all places alike.

    Parameters
    ----------
    share : numpy.ndarray
        Votes, [n, p]; a row sums to 1, or is 0.
    sharpness : float
        Power to which shares are raised: below 1 the answer is less sure than the votes, above 1 surer.
    floor : float
        Part of the probability that all places share alike, 0 to 1.

    Returns
    -------
    numpy.ndarray
        Probabilities, [n, p]; each row sums to 1.
    """
    powered = share**sharpness
    powered[share == 0] = 0
    total = powered.sum(axis=1, keepdims=True)
    p = share.shape[1]
    voted = np.divide(powered, total, out=np.full(share.shape, 1 / p), where=total > 0)
    return np.asarray((1 - floor) * voted + floor / p)


@dataclass(frozen=True, eq=False)
class PlaceCalibration:
    """How sure a model's answers about places are.

    The set of a scan holds the places whose probability reaches a bound, which blocks of held-out scans
    taught.

    Parameters
    ----------
    sharpness, floor : float
        As for `place_probability`.
    score : numpy.ndarray
        1 - probability of the true place of each held-out scan, [n].
    share : numpy.ndarray
        Weight of each held-out scan, [n] (`tutelage.methods.calibration.point_shares`).
    landmarks : Landmarks or None
        Summary of the training data. None in a survey with positions, whose calibration refuses scans.
    farthest : float
        Distance to the nearest landmark above which a scan is refused.
    false_refusals : float
        Largest share of scans of surveyed places that are refused.
    n_blocks : int
        Number of blocks of scans held out.
    held_out_hit : float
        Share of right places among the held-out scans, each block counting alike.
    held_out_calibration_error : float
        Expected calibration error of the likeliest places' probabilities there.
    held_out : str
        What was held out, in words.
    unsaid : str
        What the survey cannot tell, in words; "" if it has several phones and days.
    borrowed : str
        What other surveys add to the sets, in words; "" if nothing.
    """

    sharpness: float
    floor: float
    score: np.ndarray
    share: np.ndarray
    landmarks: Landmarks | None
    farthest: float
    false_refusals: float
    n_blocks: int
    held_out_hit: float
    held_out_calibration_error: float
    held_out: str = ""
    unsaid: str = ""
    borrowed: str = ""

    def answers(self, votes: PlaceVotes, level: float) -> PlaceAnswers:
        """Turn votes into places with probabilities and sets.

        Parameters
        ----------
        votes : PlaceVotes
            Votes on n scans.
        level : float
            Share of the scans whose set is to hold the true place, in (0, 1).

        Returns
        -------
        PlaceAnswers
            A set holds the likeliest place in any case, and all places where too few blocks were held out for
            the level.

        Raises
        ------
        BadInputError
            If the level is not a share.
        """
        require_level(level)
        probability = place_probability(votes.share, self.sharpness, self.floor)
        bound = 1 - conformal_quantile(self.score, self.share, level)  # -inf without enough blocks
        likeliest = probability.argmax(axis=1)
        in_set = probability >= bound - 1e-9
        in_set[np.arange(len(in_set)), likeliest] = True
        has_votes = votes.share.any(axis=1)
        in_set[~has_votes] = True
        best = np.where(has_votes, votes.name[likeliest], "").astype(votes.name.dtype)
        return PlaceAnswers(votes.name, best, probability, in_set)

    def unlike(self, rss_dbm: Rows) -> np.ndarray:
        """Tell which scans are farther from every landmark than surveyed places are.

        Parameters
        ----------
        rss_dbm : Rows
            Scans in dBm over the access points of the model, [n, n_ap].

        Returns
        -------
        numpy.ndarray
            [n] bool.
        """
        n = rss_dbm.shape[0]
        if self.landmarks is None:
            return np.zeros(n, dtype=bool)
        distance = [
            nearest_distance(self.landmarks.similarity(slice_rows(rss_dbm, first, first + _SCANS)))
            for first in range(0, n, _SCANS)
        ]
        return np.asarray(np.concatenate([np.empty(0), *distance]) > self.farthest)

    @property
    def highest_level(self) -> float:
        """Largest share that a set can promise: K / (K + 1) with K blocks held out."""
        return self.n_blocks / (self.n_blocks + 1)

    def config(self) -> dict[str, Any]:
        """Return what `from_config` needs beside the tensors.

        Returns
        -------
        dict
            JSON values.
        """
        arrays = ("score", "share", "landmarks")
        figures = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in arrays}
        return {"landmarks": None if self.landmarks is None else self.landmarks.config(), **figures}

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the arrays, with those of the landmarks.

        Returns
        -------
        dict of str to numpy.ndarray
            Arrays by name.
        """
        marks = {} if self.landmarks is None else self.landmarks.tensors()
        return {
            "score": self.score,
            "share": self.share,
            **{_MARKS + name: array for name, array in marks.items()},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> PlaceCalibration:
        """Build the calibration that `config` and `tensors` describe.

        Parameters
        ----------
        config : mapping
            As `config` returned it.
        tensors : mapping of str to numpy.ndarray
            As `tensors` returned them.

        Returns
        -------
        PlaceCalibration
            The same calibration.
        """
        mark_tensors = {
            name.removeprefix(_MARKS): array for name, array in tensors.items() if name.startswith(_MARKS)
        }
        figures = dict(config)
        marks = figures.pop("landmarks")
        landmarks = None if marks is None else Landmarks.from_config(marks, mark_tensors)
        return cls(score=tensors["score"], share=tensors["share"], landmarks=landmarks, **figures)
