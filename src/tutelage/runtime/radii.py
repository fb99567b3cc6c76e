"""Radii and refusals of a calibrated model, as `tutelage.methods.calibration` learns them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from tutelage.runtime.conformal import conformal_quantile, require_level
from tutelage.runtime.landmarks import Landmarks, difficulty, nearest_distance, nearest_landmarks
from tutelage.runtime.prefixes import with_prefix
from tutelage.runtime.rows import Rows, row_lengths, slice_rows

__all__ = ["PREFIX", "Calibration", "Judgement", "Scale"]

PREFIX = "calibration."
"""Prefix of a calibration's arrays among the arrays of a model."""

_SCANS = 4096  # at a time: 33 MB of cosines
_MARKS = "landmarks."  # prefix of their arrays


class Scale(NamedTuple):
    """Expected error of a scan relative to others: exp(slope . (difficulty - mean) / spread).

    Attributes
    ----------
    mean : numpy.ndarray
        Mean difficulty of the held-out scans, [n_figures].
    spread : numpy.ndarray
        Standard deviations of their difficulty, [n_figures].
    slope : numpy.ndarray
        Weight of each figure, [n_figures].
    """

    mean: np.ndarray
    spread: np.ndarray
    slope: np.ndarray

    def relative_error(self, hard: np.ndarray) -> np.ndarray:
        """Compute the scale of each scan.

        Parameters
        ----------
        hard : numpy.ndarray
            Difficulties, [n, n_figures].

        Returns
        -------
        numpy.ndarray
            Scales, [n].
        """
        return np.asarray(np.exp((hard - self.mean) / self.spread @ self.slope))


class Judgement(NamedTuple):
    """Radii and refusals of scans.

    Attributes
    ----------
    radius_m : numpy.ndarray
        Radii in data-set metres, [n]; NaN where too few points were held out for the level.
    unlike : numpy.ndarray
        Whether a scan is farther from every landmark than surveyed places are, [n] bool.
    """

    radius_m: np.ndarray
    unlike: np.ndarray


@dataclass(frozen=True, eq=False)
class Calibration:
    """Expected errors of a model's answers.

    The radius of a scan is its scale times a quantile of held-out errors, each divided by its own scale.

    Parameters
    ----------
    landmarks : Landmarks
        Summary of the whole training data.
    scale : Scale
        Expected relative error by difficulty.
    score : numpy.ndarray
        Error / scale of each held-out scan, [n].
    share : numpy.ndarray
        Weight of each held-out scan, [n] (`tutelage.methods.calibration.point_shares`).
    farthest : float
        Distance to the nearest landmark above which a scan is refused: there the error to expect is thrice
        the mean error.
    false_refusals : float
        Largest share of scans at new places of the building that are refused.
    n_points : int
        Number of reference points or walks held out.
    plain_radius_m : mapping of str to float or None
        One radius for every scan by level, in metres, for readers of the card alone.
    held_out_mae_m : float, optional
        Mean error to expect in metres: that at the held-out points, each counting alike, less what they are
        farther from the survey than queries are, times the borrowed factor. None in models fitted before this
        figure was kept.
    held_out : str
        What was held out, in words, such as "24 of 48 reference points"; "" in older models.
    unsaid : str
        What the survey cannot tell, in words; "" if it has several walks, phones and days.
    borrowed_factor : float
        Part of radii and mean error that was not measured here: they are this many times as large as what was
        held out says.
    borrowed : str
        Where that factor comes from, in words; "" if it is 1.
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
    held_out: str = ""
    unsaid: str = ""
    borrowed_factor: float = 1.0
    borrowed: str = ""

    def judge(self, rss_dbm: Rows, position_m: np.ndarray, level: float) -> Judgement:
        """Compute radii and refusals of scans.

        Parameters
        ----------
        rss_dbm : Rows
            Scans in dBm over the access points of the model, [n, n_ap].
        position_m : numpy.ndarray
            Answers of the model in the training frame in metres, [n, 2].
        level : float
            Share of the scans whose true position lies within the radius, in (0, 1).

        Returns
        -------
        Judgement
            A radius and a refusal for each scan.

        Raises
        ------
        BadInputError
            If the level is not a share.
        """
        require_level(level)
        n = rss_dbm.shape[0]
        marks = self.landmarks
        quantile = self._quantile(level)
        radius_m = np.full(n, np.nan)
        unlike = np.zeros(n, dtype=bool)
        for first in range(0, n, _SCANS):
            these = slice(first, first + _SCANS)
            scans = slice_rows(rss_dbm, first, first + _SCANS)
            similarity = marks.similarity(scans)
            unlike[these] = nearest_distance(similarity) > self.farthest
            if np.isfinite(quantile):
                near = nearest_landmarks(similarity)
                hard = difficulty(near, marks.position_m, row_lengths(scans), position_m[these])
                radius_m[these] = self.scale.relative_error(hard) * quantile
        return Judgement(radius_m, unlike)

    def _quantile(self, level: float) -> float:
        """Return the quantile of the scores; each is computed once, as scans come one by one."""
        if level not in self._quantiles:
            self._quantiles[level] = conformal_quantile(self.score, self.share, level)
        return self._quantiles[level]

    @cached_property
    def _quantiles(self) -> dict[float, float]:
        return {}

    @property
    def highest_level(self) -> float:
        """Largest share that a radius can promise: K / (K + 1) with K points or walks held out."""
        return self.n_points / (self.n_points + 1)

    def config(self) -> dict[str, Any]:
        """Return what `from_config` needs beside the tensors.

        Returns
        -------
        dict
            JSON values.
        """
        return {
            **self.landmarks.config(),
            "farthest": self.farthest,
            "false_refusals": self.false_refusals,
            "n_points": self.n_points,
            "plain_radius_m": dict(self.plain_radius_m),
            "held_out_mae_m": self.held_out_mae_m,
            "held_out": self.held_out,
            "unsaid": self.unsaid,
            "borrowed_factor": self.borrowed_factor,
            "borrowed": self.borrowed,
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the arrays, with those of the landmarks.

        Returns
        -------
        dict of str to numpy.ndarray
            Arrays by name.
        """
        tensors = {**self.scale._asdict(), "score": self.score, "share": self.share}
        return tensors | {_MARKS + name: array for name, array in self.landmarks.tensors().items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Calibration:
        """Build the calibration that `config` and `tensors` describe.

        Parameters
        ----------
        config : mapping
            As `config` returned it.
        tensors : mapping of str to numpy.ndarray
            As `tensors` returned them.

        Returns
        -------
        Calibration
            The same calibration.
        """
        return cls(
            Landmarks.from_config(config, with_prefix(tensors, _MARKS)),
            Scale(*(tensors[name] for name in Scale._fields)),
            tensors["score"],
            tensors["share"],
            config["farthest"],
            config["false_refusals"],
            config["n_points"],
            config["plain_radius_m"],
            config.get("held_out_mae_m"),
            config.get("held_out", ""),
            config.get("unsaid", ""),
            config.get("borrowed_factor", 1.0),
            config.get("borrowed", ""),
        )
