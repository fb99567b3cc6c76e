"""A power law with a floor: how errors fall with the number of reference points, and where they stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar, nnls

__all__ = ["PowerLaw", "fit_power_law"]

# Below, a power cannot be told from a logarithm, above, from a constant. Distances between the points of a
# floor fall with an exponent of 0.5, along a corridor with 1.
_EXPONENTS = np.geomspace(0.05, 2.0, 25)


@dataclass(frozen=True)
class PowerLaw:
    """error(n) = floor_m + scale_m * n ** -exponent.

    Parameters
    ----------
    floor_m : the error that no number of points goes below, in metres
    scale_m : above the floor with a single point, in metres; 0 where the error does not fall
    exponent : 0 where the error does not fall
    """

    floor_m: float
    scale_m: float
    exponent: float

    def error_m(self, n_points: np.ndarray | float) -> np.ndarray:
        """Errors in metres with so many points, of the shape of `n_points`."""
        return np.asarray(self.floor_m + self.scale_m * np.asarray(n_points, float) ** -self.exponent)


def fit_power_law(n_points: np.ndarray, error_m: np.ndarray, spread_m: np.ndarray) -> PowerLaw:
    """The law nearest to measured errors by weighted least squares, none of its figures negative.

    With the exponent given, floor and scale are a linear problem, so that the exponent alone is searched
    (variable projection; Golub and Pereyra, Inverse Problems 19(2), 2003): on a grid, for there may be
    several valleys, then between the neighbours of the best.

    Parameters
    ----------
    n_points : [k] sizes
    error_m : [k] mean errors
    spread_m : [k] their standard errors, above 0; the weights are 1 / spread_m ** 2
    """
    largest = float(np.max(n_points))
    share = np.asarray(n_points, float) / largest  # keeps both columns of one magnitude

    def solved(exponent: float) -> tuple[np.ndarray, float]:
        columns = np.column_stack([np.ones_like(share), share**-exponent])
        solution, left = nnls(columns / spread_m[:, None], error_m / spread_m)
        return solution, float(left)

    best = int(np.argmin([solved(each)[1] for each in _EXPONENTS]))
    bounds = _EXPONENTS[max(best - 1, 0)], _EXPONENTS[min(best + 1, len(_EXPONENTS) - 1)]
    between = minimize_scalar(lambda each: solved(each)[1], bounds=bounds, method="bounded").x
    exponent = float(min(_EXPONENTS[best], between, key=lambda each: solved(each)[1]))
    floor_m, above_m = map(float, solved(exponent)[0])
    if above_m <= 1e-9 * floor_m:  # rounding
        return PowerLaw(floor_m, 0.0, 0.0)
    return PowerLaw(floor_m, above_m * largest**exponent, exponent)
