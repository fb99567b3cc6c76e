"""Learning curves: errors against the number of reference points or walks, and the gain of more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from tutelage.evaluation.plan.power_law import PowerLaw, fit_power_law
from tutelage.methods.answer_errors import METRES, WRONG_PLACES, ErrorUnit

__all__ = ["LITTLE_M", "CurveUnit", "Estimate", "LearningCurve", "Verdict", "learning_curve"]

CurveUnit = Literal["point", "walk", "block"]
"""What a curve counts: reference points, walks, or blocks of scans within places."""

Verdict = Literal["gain", "little", "unclear"]
"""Whether more points help: yes, surely too little, or too uncertain to say."""

LITTLE_M = 0.1
"""Gains below this many metres are not worth a walk."""

_LITTLE = {METRES: LITTLE_M, WRONG_PLACES: 0.02}
_UNITS = {"point": "points", "walk": "walks", "block": "blocks of scans"}
_RESAMPLES = 500
_LEVEL = 0.95
_TOO_WIDE = 0.5  # width of an interval over the present error


class Estimate(NamedTuple):
    """A figure in metres, or a share of wrong places, with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Mean errors over held-out reference points, walks or blocks of scans, and the law through them.

    Parameters
    ----------
    n_points : ndarray
        Reference points, walks or blocks that were learnt, one number a size [k].
    errors : tuple of Estimate
        Mean errors at these sizes [k].
    law : PowerLaw
        The law fitted to the errors.
    laws : tuple of PowerLaw
        The laws fitted to resamples of the errors.
    n_now : int
        Reference points, walks or blocks of the whole survey.
    unit : str
        "point", "walk" or "block": what is counted.
    error_unit : ErrorUnit
        What the errors are counted in; metres by default.
    """

    n_points: np.ndarray
    errors: tuple[Estimate, ...]
    law: PowerLaw
    laws: tuple[PowerLaw, ...]
    n_now: int
    unit: CurveUnit = "point"
    error_unit: ErrorUnit = METRES

    def at(self, n_points: float) -> Estimate:
        """Estimate the error with so many points or walks, by the law.

        Parameters
        ----------
        n_points : float
            Reference points, walks or blocks.

        Returns
        -------
        Estimate
            Mean error, with its interval.
        """
        return _around(float(self.law.error_m(n_points)), [float(law.error_m(n_points)) for law in self.laws])

    def gain(self, factor: float = 2.0) -> Estimate:
        """Estimate what more points or walks than those of the whole survey would bring.

        Parameters
        ----------
        factor : float, default 2
            Points or walks over those of the survey.

        Returns
        -------
        Estimate
            Decrease of the mean error, with its interval.
        """

        def law_gain(law: PowerLaw) -> float:
            return float(law.error_m(self.n_now) - law.error_m(factor * self.n_now))

        return _around(law_gain(self.law), [law_gain(law) for law in self.laws])

    @property
    def verdict(self) -> Verdict:
        """Whether twice as much would help; "unclear" where the interval of the gain is too wide."""
        mean, low, high = self.gain()
        little = _LITTLE[self.error_unit]
        if high < little:
            return "little"
        too_wide = high - low > _TOO_WIDE * self.at(self.n_now).mean
        return "unclear" if too_wide or mean < little else "gain"

    @property
    def words(self) -> str:
        """The verdict as a sentence's end."""
        mean, low, high = (f"{self.error_unit.scale * each:.1f}" for each in self.gain())
        units, step = _UNITS[self.unit], self.error_unit.step
        little = f"{self.error_unit.scale * _LITTLE[self.error_unit]:g} {step}"
        return {
            "gain": f"twice the {units} would bring about {mean} {step} ({low} to {high})",
            "little": f"more {units} would bring less than {little}: survey elsewhere or other things",
            "unclear": f"too few {units} to say: twice as many would bring between {low} and {high} {step}",
        }[self.verdict]

    def as_dict(self) -> dict[str, Any]:
        """Turn the curve into plain figures, for JSON.

        Returns
        -------
        dict
            Sizes with their errors, the law, the error now and with twice the points, and the verdict.
        """
        count, of = f"n_{self.unit}s", self.error_unit.suffix
        return {
            "sizes": [
                {count: round(float(n), 1), **_figures("error", error, of)}
                for n, error in zip(self.n_points, self.errors, strict=True)
            ],
            f"floor{of}": self.law.floor_m,
            f"scale{of}": self.law.scale_m,
            "exponent": self.law.exponent,
            "now": {count: self.n_now, **_figures("error", self.at(self.n_now), of)},
            "twice": {
                count: 2 * self.n_now,
                **_figures("error", self.at(2 * self.n_now), of),
                **_figures("gain", self.gain(), of),
            },
            "verdict": self.verdict,
            "words": self.words,
        }


