"""Conformal quantiles of scores that come in groups."""

from __future__ import annotations

import numpy as np

from tutelage.errors import BadInputError

__all__ = ["conformal_quantile", "require_level"]


def require_level(level: float) -> float:
    """Require that a level is a share between 0 and 1.

    Parameters
    ----------
    level : float
        Share of the positions that a radius should hold.

    Returns
    -------
    float
        The same level.

    Raises
    ------
    BadInputError
        If the level does not lie between 0 and 1.
    """
    if not 0 < level < 1:
        raise BadInputError(
            f"level is {level:g}; the share of positions within the radius lies between 0 and 1, such as 0.95"
        )
    return level


def conformal_quantile(score: np.ndarray, share: np.ndarray, level: float) -> float:
    """Compute the smallest score that at least a share `level` of the next scans do not exceed.

    Parameters
    ----------
    score : numpy.ndarray
        Scores of held-out scans, [n].
    share : numpy.ndarray
        Weight of each score, [n], summing to less than 1 (`tutelage.methods.calibration.point_shares`).
    level : float
        Share of the next scans, in (0, 1).

    Returns
    -------
    float
        The quantile; infinity where too few points were held out. K points promise K / (K + 1) at most.
    """
    order = np.argsort(score, kind="stable")
    reached = np.cumsum(share[order])
    place = int(np.searchsorted(reached, level - 1e-9))  # sums of shares round
    return float(score[order[place]]) if place < len(score) else float("inf")
