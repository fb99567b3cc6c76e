"""A survey of points in a square grid, for tests of what is held out and of how far from it people ask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["gridded"]


def gridded(
    n_side: int = 8,
    *,
    spacing_m: float = 2.0,
    phones: Sequence[str] | None = None,
    per_point: int = 1,
    n_floors: int = 1,
    noise_db: float = 0.5,
) -> FingerprintSet:
    """Stand at each point of a grid on each floor, with as many of the phones in turn as are asked for."""
    n = n_side**2 * per_point * n_floors
    point = np.arange(n) // per_point
    floor, row = np.divmod(point, n_side**2)
    place = np.column_stack(np.divmod(row, n_side)).astype(float)
    corner = (n_side - 1) * np.array([[0, 0], [0, 1], [1, 0], [1, 1], [0.5, 0.5]])
    far = np.linalg.norm(place[:, None] - corner, axis=2) + 1
    rss_dbm = -40 - 50 * far / far.max() + np.random.default_rng(0).normal(0, noise_db, far.shape)
    names = (
        None if phones is None else np.array(list(phones))[(point + np.arange(n) % per_point) % len(phones)]
    )
    return FingerprintSet.from_absolute(
        sparse.csr_array(rss_dbm.astype(np.float32)),
        list("abcde"),
        np.array([f"s{i}" for i in range(n)]),
        spacing_m * place,
        floor=np.array([str(each) for each in floor]),
        device=names,
    )
