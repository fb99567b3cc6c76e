"""Tests of whether one model is better than another.

The module resamples paired errors for intervals and p-values, and adjusts p-values of several questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tutelage.errors import BadInputError

__all__ = ["Difference", "holm", "paired_bootstrap", "paired_bootstraps"]

_BLOCK = 256  # resamples at a time


@dataclass(frozen=True)
class Difference:
    """Error of model A minus error of model B on the same scans; negative means that A is better.

    Parameters
    ----------
    mean : float
        Mean over seeds and scans, in metres.
    low, high : float
        Bounds of the interval, in metres; 95 % unless another level was chosen.
    p : float
        Two-sided p-value of "there is no difference".
    n_seeds, n_scans : int
        Number of seeds and of scans behind the figures.
    """

    mean: float
    low: float
    high: float
    p: float
    n_seeds: int
    n_scans: int


def paired_bootstrap(
    difference_m: np.ndarray, *, n_resamples: int = 10_000, level: float = 0.95, seed: int = 0
) -> Difference:
    """Estimate the mean difference between two models, with an interval over other scans and other seeds.

    Parameters
    ----------
    difference_m : numpy.ndarray
        Error of A minus error of B in metres, [n_seeds, n_scans].
    n_resamples : int, default 10000
        Number of resamples.
    level : float, default 0.95
        Share of the interval, between 0 and 1.
    seed : int, default 0
        Random seed.

    Returns
    -------
    Difference
        As `paired_bootstraps` computes it.

    Raises
    ------
    BadInputError
        As for `paired_bootstraps`.
    """
    one = np.asarray(difference_m)[None]
    return paired_bootstraps(one, n_resamples=n_resamples, level=level, seed=seed)[0]


def paired_bootstraps(
    difference_m: np.ndarray, *, n_resamples: int = 10_000, level: float = 0.95, seed: int = 0
) -> list[Difference]:
    """Estimate mean differences between pairs of models, with intervals over other scans and other seeds.

    A resample draws seeds and, independently, scans with replacement. Its mean is that of all drawn pairs of
    a seed and a scan. The interval runs between percentiles of these means. p is twice the smaller share of
    them on either side of 0, (count + 1) / (n_resamples + 1).

    Parameters
    ----------
    difference_m : numpy.ndarray
        Error of A minus error of B in metres, [n_comparisons, n_seeds, n_scans]; A and B have the same seed.
    n_resamples : int, default 10000
        Number of resamples; p is at least 2 / (n_resamples + 1).
    level : float, default 0.95
        Share of the interval, between 0 and 1.
    seed : int, default 0
        Random seed; all comparisons share its draws.

    Returns
    -------
    list of Difference
        One difference a comparison.

    Raises
    ------
    BadInputError
        If the differences are not finite numbers of at least one seed and one scan, or `n_resamples` or
        `level` is out of range.

    Notes
    -----
    *One seed*: only scans are resampled. The interval then holds for these two trained models on similar
    scans, not for another training.

    *Few seeds*: the interval is too narrow and p too small. The spread that comes from training is
    underestimated by a factor of about sqrt((n_seeds - 1) / n_seeds), 0.89 for five seeds. Where training
    alone decides, a 95 % interval covers 83 % with five seeds and 74 % with three (simulated, normal
    differences).

    *Scans* are treated as independent. Scans of one place or one walk are not, and this too makes the
    interval too narrow.

    Source: the pigeonhole bootstrap of Owen, Annals of Applied Statistics 1 (2007) 386-411. Scatter that
    belongs to one seed on one scan counts up to three times, which makes the interval wider, not narrower.
    """
    difference_m = _checked(difference_m)
    if n_resamples < 1 or not 0.0 < level < 1.0:
        raise BadInputError(
            f"{n_resamples} resamples and level {level}; give at least 1 and a share between 0 and 1"
        )
    means = _resampled_means(difference_m, n_resamples, np.random.default_rng(seed))
    low, high = np.quantile(means, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=1)
    fewer = np.minimum((means <= 0.0).sum(axis=1), (means >= 0.0).sum(axis=1))
    p = np.minimum(1.0, 2.0 * (fewer + 1) / (n_resamples + 1))
    _, n_seeds, n_scans = difference_m.shape
    mean = difference_m.mean(axis=(1, 2))
    return [
        Difference(float(mean[i]), float(low[i]), float(high[i]), float(p[i]), n_seeds, n_scans)
        for i in range(len(difference_m))
    ]


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Adjust p-values for several questions (step-down method of Holm).

    Reject where the adjusted value is at most alpha. The chance of even one wrong rejection is then at most
    alpha, however the questions depend on each other.

    Parameters
    ----------
    p_values : sequence of float
        p-values from 0 to 1, [m].

    Returns
    -------
    numpy.ndarray
        Adjusted p-values, [m] float64, in the same order, each at most 1.

    Raises
    ------
    BadInputError
        If a value is no probability, or the values are not a plain list.

    Notes
    -----
    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65-70. SciPy's `false_discovery_control`
    limits the share of wrong rejections instead, which is a weaker promise.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0.0) & (p <= 1.0)).all():  # NaN fails both comparisons
        raise BadInputError(f"{p.tolist()} are not p-values; give a list of numbers from 0 to 1")
    ascending = np.argsort(p, kind="stable")
    # the smallest is multiplied by m, the next by m - 1 ...; none may end up below a smaller one
    stepped = np.maximum.accumulate(p[ascending] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[ascending] = np.minimum(stepped, 1.0)
    return adjusted


def _resampled_means(difference_m: np.ndarray, n_resamples: int, draw: np.random.Generator) -> np.ndarray:
    """Return [n_comparisons, n_resamples] means over drawn seeds and scans.

    All comparisons go through a block of resamples at once, as a matrix product with the number of times that
    each scan was drawn. Drawing takes most of the time, and is done once for all comparisons.
    """
    n_comparisons, n_seeds, n_scans = difference_m.shape
    flat = difference_m.reshape(-1, n_scans)
    means = np.empty((n_comparisons, n_resamples))
    for first in range(0, n_resamples, _BLOCK):
        n = min(_BLOCK, n_resamples - first)
        times_scan, times_seed = (_times_drawn(n, size, draw) for size in (n_scans, n_seeds))
        by_seed = (flat @ times_scan.T).reshape(n_comparisons, n_seeds, n)
        means[:, first : first + n] = np.einsum("csn,ns->cn", by_seed, times_seed)
    return np.asarray(means / (n_seeds * n_scans))


def _times_drawn(n_resamples: int, size: int, draw: np.random.Generator) -> np.ndarray:
    """Return [n_resamples, size] how often each of `size` things is among `size` draws with replacement."""
    choices = draw.integers(size, size=(n_resamples, size)) + size * np.arange(n_resamples)[:, None]
    times = np.bincount(choices.ravel(), minlength=n_resamples * size)
    return np.asarray(times.reshape(n_resamples, size), dtype=np.float64)


def _checked(difference_m: np.ndarray) -> np.ndarray:
    table = np.asarray(difference_m, dtype=np.float64)
    if table.ndim != 3 or table.size == 0:
        raise BadInputError(
            f"differences of shape {list(table.shape)}; give [n_comparisons, n_seeds, n_scans], none 0"
        )
    if not np.isfinite(table).all():
        raise BadInputError(
            f"{np.count_nonzero(~np.isfinite(table))} differences are not finite numbers; "
            "compare on the scans that both models answered with every seed"
        )
    return table
