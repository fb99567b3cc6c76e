"""The quantile that holds the next score as often as asked, for scores that come in groups."""

from __future__ import annotations

import numpy as np

__all__ = ["conformal_quantile", "point_shares"]


def point_shares(point: np.ndarray) -> np.ndarray:
    """What each held-out scan counts: every reference point alike, and as much for one not yet seen.

    Scans of one point resemble each other, so it is points, not scans, that are exchangeable (Lee, Barber
    and Willett, "Distribution-free inference with hierarchical data", 2023).

    Parameters
    ----------
    point : [n] int, the reference point of each scan, from 0 without gaps

    Returns
    -------
    [n] shares; they sum to K / (K + 1) for K points
    """
    n_scans = np.bincount(point)
    return np.asarray(1 / n_scans[point] / (len(n_scans) + 1))


def conformal_quantile(score: np.ndarray, share: np.ndarray, level: float) -> float:
    """The smallest score that at least `level` of the next scans do not exceed.

    Parameters
    ----------
    score : [n] of held-out scans
    share : [n] what each counts (`point_shares`)
    level : in (0, 1)

    Returns
    -------
    Infinity where too few points were held out to promise that much: K of them promise K / (K + 1) at most.
    """
    order = np.argsort(score, kind="stable")
    reached = np.cumsum(share[order])
    place = int(np.searchsorted(reached, level - 1e-9))  # sums of shares round
    return float(score[order[place]]) if place < len(score) else float("inf")
