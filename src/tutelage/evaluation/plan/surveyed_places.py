"""Where the model is least sure, and where more points would help most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from tutelage.data.fingerprints import FingerprintSet
from tutelage.runtime.degrees import has_degrees, to_degrees

__all__ = ["N_NEIGHBOURS", "SurveyedPlaces", "surveyed_places"]

N_NEIGHBOURS = 5
"""Reference points beside a point over which its error is smoothed."""


@dataclass(frozen=True, eq=False)
class SurveyedPlaces:
    """The reference points of a survey, n of them, as models saw them that had not learnt them.

    Parameters
    ----------
    position_m : [n, 2] in coordinates of the data set
    lat_lon : [n, 2] degrees, None where the survey has no EPSG code
    floor, building : [n] labels, "" where unknown
    n_scans : [n]
    error_m : [n] mean error of the point's scans; NaN where none got a position
    smoothed_m : [n] mean error of the point and its `N_NEIGHBOURS` nearest on the same floor and in the same
        building
    gap_m : [n] distance to the nearest of them; NaN where there is none
    need : [n] smoothed error times gap in square metres, what places are ordered by
    first : the places where more points would help most, the neediest first
    """

    position_m: np.ndarray
    lat_lon: np.ndarray | None
    floor: np.ndarray
    building: np.ndarray
    n_scans: np.ndarray
    error_m: np.ndarray
    smoothed_m: np.ndarray
    gap_m: np.ndarray
    need: np.ndarray
    first: np.ndarray

    def __len__(self) -> int:
        return len(self.error_m)

    def record(self, point: int) -> dict[str, Any]:
        """A point as plain figures, for JSON: metres to a millimetre, None where there is nothing to say."""
        degrees = {} if self.lat_lon is None else dict(zip(("lat", "lon"), self.lat_lon[point], strict=True))
        return {
            "x_m": round(float(self.position_m[point, 0]), 3),
            "y_m": round(float(self.position_m[point, 1]), 3),
            **{name: round(float(value), 7) for name, value in degrees.items()},
            "floor": str(self.floor[point]) or None,
            "building": str(self.building[point]) or None,
            "n_scans": int(self.n_scans[point]),
            "error_m": _metres(self.error_m[point]),
            "smoothed_error_m": _metres(self.smoothed_m[point]),
            "nearest_point_m": _metres(self.gap_m[point]),
        }


def surveyed_places(
    scans: FingerprintSet, point: np.ndarray, error_m: np.ndarray, n_first: int = 10
) -> SurveyedPlaces:
    """Smooth errors, measure gaps, and find the places that need points most.

    A point without a position counts with what the centroid, a constant answer, would be off there. A point
    that is alone on its floor is as far from others as any. Of neighbours the neediest is named.

    Parameters
    ----------
    scans : n scans with positions
    point : [n] the reference point of each, from 0 without gaps
    error_m : [n_points] mean errors, NaN without a position
    n_first : places to name
    """
    row = np.unique(point, return_index=True)[1]
    position_m = scans.known_position_m[row]
    floor, building = (
        np.full(len(row), "") if label is None else label[row] for label in (scans.floor, scans.building)
    )
    centroid_m = np.linalg.norm(position_m - scans.known_position_m.mean(axis=0), axis=1)
    counted_m = np.where(np.isnan(error_m), centroid_m, error_m)
    beside = _neighbours(position_m, floor, building)
    smoothed_m = np.array([counted_m[near].mean() for near in beside])
    nearest = np.array([near[1] if len(near) > 1 else i for i, near in enumerate(beside)])
    gap_m = np.linalg.norm(position_m - position_m[nearest], axis=1)
    gap_m[nearest == np.arange(len(row))] = np.nan
    alone = np.isnan(gap_m)
    need = smoothed_m * np.where(alone, 1.0 if alone.all() else np.nanmax(gap_m), gap_m)
    epsg, absolute_m = scans.frame.epsg, scans.absolute_position_m[row]
    return SurveyedPlaces(
        absolute_m,
        to_degrees(absolute_m, epsg) if epsg is not None and has_degrees(epsg) else None,
        floor,
        building,
        np.bincount(point),
        error_m,
        smoothed_m,
        gap_m,
        need,
        _neediest(need, beside, n_first),
    )


def _neighbours(position_m: np.ndarray, *labels: np.ndarray) -> list[np.ndarray]:
    """Each point, then its nearest of the same labels, the nearest first."""
    codes = np.column_stack([np.unique(label, return_inverse=True)[1] for label in labels])
    group = np.unique(codes, axis=0, return_inverse=True)[1].ravel()
    found: dict[int, np.ndarray] = {}
    for each in range(int(group.max()) + 1):
        rows = np.flatnonzero(group == each)
        nth = [*range(1, min(N_NEIGHBOURS + 1, len(rows)) + 1)]
        near = cKDTree(position_m[rows]).query(position_m[rows], k=nth)[1]
        found |= dict(zip(rows.tolist(), rows[near], strict=True))
    return [found[i] for i in range(len(position_m))]


def _neediest(need: np.ndarray, beside: list[np.ndarray], n_first: int) -> np.ndarray:
    first: list[int] = []
    named: set[int] = set()
    for i in np.argsort(-need, kind="stable").tolist():
        if len(first) == n_first:
            break
        if i not in named:
            first.append(i)
            named.update(beside[i].tolist())
    return np.array(first, dtype=np.int64)


def _metres(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None
