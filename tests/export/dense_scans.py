"""Scans as a phone's own code gives them to the graph."""

from __future__ import annotations

import numpy as np

from tutelage.data.fingerprints import FingerprintSet


def dense_dbm(scans: FingerprintSet, access_points: tuple[str, ...]) -> np.ndarray:
    """[n, n_ap] float32, NaN where nothing is heard."""
    known = scans.aligned_to(access_points)
    full = np.full(known.rss_dbm.shape, np.nan, dtype=np.float32)
    full[np.repeat(np.arange(len(known)), known.n_heard), known.rss_dbm.indices] = known.rss_dbm.data
    return full
