"""Readings in dBm: what is one, and how strong it counts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tutelage.errors import BadInputError
from tutelage.runtime.rows import Rows

__all__ = ["ALPHA", "BETA", "RSS_MAX_DBM", "RSS_MIN_DBM", "readings_of", "represented", "require_rss_range"]

RSS_MIN_DBM, RSS_MAX_DBM = -120.0, 0.0
ALPHA, BETA = 24.0, math.e  # of the exponential and of the powed representation


def represented(rss_dbm: np.ndarray, kind: str, rss_min_dbm: float) -> np.ndarray:
    """Readings in dBm to values in [0, 1], float64; `tutelage.RssRepresentation` has the formulas."""
    p = np.clip((rss_dbm.astype(np.float64) - rss_min_dbm) / -rss_min_dbm, 0.0, 1.0)
    if kind == "powed":
        return np.asarray(p**BETA)
    if kind == "exponential":
        full = -rss_min_dbm / ALPHA
        return np.asarray(np.expm1(full * p) / np.expm1(full))
    return np.asarray(p)


def readings_of(value: np.ndarray, kind: str, rss_min_dbm: float) -> np.ndarray:
    """Values of `represented` back to readings in dBm; 0 is `rss_min_dbm`."""
    p = np.asarray(value, dtype=np.float64)
    if kind == "powed":
        p = p ** (1 / BETA)
    elif kind == "exponential":
        full = -rss_min_dbm / ALPHA
        p = np.log1p(p * np.expm1(full)) / full
    return np.asarray(rss_min_dbm * (1 - p))


def require_rss_range(
    rss_dbm: Rows,
    access_points: Sequence[str],
    scan_id: Sequence[str] | np.ndarray,
    advice: str = "Pass not_heard={code:g}.",
) -> None:
    """Refuse the first reading outside [-120, 0] dBm, or that is no number.

    Parameters
    ----------
    rss_dbm, access_points, scan_id : the readings, and what their columns and rows are called
    advice : what to do about a code for "not heard"
    """
    data = rss_dbm.data
    bad = np.flatnonzero(~((data >= RSS_MIN_DBM) & (data <= RSS_MAX_DBM)))
    if not len(bad):
        return
    entry = int(bad[0])
    row = int(np.searchsorted(rss_dbm.indptr, entry, side="right") - 1)
    name = access_points[rss_dbm.indices[entry]]
    raise BadInputError(
        f"rss_dbm must be in [{RSS_MIN_DBM:.0f}, {RSS_MAX_DBM:.0f}] or missing; "
        f"scan {str(scan_id[row])!r}, {name} is {data[entry]:g}. "
        f"Is {data[entry]:g} your code for not heard? {advice.format(code=data[entry])}"
    )
