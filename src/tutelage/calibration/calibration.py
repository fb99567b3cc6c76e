"""Radii and refusals of a model, learnt on reference points that a twin of it never saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tutelage.calibration.conformal import conformal_quantile, point_shares
from tutelage.calibration.landmarks import Landmarks, difficulty, nearest_distance
from tutelage.calibration.scale import Scale, cross_fitted
from tutelage.errors import BadInputError
from tutelage.fingerprints import FingerprintSet
from tutelage.positions import Located
from tutelage.surveys import reference_points

__all__ = ["Calibration", "Judgement", "Trial"]

_FALSE_REFUSALS = 0.01  # of scans at new places of the surveyed building
_MARGIN = 2.0  # other phones and later months look stranger than a survey's own places do to each other
_SCANS = 4096  # at a time: 33 MB of cosines
_MARKS = "landmarks."  # before the names of their arrays


class Trial(NamedTuple):
    """What a model that learnt a part of a survey makes of the rest."""

    learnt: FingerprintSet
    asked: FingerprintSet
    """Of other reference points."""
    located: Located


class Judgement(NamedTuple):
    """Of scans and the answers to them."""

    radius_m: np.ndarray
    """[n] metres of the data set; NaN where too few points were held out for the level asked."""
    unlike: np.ndarray
    """[n] bool: farther from every landmark than surveyed places are."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """How far off a model's answers are.

    The radius of a scan is its scale times a quantile of held-out errors, each divided by its own scale.

    Parameters
    ----------
    landmarks : of the whole training data
    scale : of a scan's difficulty
    score : [n] error / scale of each held-out scan
    share : [n] what each counts (`point_shares`)
    farthest : distance to the nearest landmark above which a scan is refused
    false_refusals : share of scans at new places of the building that are refused, at most
    n_points : reference points held out
    """

    landmarks: Landmarks
    scale: Scale
    score: np.ndarray
    share: np.ndarray
    farthest: float
    false_refusals: float
    n_points: int

    @classmethod
    def fit(cls, train: FingerprintSet, trial: Trial, *, seed: int = 0) -> Calibration:
        """Learn the scale and the quantiles from a trial; the landmarks are those of all training scans.

        Raises
        ------
        BadInputError
            If no held-out scan hears an access point that the trial's model knew.
        """
        marks = Landmarks.of(trial.learnt, seed)
        known = marks.n_known(trial.asked) > 0
        if not known.any():
            raise BadInputError(
                "no scan of the held-out reference points hears an access point of the others; fit without "
                "calibration, or survey more points"
            )
        asked, position_m = trial.asked[known], trial.located.position_m[known]
        point = reference_points(asked)
        share = point_shares(point)
        similarity = marks.similarity(asked)
        hard = difficulty(similarity, marks.position_m, marks.n_known(asked), position_m)
        error_m = np.linalg.norm(position_m - asked.known_position_m, axis=1)
        n_points = int(point.max()) + 1
        weight = share * (n_points + 1)
        false_refusals = max(_FALSE_REFUSALS, 1 / (n_points + 1))
        strangest = conformal_quantile(nearest_distance(similarity), share, 1 - false_refusals)
        farthest = 1 - max(0.0, 1 - strangest) ** _MARGIN
        return cls(
            Landmarks.of(train, seed),
            Scale.fit(hard, error_m, weight),
            error_m / cross_fitted(hard, error_m, weight, point, seed),
            share,
            farthest,
            false_refusals,
            n_points,
        )

    def judge(self, scans: FingerprintSet, position_m: np.ndarray, level: float) -> Judgement:
        """Radii and refusals of scans with their positions [n, 2] in the training frame.

        Parameters
        ----------
        level : share of the scans whose true position lies within the radius, in (0, 1)

        Raises
        ------
        BadInputError
            If the level is no share.
        """
        if not 0 < level < 1:
            raise BadInputError(
                f"level is {level:g}; the share of positions within the radius lies between 0 and 1"
            )
        marks = self.landmarks
        quantile = conformal_quantile(self.score, self.share, level)
        radius_m, unlike = np.full(len(scans), np.nan), np.zeros(len(scans), dtype=bool)
        for first in range(0, len(scans), _SCANS):
            part = slice(first, first + _SCANS)
            asked = scans[np.arange(len(scans))[part]]
            similarity = marks.similarity(asked)
            unlike[part] = nearest_distance(similarity) > self.farthest
            if np.isfinite(quantile):
                hard = difficulty(similarity, marks.position_m, marks.n_known(asked), position_m[part])
                radius_m[part] = self.scale.of(hard) * quantile
        return Judgement(radius_m, unlike)

    @property
    def highest_level(self) -> float:
        """The largest share that a radius can promise: K / (K + 1) with K points held out."""
        return self.n_points / (self.n_points + 1)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the tensors."""
        return {
            **self.landmarks.config(),
            "farthest": self.farthest,
            "false_refusals": self.false_refusals,
            "n_points": self.n_points,
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """Its arrays, those of the landmarks included."""
        own = {**self.scale._asdict(), "score": self.score, "share": self.share}
        return own | {_MARKS + name: array for name, array in self.landmarks.tensors().items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Calibration:
        """The calibration that `config` and `tensors` described."""
        of_marks = {
            name.removeprefix(_MARKS): array for name, array in tensors.items() if name.startswith(_MARKS)
        }
        return cls(
            Landmarks.from_config(config, of_marks),
            Scale(*(tensors[name] for name in Scale._fields)),
            tensors["score"],
            tensors["share"],
            config["farthest"],
            config["false_refusals"],
            config["n_points"],
        )
