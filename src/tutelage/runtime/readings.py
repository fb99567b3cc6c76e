"""Readings in dBm: their range, and their representation in [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tutelage.errors import BadInputError
from tutelage.runtime.rows import Rows

__all__ = ["ALPHA", "BETA", "RSS_MAX_DBM", "RSS_MIN_DBM", "require_rss_range", "to_dbm", "to_strength"]

RSS_MIN_DBM = -120.0
RSS_MAX_DBM = 0.0
# Constants of the exponential (ALPHA) and of the powed (BETA) representation.
ALPHA = 24.0
BETA = math.e


def to_strength(rss_dbm: np.ndarray, kind: str, rss_min_dbm: float) -> np.ndarray:
    """Convert readings in dBm to values in [0, 1]; `tutelage.RssRepresentation` gives the formulas.

    Parameters
    ----------
    rss_dbm : numpy.ndarray
        Readings in dBm.
    kind : str
        "positive", "exponential" or "powed".
    rss_min_dbm : float
        Reading that becomes 0, in dBm.

    Returns
    -------
    numpy.ndarray
        Values, float64, of the same shape.
    """
    p = np.clip((rss_dbm.astype(np.float64) - rss_min_dbm) / -rss_min_dbm, 0.0, 1.0)
    if kind == "powed":
        return np.asarray(p**BETA)
    if kind == "exponential":
        full = -rss_min_dbm / ALPHA
        return np.asarray(np.expm1(full * p) / np.expm1(full))
    return np.asarray(p)


def to_dbm(value: np.ndarray, kind: str, rss_min_dbm: float) -> np.ndarray:
    """Convert values of a representation back to readings in dBm.

    Parameters
    ----------
    value : numpy.ndarray
        Values in [0, 1].
    kind, rss_min_dbm
        As for the conversion from dBm.

    Returns
    -------
    numpy.ndarray
        Readings in dBm, float64; 0 becomes `rss_min_dbm`.
    """
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
    """Require that every reading is a number in [-120, 0] dBm.

    Parameters
    ----------
    rss_dbm : Rows
        Readings in dBm, [n, n_ap].
    access_points : sequence of str
        Names of the columns.
    scan_id : sequence of str
        Names of the rows.
    advice : str
        What to do about a code for "not heard"; ``{code:g}`` stands for the code.

    Raises
    ------
    BadInputError
        At the first reading that is not.
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
