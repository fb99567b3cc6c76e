"""Probabilities and sets of places of a calibrated model, as `tutelage.methods.calibration` learns them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from tutelage.runtime.conformal import conformal_quantile, require_level
from tutelage.runtime.landmarks import Landmarks, nearest_distance
from tutelage.runtime.places import PlaceAnswers, PlaceVotes
from tutelage.runtime.prefixes import with_prefix
from tutelage.runtime.rows import Rows, slice_rows

__all__ = [
    "PLACE_PREFIX",
    "Certainty",
    "PlaceCalibration",
    "PlaceMarks",
    "VoteCurve",
    "answered_column",
    "log_odds",
]

PLACE_PREFIX = "place_calibration."
"""Prefix of a place calibration's arrays among the arrays of a model."""

_SCANS = 4096  # at a time: 33 MB of cosines
_LEAST = 1e-6  # probability: nothing is impossible
_MARKS = "landmarks."  # prefix of their arrays


@dataclass(frozen=True, eq=False)
class PlaceMarks:
    """Mean fingerprints of blocks of scans, and the place of each.

    Parameters
    ----------
    landmarks : Landmarks
        The mean fingerprints.
    name : numpy.ndarray
        Sorted names of the p places, [p] str.
    place : numpy.ndarray
        Place of each landmark in `name`, [n_marks] int.
    """

    landmarks: Landmarks
    name: np.ndarray
    place: np.ndarray

    def likeness(self, rss_dbm: Rows) -> np.ndarray:
        """Compute how like each place scans are: the cosine with the most similar landmark there.

        Parameters
        ----------
        rss_dbm : Rows
            Scans in dBm over the access points of the model, [n, n_ap].

        Returns
        -------
        numpy.ndarray
            Cosines, [n, p]; 0 where nothing is shared.
        """
        n = rss_dbm.shape[0]
        order, known, first = self._by_place
        likeness = np.zeros((n, len(self.name)))
        for start in range(0, n, _SCANS):
            similarity = self.landmarks.similarity(slice_rows(rss_dbm, start, start + _SCANS))
            likeness[start : start + _SCANS, known] = np.maximum.reduceat(similarity[:, order], first, axis=1)
        return likeness

    @cached_property
    def _by_place(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the landmarks in the order of their places, these places, and where each begins."""
        order = np.argsort(self.place, kind="stable")
        return order, *np.unique(self.place[order], return_index=True)


class VoteCurve(NamedTuple):
    """How votes and likeness become probabilities.

    Attributes
    ----------
    sharpness : float
        Power to which votes are raised: below 1 the answer is less sure than the votes, above 1 surer.
    floor : float
        Part of the probability that likeness divides, 0 to 1.
    contrast : float
        How much a place gains with its likeness; with 0 all places share the floor alike.
    """

    sharpness: float
    floor: float
    contrast: float

    def probability(self, share: np.ndarray, likeness: np.ndarray) -> np.ndarray:
        """Compute the probability of each place.

        Parameters
        ----------
        share : numpy.ndarray
            Votes, [n, p]; a row sums to 1, or is 0.
        likeness : numpy.ndarray
            As `PlaceMarks.likeness` gives it, [n, p].

        Returns
        -------
        numpy.ndarray
            Probabilities, [n, p]; each row sums to 1.
        """
        raised = np.exp(self.contrast * (likeness - likeness.max(axis=1, keepdims=True, initial=0.0)))
        alike = raised / raised.sum(axis=1, keepdims=True)
        powered = np.where(share > 0, np.where(share > 0, share, 1.0) ** self.sharpness, 0.0)
        total = powered.sum(axis=1, keepdims=True)
        voted = np.divide(powered, total, out=alike.copy(), where=total > 0)
        return np.asarray((1 - self.floor) * voted + self.floor * alike)


class Certainty(NamedTuple):
    """How the probability of the answered place follows from what the curve and the votes gave it.

    Attributes
    ----------
    intercept, of_curve, of_votes : float
        Its log-odds are intercept + of_curve * (log-odds by the curve) + of_votes * (log-odds of the share).
    """

    intercept: float
    of_curve: float
    of_votes: float

    def sure(self, probability: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Compute the probability of answered places.

        Parameters
        ----------
        probability, share : numpy.ndarray
            Probability by the curve, and share of the votes, of the answered place, [n].

        Returns
        -------
        numpy.ndarray
            Probabilities, [n].
        """
        odds = self.intercept + self.of_curve * log_odds(probability) + self.of_votes * log_odds(share)
        return np.asarray(1 / (1 + np.exp(-odds)))

    def corrected(self, probability: np.ndarray, share: np.ndarray, best: np.ndarray) -> np.ndarray:
        """Correct the probability of the answered place; the others share the rest as before.

        Parameters
        ----------
        probability, share : numpy.ndarray
            Probabilities and votes, [n, p].
        best : numpy.ndarray
            Column of the answered place, [n] int.

        Returns
        -------
        numpy.ndarray
            Probabilities, [n, p]; each row sums to 1.
        """
        rows = np.arange(len(best))
        sure = self.sure(probability[rows, best], share[rows, best])
        rest = np.maximum(1 - probability[rows, best], _LEAST)
        corrected = probability * ((1 - sure) / rest)[:, None]
        corrected[rows, best] = sure
        return np.asarray(corrected / corrected.sum(axis=1, keepdims=True))


def log_odds(probability: np.ndarray) -> np.ndarray:
    """Compute log(p / (1 - p)) of probabilities; near 0 and 1 it stays finite."""
    inside = np.clip(probability, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def answered_column(share: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Choose the column of the answered place: the most votes, and the likeliest place where there are none.

    Parameters
    ----------
    share, probability : numpy.ndarray
        Votes and probabilities, [n, p].

    Returns
    -------
    numpy.ndarray
        [n] int.
    """
    return np.asarray(np.where(share.any(axis=1), share.argmax(axis=1), probability.argmax(axis=1)))


@dataclass(frozen=True, eq=False)
class PlaceCalibration:
    """How sure a model's answers about places are.

    The set of a scan holds the places whose probability reaches a bound, which blocks of held-out scans
    taught.

    Parameters
    ----------
    curve : VoteCurve
        How votes and likeness become probabilities.
    certainty : Certainty
        Of the answered place.
    marks : PlaceMarks
        Summary of the training data.
    score : numpy.ndarray
        1 - probability of the true place of each held-out scan, [n].
    share : numpy.ndarray
        Weight of each held-out scan, [n] (`tutelage.methods.calibration.point_shares`).
    farthest : float
        Distance to the nearest landmark above which a scan is refused; infinite in a survey with positions,
        whose calibration refuses scans.
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

    curve: VoteCurve
    certainty: Certainty
    marks: PlaceMarks
    score: np.ndarray
    share: np.ndarray
    farthest: float
    false_refusals: float
    n_blocks: int
    held_out_hit: float
    held_out_calibration_error: float
    held_out: str = ""
    unsaid: str = ""
    borrowed: str = ""

    def answers(self, votes: PlaceVotes, rss_dbm: Rows, level: float) -> tuple[PlaceAnswers, np.ndarray]:
        """Turn votes into places with probabilities and sets, and find the scans to refuse.

        Parameters
        ----------
        votes : PlaceVotes
            Votes on n scans.
        rss_dbm : Rows
            The scans in dBm over the access points of the model, [n, n_ap].
        level : float
            Share of the scans whose set is to hold the true place, in (0, 1).

        Returns
        -------
        answers : PlaceAnswers
            A set holds the answered place in any case, and all places where too few blocks were held out for
            the level.
        unlike : numpy.ndarray
            Whether a scan is farther from every landmark than surveyed places are, [n] bool.

        Raises
        ------
        BadInputError
            If the level is not a share.
        """
        require_level(level)
        likeness = self.marks.likeness(rss_dbm)
        probability = self.curve.probability(votes.share, likeness)
        bound = 1 - conformal_quantile(self.score, self.share, level)  # -inf without enough blocks
        best = answered_column(votes.share, probability)
        in_set = probability >= bound - 1e-9
        in_set[np.arange(len(in_set)), best] = True
        answers = PlaceAnswers(
            votes.name, votes.name[best], self.certainty.corrected(probability, votes.share, best), in_set
        )
        return answers, nearest_distance(likeness) > self.farthest

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
        arrays = ("score", "share", "marks", "curve", "certainty")
        figures = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in arrays}
        figures["farthest"] = self.farthest if np.isfinite(self.farthest) else None
        names = {"name": self.marks.name.tolist(), "landmarks": self.marks.landmarks.config()}
        lines = {"curve": self.curve._asdict(), "certainty": self.certainty._asdict()}
        return {**lines, "marks": names, **figures}

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the arrays, with those of the landmarks.

        Returns
        -------
        dict of str to numpy.ndarray
            Arrays by name.
        """
        arrays = {"score": self.score, "share": self.share, "place": self.marks.place}
        marks = self.marks.landmarks.tensors()
        return arrays | {_MARKS + name: array for name, array in marks.items()}

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
        figures = dict(config)
        lines = VoteCurve(**figures.pop("curve")), Certainty(**figures.pop("certainty"))
        names = figures.pop("marks")
        landmarks = Landmarks.from_config(names["landmarks"], with_prefix(tensors, _MARKS))
        marks = PlaceMarks(landmarks, np.asarray(names["name"], dtype=np.str_), tensors["place"])
        figures["farthest"] = np.inf if figures["farthest"] is None else figures["farthest"]
        return cls(*lines, marks, tensors["score"], tensors["share"], **figures)
