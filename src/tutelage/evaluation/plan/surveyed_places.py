"""Reference points by error: where the model is least sure, and where more points would help most."""

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
    """The n reference points of a survey, with errors of models that had not learnt them.

    Parameters
    ----------
    position_m : ndarray
        Positions in coordinates of the data set [n, 2].
    lat_lon : ndarray, optional
        Latitude and longitude in degrees [n, 2]; None where the survey has no EPSG code.
    floor, building : ndarray
        Labels [n], "" where there is none.
    n_scans : ndarray
        Scans of each point [n].
    error_m : ndarray
        Mean error of the point's scans [n]; NaN where none got a position.
    smoothed_m : ndarray
        Mean error of the point and its `N_NEIGHBOURS` nearest on the same floor of the same building [n].
    gap_m : ndarray
        Distance to the nearest of them [n]; NaN where there is none.
    need : ndarray
        Smoothed error times gap in square metres [n], by which places are sorted.
    first : ndarray
        Numbers of the places where more points would help most, the neediest first.
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
        """Count the reference points."""
        return len(self.error_m)

    def record(self, point: int) -> dict[str, Any]:
        """Turn a point into plain figures, for JSON.

        Parameters
        ----------
        point : int
            Number of the point.

        Returns
        -------
        dict
            Figures by name: metres to a millimetre, None where there is nothing to say.
        """
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

    A point without a position counts with its distance from the centroid of all scans. A point that is alone
    on its floor gets the largest gap that there is. Among neighbours only the neediest is listed.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with positions.
    point : ndarray
        Number of each scan's reference point [n], from 0 without gaps.
    error_m : ndarray
        Mean errors in metres [n_points], NaN without a position.
    n_first : int, default 10
        Places to list.

    Returns
    -------
    SurveyedPlaces
        All reference points.
    """
    row = np.unique(point, return_index=True)[1]
    position_m = scans.known_position_m[row]
    floor = np.full(len(row), "") if scans.floor is None else scans.floor[row]
    building = np.full(len(row), "") if scans.building is None else scans.building[row]
    centroid_m = np.linalg.norm(position_m - scans.known_position_m.mean(axis=0), axis=1)
    filled_m = np.where(np.isnan(error_m), centroid_m, error_m)
    neighbours = _neighbours(position_m, floor, building)
    smoothed_m = np.array([filled_m[near].mean() for near in neighbours])
    nearest = np.array([near[1] if len(near) > 1 else i for i, near in enumerate(neighbours)])
    gap_m = np.linalg.norm(position_m - position_m[nearest], axis=1)
    gap_m[nearest == np.arange(len(row))] = np.nan
    alone = np.isnan(gap_m)
    need = smoothed_m * np.where(alone, 1.0 if alone.all() else np.nanmax(gap_m), gap_m)
    epsg = scans.frame.epsg
    absolute_m = scans.absolute_position_m[row]
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
        _neediest(need, neighbours, n_first),
    )


def _neighbours(position_m: np.ndarray, *labels: np.ndarray) -> list[np.ndarray]:
    """List each point with its nearest of the same labels: itself, then the nearest first."""
    codes = np.column_stack([np.unique(label, return_inverse=True)[1] for label in labels])
    group = np.unique(codes, axis=0, return_inverse=True)[1].ravel()
    by_point: dict[int, np.ndarray] = {}
    for each in range(int(group.max()) + 1):
        rows = np.flatnonzero(group == each)
        nth = [*range(1, min(N_NEIGHBOURS + 1, len(rows)) + 1)]
        near = cKDTree(position_m[rows]).query(position_m[rows], k=nth)[1]
        by_point |= dict(zip(rows.tolist(), rows[near], strict=True))
    return [by_point[i] for i in range(len(position_m))]


def _neediest(need: np.ndarray, neighbours: list[np.ndarray], n_first: int) -> np.ndarray:
    first: list[int] = []
    covered: set[int] = set()
    for i in np.argsort(-need, kind="stable").tolist():
        if len(first) == n_first:
            break
        if i not in covered:
            first.append(i)
            covered.update(neighbours[i].tolist())
    return np.array(first, dtype=np.int64)


def _metres(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None
