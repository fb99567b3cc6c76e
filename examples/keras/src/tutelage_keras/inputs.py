"""From dBm and metres to what networks read and answer, as tutelage does by default."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Frame", "to_strength"]


def to_strength(rss_dbm: np.ndarray, rss_min_dbm: float) -> np.ndarray:
    """Readings [n, n_ap] in dBm to [0, 1] ("powed"). What is not heard is NaN before and 0 after."""
    share = np.clip((np.nan_to_num(rss_dbm, nan=rss_min_dbm) - rss_min_dbm) / -rss_min_dbm, 0.0, 1.0)
    return (share**math.e).astype(np.float32)


@dataclass(frozen=True)
class Frame:
    """Positions of a building in metres, as networks and teachers take them; fitted on training positions.

    Networks answer in standardised coordinates, of which one unit is `scale_m` metres. Teachers are asked for
    places in the unit square, the bounding box of the building.
    """

    centre_m: np.ndarray
    scale_m: float
    lower_m: np.ndarray
    extent_m: np.ndarray

    @classmethod
    def fit(cls, position_m: np.ndarray) -> Frame:
        """Fit the frame to training positions [n, 2]."""
        lower = position_m.min(axis=0)
        scale = float(np.sqrt(position_m.var(axis=0).mean()))
        return cls(position_m.mean(axis=0), scale, lower, position_m.max(axis=0) - lower)

    def standardise(self, position_m: np.ndarray) -> np.ndarray:
        """Metres [n, 2] to standardised coordinates."""
        return ((position_m - self.centre_m) / self.scale_m).astype(np.float32)

    def metres(self, standardised: np.ndarray) -> np.ndarray:
        """Standardised coordinates [n, 2] to metres."""
        return standardised.astype(np.float64) * self.scale_m + self.centre_m

    def place(self, position_m: np.ndarray) -> np.ndarray:
        """Metres [n, 2] to places in the unit square."""
        share = (position_m - self.lower_m) / np.maximum(self.extent_m, 1e-9)
        return np.clip(share, 0.0, 1.0).astype(np.float32)
