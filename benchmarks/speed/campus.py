"""A campus of simulated buildings, of any size."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tutelage import FingerprintSet, simulated_survey
from tutelage.data.sparse_rows import csr

SCANS = 2000  # in a building
ACCESS_POINTS = 40
_APART_M = 100.0
_MADE = 25  # buildings with a radio of their own; further ones repeat them, under other names

__all__ = ["ACCESS_POINTS", "SCANS", "campus"]


def campus(n_buildings: int, *, scans: int = SCANS, names: int = 0) -> tuple[FingerprintSet, FingerprintSet]:
    """Return training and test scans of buildings that stand in a square grid.

    Each building has access points of its own, so that a scan hears about twenty, however large the campus
    is. `names` further access points are never heard.
    """
    made = [simulated_survey(seed, n_train=scans, n_test=20) for seed in range(min(n_buildings, _MADE))]
    trains = [made[i % _MADE].train for i in range(n_buildings)]
    tests = [made[i % _MADE].test for i in range(min(n_buildings, _MADE))]
    return _joined(trains, n_buildings, names), _joined(tests, n_buildings, names)


def _joined(parts: list[FingerprintSet], n_buildings: int, names: int) -> FingerprintSet:
    rows = [part.rss_dbm for part in parts]
    data = np.concatenate([each.data for each in rows])
    shifts = np.repeat(np.arange(len(rows)) * ACCESS_POINTS, [each.nnz for each in rows])
    column = np.concatenate([each.indices for each in rows]) + shifts
    lengths = np.concatenate([np.diff(each.indptr) for each in rows])
    n_ap = n_buildings * ACCESS_POINTS + names
    side = int(np.ceil(np.sqrt(n_buildings)))
    corner = [_APART_M * np.array([i % side, i // side]) for i in range(len(parts))]
    position_m = np.concatenate([part.known_position_m + at for part, at in zip(parts, corner, strict=True)])
    rss: sparse.csr_array = csr(data, column, np.concatenate([[0], np.cumsum(lengths)]), n_ap)
    return FingerprintSet.from_absolute(
        rss,
        [f"AP{j:06d}" for j in range(n_ap)],
        np.arange(len(position_m)).astype(np.str_),
        position_m,
        frame=parts[0].frame,
        building=np.repeat([f"b{i:04d}" for i in range(len(parts))], [len(part) for part in parts]),
        floor=np.concatenate([part.floor for part in parts]),
    )
