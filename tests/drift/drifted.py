"""Changes of a building, done to scans of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.sparse_rows import csr
from tutelage.data.surveys import simulated_survey


def office(seed: int) -> Survey:
    """A building in which nothing changes between training and test."""
    return simulated_survey(seed=seed, churn=0.0, device_offset_db=0.0, n_train=800, n_test=250)


def without(scans: FingerprintSet, gone: Collection[str]) -> FingerprintSet:
    """Access points that were taken away; their columns stay, as a table keeps them."""
    kept = scans.aligned_to([name for name in scans.access_points if name not in gone])
    return kept.aligned_to(scans.access_points)


def renamed(scans: FingerprintSet, names: dict[str, str]) -> FingerprintSet:
    """Access points that were replaced by others at the same place."""
    return replace(scans, access_points=tuple(names.get(name, name) for name in scans.access_points))


def shifted(scans: FingerprintSet, offset_db: float, which: Collection[str] | None = None) -> FingerprintSet:
    """Some access points, or all as by another phone, by so many dB; nothing is heard below -95 dBm."""
    rss = scans.rss_dbm
    chosen = np.array([which is None or name in which for name in scans.access_points])
    moved = rss.data + np.where(chosen[rss.indices], offset_db, 0.0).astype(np.float32)
    heard = moved >= -95
    row = np.repeat(np.arange(len(scans)), scans.n_heard)[heard]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(scans)))])
    return replace(
        scans, rss_dbm=csr(np.minimum(moved, 0.0)[heard], rss.indices[heard], indptr, rss.shape[1])
    )
