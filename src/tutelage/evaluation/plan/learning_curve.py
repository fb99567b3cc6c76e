"""Errors against the number of reference points, and what more points would bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from tutelage.evaluation.plan.power_law import PowerLaw, fit_power_law

__all__ = ["LITTLE_M", "Estimate", "LearningCurve", "Verdict", "learning_curve"]

Verdict = Literal["gain", "little", "unclear"]

LITTLE_M = 0.1
"""Gains below this many metres are not worth a walk."""

_RESAMPLES, _LEVEL = 500, 0.95
_TOO_WIDE = 0.5  # of an interval, as a share of the present error


class Estimate(NamedTuple):
    """A figure in metres with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Mean errors over held-out reference points, and the law through them.

    Parameters
    ----------
    n_points : [k] reference points that were learnt
    errors : [k] at these sizes
    law : fitted to them
    laws : the same, fitted to each resample
    n_now : reference points of the whole survey
    """

    n_points: np.ndarray
    errors: tuple[Estimate, ...]
    law: PowerLaw
    laws: tuple[PowerLaw, ...]
    n_now: int

    def at(self, n_points: float) -> Estimate:
        """The law's error with so many points."""
        return _around(float(self.law.error_m(n_points)), [float(law.error_m(n_points)) for law in self.laws])

    def gain(self, factor: float = 2.0) -> Estimate:
        """What `factor` times the points of the whole survey would bring."""

        def of(law: PowerLaw) -> float:
            return float(law.error_m(self.n_now) - law.error_m(factor * self.n_now))

        return _around(of(self.law), [of(law) for law in self.laws])

    @property
    def verdict(self) -> Verdict:
        """ "gain", "little" (surely less than `LITTLE_M`), or "unclear" where the interval holds too much."""
        mean, low, high = self.gain()
        if high < LITTLE_M:
            return "little"
        too_wide = high - low > _TOO_WIDE * self.at(self.n_now).mean
        return "unclear" if too_wide or mean < LITTLE_M else "gain"

    @property
    def words(self) -> str:
        """The verdict as a sentence's end."""
        mean, low, high = self.gain()
        return {
            "gain": f"twice the points would bring about {mean:.1f} m ({low:.1f} to {high:.1f})",
            "little": f"more points would bring less than {LITTLE_M} m: survey elsewhere or other things",
            "unclear": f"too few points to say: twice as many would bring between {low:.1f} and {high:.1f} m",
        }[self.verdict]

    def as_dict(self) -> dict[str, Any]:
        """Plain figures, for JSON."""
        return {
            "sizes": [
                {"n_points": round(float(n), 1), **_figures("error", error)}
                for n, error in zip(self.n_points, self.errors, strict=True)
            ],
            "floor_m": self.law.floor_m,
            "scale_m": self.law.scale_m,
            "exponent": self.law.exponent,
            "now": {"n_points": self.n_now, **_figures("error", self.at(self.n_now))},
            "twice": {
                "n_points": 2 * self.n_now,
                **_figures("error", self.at(2 * self.n_now)),
                **_figures("gain", self.gain()),
            },
            "verdict": self.verdict,
            "words": self.words,
        }


def learning_curve(
    n_learnt: np.ndarray, errors_m: Sequence[np.ndarray], n_now: int, *, seed: int = 0
) -> LearningCurve:
    """Means, law and intervals of measured errors.

    The intervals are a pigeonhole bootstrap (Owen, Annals of Applied Statistics 1, 2007): a resample draws
    repetitions and, independently, reference points, and fits the law again.

    Parameters
    ----------
    n_learnt : [n_repetitions, k] points that were learnt
    errors_m : one [k, n_points] a repetition; NaN in the columns of points that were not held out, or that
        got no position at some size
    n_now : reference points of the whole survey
    """
    table = np.stack(errors_m)
    counted = np.isfinite(table[:, 0])
    table = np.where(counted[:, None], table, 0.0)
    sizes = n_learnt.mean(axis=0)

    def means(of_repetition: np.ndarray, of_point: np.ndarray) -> np.ndarray:
        return np.asarray(of_repetition @ (table @ of_point) / (of_repetition @ (counted @ of_point)))

    n_repetitions, n_points = counted.shape
    each = (table.sum(axis=2) / np.maximum(counted.sum(axis=1), 1)[:, None])[counted.any(axis=1)]
    mean_m = means(np.ones(n_repetitions), np.ones(n_points))
    # A size at which all repetitions agree by chance must not take all the weight.
    spread_m = np.maximum(each.std(axis=0, ddof=1) / np.sqrt(len(each)), 0.01 * mean_m + 1e-6)
    rng = np.random.default_rng(seed)
    drawn = np.array(
        [means(_times_drawn(n_repetitions, rng), _times_drawn(n_points, rng)) for _ in range(_RESAMPLES)]
    )
    laws = tuple(fit_power_law(sizes, resample, spread_m) for resample in drawn)
    errors = tuple(_estimate(float(mean), drawn[:, i]) for i, mean in enumerate(mean_m))
    return LearningCurve(sizes, errors, fit_power_law(sizes, mean_m, spread_m), laws, n_now)


def _times_drawn(size: int, rng: np.random.Generator) -> np.ndarray:
    """[size] how often each is among `size` draws with replacement."""
    return np.bincount(rng.integers(size, size=size), minlength=size).astype(np.float64)


def _estimate(mean: float, resampled: Sequence[float] | np.ndarray) -> Estimate:
    low, high = np.quantile(resampled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Estimate(mean, min(float(low), mean), max(float(high), mean))


def _around(mean: float, resampled: Sequence[float]) -> Estimate:
    """Both sides as long as the longer: laws without negative figures err to one side."""
    _, low, high = _estimate(mean, resampled)
    reach = max(mean - low, high - mean)
    return Estimate(mean, max(0.0, mean - reach), mean + reach)


def _figures(name: str, estimate: Estimate) -> dict[str, float]:
    return {f"{name}_m": estimate.mean, f"{name}_low_m": estimate.low, f"{name}_high_m": estimate.high}
