"""How hard a scan is: the error to expect, relative to other scans, learnt from held-out scans."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import Ridge

from tutelage.runtime.radii import Scale

__all__ = ["cross_fit_scale", "fit_scale"]

_PULL = 100.0  # counts like so many held-out points that say "every scan is as hard as the next"
_FOLDS = 5


def fit_scale(hard: np.ndarray, error_m: np.ndarray, weight: np.ndarray) -> Scale:
    """Fit a ridge regression of log errors; with few held-out points it is nearly 1 for every scan.

    Parameters
    ----------
    hard : ndarray [n, n_figures]
        Difficulty of held-out scans.
    error_m : ndarray [n]
        Their errors in metres.
    weight : ndarray [n]
        Weight of each scan; those of a reference point sum to 1.
    """
    mean = hard.mean(axis=0)
    spread = np.maximum(hard.std(axis=0), 1e-9)
    log_error = np.log(error_m + 0.2 * np.median(error_m) + 0.05)  # an error of nothing is luck
    ridge = Ridge(alpha=_PULL).fit((hard - mean) / spread, log_error, sample_weight=weight)
    return Scale(mean, spread, np.asarray(ridge.coef_))


def cross_fit_scale(
    hard: np.ndarray, error_m: np.ndarray, weight: np.ndarray, point: np.ndarray, seed: int
) -> np.ndarray:
    """Estimate each scan's scale from other points' errors: none judges a scale that it helped to fit.

    Parameters
    ----------
    hard : ndarray [n, n_figures]
        Difficulty of held-out scans.
    error_m : ndarray [n]
        Their errors in metres.
    weight : ndarray [n]
        Weight of each scan; those of a reference point sum to 1.
    point : ndarray [n] of int
        Reference point of each scan, from 0 without gaps.
    seed : int
        Random seed of the folds.

    Returns
    -------
    ndarray [n]
        Expected error of each scan, relative to others.
    """
    n_points = int(point.max()) + 1
    if n_points < 2:
        return np.ones(len(point))
    fold = (np.random.default_rng(seed).permutation(n_points) % _FOLDS)[point]
    scale = np.empty(len(point))
    for each in np.unique(fold):
        rest = fold != each
        held_out = fold == each
        fold_scale = fit_scale(hard[rest], error_m[rest], weight[rest])
        scale[held_out] = fold_scale.relative_error(hard[held_out])
    return scale
