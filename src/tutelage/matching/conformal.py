"""The quantile that holds the next score as often as asked, for scores that come in groups."""

from __future__ import annotations

import numpy as np

__all__ = ["conformal_quantile"]


def conformal_quantile(score: np.ndarray, share: np.ndarray, level: float) -> float:
    """The smallest score that at least `level` of the next scans do not exceed.

    Parameters
    ----------
    score : [n] of held-out scans
    share : [n] what each counts (`tutelage.calibration.point_shares`)
    level : in (0, 1)

    Returns
    -------
    Infinity where too few points were held out to promise that much: K of them promise K / (K + 1) at most.
    """
    order = np.argsort(score, kind="stable")
    reached = np.cumsum(share[order])
    place = int(np.searchsorted(reached, level - 1e-9))  # sums of shares round
    return float(score[order[place]]) if place < len(score) else float("inf")
