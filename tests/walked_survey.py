"""A survey of walks, for tests of what is held out."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["walked"]

START = np.datetime64("2026-05-04T09:00:00", "ms")


def walked(n_walks: int, n_scans: int = 30, *, apart_m: float = 1.0, pause_min: int = 60) -> FingerprintSet:
    """Walk with one phone along parallel lines, a scan and a metre every three seconds."""
    n = n_walks * n_scans
    walk, step = np.divmod(np.arange(n), n_scans)
    time = START + (walk * pause_min * 60_000 + step * 3000).astype("timedelta64[ms]")
    rss_dbm = -40.0 - np.column_stack([step, n_scans - step, walk + 1]).astype(np.float32)
    return FingerprintSet.from_absolute(
        sparse.csr_array(rss_dbm),
        ["a", "b", "c"],
        np.array([f"s{i}" for i in range(n)]),
        np.column_stack([step + 0.01 * walk, apart_m * walk]),
        time=time,
    )