def learning_curve(
    n_learnt: np.ndarray,
    errors: Sequence[np.ndarray],
    n_now: int,
    *,
    unit: CurveUnit = "point",
    error_unit: ErrorUnit = METRES,
    seed: int = 0,
) -> LearningCurve:
    """Fit a law to measured errors, and compute means and intervals.

    The intervals are a pigeonhole bootstrap (Owen, Annals of Applied Statistics 1, 2007). A resample draws
    repetitions and, independently, points or walks, and fits the law again.

    Parameters
    ----------
    n_learnt : ndarray
        Reference points, walks or blocks that were learnt [n_repetitions, k].
    errors : sequence of ndarray
        Errors [k, n_points], one array a repetition. The columns of points that were not held out, or that
        got no answer at some size, are NaN.
    n_now : int
        Reference points, walks or blocks of the whole survey.
    unit : str, default "point"
        "point", "walk" or "block".
    error_unit : ErrorUnit
        What the errors are counted in; metres by default.
    seed : int, default 0
        Random seed of the bootstrap.

    Returns
    -------
    LearningCurve
        Sizes, mean errors and law.
    """
    table = np.stack(errors)
    has_error = np.isfinite(table[:, 0])
    table = np.where(has_error[:, None], table, 0.0)
    sizes = n_learnt.mean(axis=0)

    def means(repetition_weight: np.ndarray, point_weight: np.ndarray) -> np.ndarray:
        total = repetition_weight @ (table @ point_weight)
        return np.asarray(total / (repetition_weight @ (has_error @ point_weight)))

    n_repetitions, n_points = has_error.shape
    repetition_m = table.sum(axis=2) / np.maximum(has_error.sum(axis=1), 1)[:, None]
    repetition_m = repetition_m[has_error.any(axis=1)]
    mean_m = means(np.ones(n_repetitions), np.ones(n_points))
    # A size at which all repetitions agree by chance must not take all the weight.
    standard_error_m = repetition_m.std(axis=0, ddof=1) / np.sqrt(len(repetition_m))
    spread_m = np.maximum(standard_error_m, 0.01 * mean_m + 1e-6)
    resamples_m = _resampled(means, n_repetitions, n_points, np.random.default_rng(seed))
    laws = tuple(fit_power_law(sizes, resample_m, spread_m) for resample_m in resamples_m)
    estimates = tuple(_estimate(float(mean), resamples_m[:, i]) for i, mean in enumerate(mean_m))
    law = fit_power_law(sizes, mean_m, spread_m)
    return LearningCurve(sizes, estimates, law, laws, n_now, unit, error_unit)


def _resampled(
    means: Callable[[np.ndarray, np.ndarray], np.ndarray],
    n_repetitions: int,
    n_points: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw mean errors [n_resamples, k]; of few walks, draws without an error are repeated."""
    drawn: list[np.ndarray] = []
    while len(drawn) < _RESAMPLES:
        with np.errstate(invalid="ignore"):
            resample_m = means(_draw_counts(n_repetitions, rng), _draw_counts(n_points, rng))
        if np.isfinite(resample_m).all():
            drawn.append(resample_m)
    return np.array(drawn)


def _draw_counts(size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `size` times with replacement and count how often each was drawn [size]."""
    return np.bincount(rng.integers(size, size=size), minlength=size).astype(np.float64)


def _estimate(mean: float, resamples: Sequence[float] | np.ndarray) -> Estimate:
    low, high = np.quantile(resamples, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Estimate(mean, min(float(low), mean), max(float(high), mean))


def _around(mean: float, resamples: Sequence[float]) -> Estimate:
    """Make both sides of an interval as long as the longer.

    Laws without negative figures err to one side.
    """
    _, low, high = _estimate(mean, resamples)
    reach = max(mean - low, high - mean)
    return Estimate(mean, max(0.0, mean - reach), mean + reach)


def _figures(name: str, estimate: Estimate, of: str) -> dict[str, float]:
    ends = {f"{name}_low{of}": estimate.low, f"{name}_high{of}": estimate.high}
    return {f"{name}{of}": estimate.mean, **ends}
