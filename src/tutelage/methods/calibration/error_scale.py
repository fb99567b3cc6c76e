"""Learning how hard a scan is: the error to expect of it, relative to others."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import Ridge

from tutelage.runtime.radii import Scale

__all__ = ["cross_fitted", "fit_scale"]

_PULL = 100.0  # held-out points' worth of "every scan is as hard as the next"
_FOLDS = 5


def fit_scale(hard: np.ndarray, error_m: np.ndarray, weight: np.ndarray) -> Scale:
    """Ridge regression of log errors; with few held-out points, a scale of nearly 1 for every scan.

    Parameters
    ----------
    hard : [n, n_figures] difficulty of held-out scans
    error_m : [n]
    weight : [n], 1 a reference point in all
    """
    mean, spread = hard.mean(axis=0), np.maximum(hard.std(axis=0), 1e-9)
    softened = np.log(error_m + 0.2 * np.median(error_m) + 0.05)  # an error of nothing is luck
    ridge = Ridge(alpha=_PULL).fit((hard - mean) / spread, softened, sample_weight=weight)
    return Scale(mean, spread, np.asarray(ridge.coef_))


def cross_fitted(
    hard: np.ndarray, error_m: np.ndarray, weight: np.ndarray, point: np.ndarray, seed: int
) -> np.ndarray:
    """[n] scale of each scan by other points' errors: none judges a scale that it helped to fit.

    Parameters as of `fit_scale`; point : [n] int, the reference point of each scan, from 0 without gaps
    """
    n_points = int(point.max()) + 1
    if n_points < 2:
        return np.ones(len(point))
    fold = (np.random.default_rng(seed).permutation(n_points) % _FOLDS)[point]
    scale = np.empty(len(point))
    for each in np.unique(fold):
        others, held = fold != each, fold == each
        scale[held] = fit_scale(hard[others], error_m[others], weight[others]).of(hard[held])
    return scale
