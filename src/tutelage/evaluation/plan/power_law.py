"""A power law with a floor: how errors fall with the number of reference points, and how far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar, nnls

__all__ = ["PowerLaw", "fit_power_law"]

# Smaller exponents look like a logarithm, larger ones like a constant. Distances between the points of a
# floor fall with an exponent of 0.5, along a corridor with 1.
_EXPONENTS = np.geomspace(0.05, 2.0, 25)


@dataclass(frozen=True)
class PowerLaw:
    """The law error(n) = floor_m + scale_m * n ** -exponent; of places, errors are shares, not metres.

    Parameters
    ----------
    floor_m : float
        The error in metres that remains with any number of points.
    scale_m : float
        The error above the floor with a single point, in metres; 0 where the error does not fall.
    exponent : float
        How fast the error falls; 0 where it does not fall.
    """

    floor_m: float
    scale_m: float
    exponent: float

    def error_m(self, n_points: np.ndarray | float) -> np.ndarray:
        """Compute the errors with so many points.

        Parameters
        ----------
        n_points : ndarray or float
            Reference points.

        Returns
        -------
        ndarray
            Errors in metres, of the shape of `n_points`.
        """
        return np.asarray(self.floor_m + self.scale_m * np.asarray(n_points, float) ** -self.exponent)


def fit_power_law(n_points: np.ndarray, error_m: np.ndarray, spread_m: np.ndarray) -> PowerLaw:
    """Fit a law to measured errors by weighted least squares, with no figure below 0.

    For any exponent, floor and scale are a linear problem, so only the exponent is searched (variable
    projection; Golub and Pereyra, Inverse Problems 19(2), 2003). The search runs over a grid, because there
    may be several valleys, and then between the neighbours of the best.

    Parameters
    ----------
    n_points : ndarray
        Sizes [k].
    error_m : ndarray
        Mean errors in metres [k].
    spread_m : ndarray
        Standard errors in metres [k], above 0; the weights are 1 / spread_m ** 2.

    Returns
    -------
    PowerLaw
        The nearest law.
    """
    largest = float(np.max(n_points))
    share = np.asarray(n_points, float) / largest  # keeps both columns of one magnitude

    def solve(exponent: float) -> tuple[np.ndarray, float]:
        columns = np.column_stack([np.ones_like(share), share**-exponent])
        solution, residual = nnls(columns / spread_m[:, None], error_m / spread_m)
        return solution, float(residual)

    best = int(np.argmin([solve(each)[1] for each in _EXPONENTS]))
    bounds = (_EXPONENTS[max(best - 1, 0)], _EXPONENTS[min(best + 1, len(_EXPONENTS) - 1)])
    between = minimize_scalar(lambda each: solve(each)[1], bounds=bounds, method="bounded").x
    exponent = float(min(_EXPONENTS[best], between, key=lambda each: solve(each)[1]))
    floor_m, above_m = map(float, solve(exponent)[0])
    if above_m <= 1e-9 * floor_m:  # rounding
        return PowerLaw(floor_m, 0.0, 0.0)
    return PowerLaw(floor_m, above_m * largest**exponent, exponent)
