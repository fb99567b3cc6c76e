"""Radii and refusals of a model, as they were learnt by `tutelage.methods.calibration`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tutelage.runtime.conformal import conformal_quantile, require_level
from tutelage.runtime.landmarks import Landmarks, difficulty, nearest_distance
from tutelage.runtime.rows import Rows, part, row_lengths

__all__ = ["PREFIX", "Calibration", "Judgement", "Scale"]

PREFIX = "calibration."
"""Before the names of its arrays, where they stand among those of a model."""

_SCANS = 4096  # at a time: 33 MB of cosines
_MARKS = "landmarks."  # before the names of their arrays


class Scale(NamedTuple):
    """exp(slope . (difficulty - mean) / spread): the error to expect of a scan, relative to others."""

    mean: np.ndarray
    """[n_figures] of the held-out scans' `difficulty`."""
    spread: np.ndarray
    """[n_figures] standard deviations."""
    slope: np.ndarray
    """[n_figures]"""

    def of(self, hard: np.ndarray) -> np.ndarray:
        """[n] of difficulties [n, n_figures]."""
        return np.asarray(np.exp((hard - self.mean) / self.spread @ self.slope))


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
    share : [n] what each counts (`tutelage.methods.calibration.point_shares`)
    farthest : distance to the nearest landmark above which a scan is refused
    false_refusals : share of scans at new places of the building that are refused, at most
    n_points : reference points held out
    plain_radius_m : the same radius for every scan, by level: for those who have the card alone
    held_out_mae_m : mean error at the points held out, each counting alike; None of a model fitted before
        this was kept
    """

    landmarks: Landmarks
    scale: Scale
    score: np.ndarray
    share: np.ndarray
    farthest: float
    false_refusals: float
    n_points: int
    plain_radius_m: Mapping[str, float | None]
    held_out_mae_m: float | None = None

    def judge(self, rss_dbm: Rows, position_m: np.ndarray, level: float) -> Judgement:
        """Radii and refusals of scans.

        Parameters
        ----------
        rss_dbm : [n, n_ap] over the access points of the model
        position_m : [n, 2] the model's answers in the training frame
        level : share of the scans whose true position lies within the radius, in (0, 1)

        Raises
        ------
        BadInputError
            If the level is no share.
        """
        require_level(level)
        n, marks = rss_dbm.shape[0], self.landmarks
        quantile = conformal_quantile(self.score, self.share, level)
        radius_m, unlike = np.full(n, np.nan), np.zeros(n, dtype=bool)
        for first in range(0, n, _SCANS):
            these = slice(first, first + _SCANS)
            asked = part(rss_dbm, first, first + _SCANS)
            similarity = marks.similarity(asked)
            unlike[these] = nearest_distance(similarity) > self.farthest
            if np.isfinite(quantile):
                hard = difficulty(similarity, marks.position_m, row_lengths(asked), position_m[these])
                radius_m[these] = self.scale.of(hard) * quantile
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
            "plain_radius_m": dict(self.plain_radius_m),
            "held_out_mae_m": self.held_out_mae_m,
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
            config["plain_radius_m"],
            config.get("held_out_mae_m"),
        )
