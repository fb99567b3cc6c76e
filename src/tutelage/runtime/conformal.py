"""The quantile that holds the next score as often as asked, for scores that come in groups."""

from __future__ import annotations

import numpy as np

from tutelage.errors import BadInputError

__all__ = ["conformal_quantile", "require_level"]


def require_level(level: float) -> float:
    """The level, once it is a share.

    Raises
    ------
    BadInputError
        If it does not lie between 0 and 1.
    """
    if not 0 < level < 1:
        raise BadInputError(
            f"level is {level:g}; the share of positions within the radius lies between 0 and 1, such as 0.95"
        )
    return level


def conformal_quantile(score: np.ndarray, share: np.ndarray, level: float) -> float:
    """The smallest score that at least `level` of the next scans do not exceed.

    Parameters
    ----------
    score : [n] of held-out scans
    share : [n] what each counts (`tutelage.methods.calibration.point_shares`)
    level : in (0, 1)

    Returns
    -------
    Infinity where too few points were held out to promise that much: K of them promise K / (K + 1) at most.
    """
    order = np.argsort(score, kind="stable")
    reached = np.cumsum(share[order])
    place = int(np.searchsorted(reached, level - 1e-9))  # sums of shares round
    return float(score[order[place]]) if place < len(score) else float("inf")
