"""The survey behind an exported model: where its scans were taken, and what they heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tutelage.runtime.exported_methods import arrays_of
from tutelage.runtime.readings import to_dbm
from tutelage.runtime.rows import CompressedRows

__all__ = ["SurveyMap", "SurveyedPlaces"]


class SurveyedPlaces(NamedTuple):
    """Distinct places of a survey.

    Attributes
    ----------
    position_m : numpy.ndarray
        Positions in the coordinates of the survey, in metres, [n, 2].
    floor, building : numpy.ndarray
        Labels, [n] str; "" where the survey has none.
    n_scans : numpy.ndarray
        Number of scans at each place, [n] int.
    """

    position_m: np.ndarray
    floor: np.ndarray
    building: np.ndarray
    n_scans: np.ndarray


@dataclass(frozen=True, eq=False)
class SurveyMap:
    """Scans of the survey that a model keeps; none at all for a network alone.

    Parameters
    ----------
    access_points : tuple of str
        Names of the a columns of `rss_dbm`.
    position_m : numpy.ndarray
        Positions in the coordinates of the survey, in metres, [n, 2]; NaN after a survey of places alone.
    floor, building : numpy.ndarray
        Labels, [n] str; "" where the survey has none.
    rss_dbm : CompressedRows
        What each scan heard, in dBm, [n, a].
    """

    access_points: tuple[str, ...]
    position_m: np.ndarray
    floor: np.ndarray
    building: np.ndarray
    rss_dbm: CompressedRows

    @classmethod
    def read(cls, card: Mapping[str, Any], files: Mapping[str, bytes]) -> SurveyMap:
        """Read the scans of an exported model.

        Parameters
        ----------
        card, files : mapping
            As `read_exported` returns them.

        Returns
        -------
        SurveyMap
            The scans.
        """
        access_points = tuple(card["access_points"])
        arrays = arrays_of(files)
        n = len(arrays["offset"]) - 1 if "offset" in arrays else 0
        nowhere = np.full((n, 2), np.nan)
        position_m = np.round(arrays.get("position_m", nowhere) + np.asarray(card["frame"]["origin_m"]), 3)
        floor, building = (
            _labels(card.get(f"{kind}s"), arrays.get(kind), n) for kind in ("floor", "building")
        )
        if n == 0:
            none = CompressedRows(
                np.empty(0), np.empty(0, dtype=np.int64), np.zeros(1, dtype=np.int64), (0, len(access_points))
            )
            return cls(access_points, nowhere, floor, building, none)
        settings = card["representation"]
        rss_dbm = to_dbm(arrays["value"], settings["kind"], settings["rss_min_dbm"])
        rows = CompressedRows(rss_dbm, arrays["column"], arrays["offset"], (n, len(access_points)))
        return cls(access_points, position_m, floor, building, rows)

    def __len__(self) -> int:
        """Return the number of scans."""
        return len(self.position_m)

    @property
    def has_position(self) -> np.ndarray:
        """Whether each scan has a position, [n] bool."""
        return np.asarray(np.isfinite(self.position_m).all(axis=1))

    @property
    def extent_m(self) -> tuple[float, float, float, float] | None:
        """Smallest x and y, then largest x and y, in metres; None without positions."""
        if not self.has_position.any():
            return None
        position_m = self.position_m[self.has_position]
        low, high = position_m.min(axis=0).tolist(), position_m.max(axis=0).tolist()
        return (low[0], low[1], high[0], high[1])

    def on(self, floor: str | None, building: str | None) -> np.ndarray:
        """Tell which scans were taken on a floor.

        Parameters
        ----------
        floor, building : str or None
            Labels; None stands for all.

        Returns
        -------
        numpy.ndarray
            [n] bool.
        """
        chosen = self.has_position
        for label, wanted in ((self.floor, floor), (self.building, building)):
            if wanted is not None:
                chosen = chosen & (label == wanted)
        return chosen

    def places(self, chosen: np.ndarray) -> tuple[SurveyedPlaces, np.ndarray]:
        """Return the distinct places of some scans.

        Parameters
        ----------
        chosen : numpy.ndarray
            Which scans, [n] bool.

        Returns
        -------
        places : SurveyedPlaces
            The p places.
        place_of : numpy.ndarray
            Number of the place of each of the chosen scans, int.
        """
        kinds = [np.unique(column[chosen], return_inverse=True) for column in (self.floor, self.building)]
        coded = np.column_stack([self.position_m[chosen], *(code for _, code in kinds)])
        distinct, place_of, n_scans = np.unique(coded, axis=0, return_inverse=True, return_counts=True)
        floor, building = (
            names[distinct[:, column].astype(int)] for column, (names, _) in enumerate(kinds, start=2)
        )
        return SurveyedPlaces(distinct[:, :2], floor, building, n_scans), place_of

    def heard(self, access_point: str) -> np.ndarray:
        """Return how strongly each scan heard an access point.

        Parameters
        ----------
        access_point : str
            One of `access_points`.

        Returns
        -------
        numpy.ndarray
            RSS in dBm, [n]; NaN where it was not heard.

        Raises
        ------
        ValueError
            If there is no such access point.
        """
        column = self.access_points.index(access_point)
        entry = np.flatnonzero(self.rss_dbm.indices == column)
        row = np.searchsorted(self.rss_dbm.indptr, entry, side="right") - 1
        rss_dbm = np.full(len(self), np.nan)
        rss_dbm[row] = self.rss_dbm.data[entry]
        return rss_dbm

    def readings(self, row: int) -> dict[str, float]:
        """Return what one scan heard.

        Parameters
        ----------
        row : int
            Number of the scan.

        Returns
        -------
        dict of str to float
            RSS of each access point, in dBm.
        """
        entries = slice(self.rss_dbm.indptr[row], self.rss_dbm.indptr[row + 1])
        names = (self.access_points[column] for column in self.rss_dbm.indices[entries])
        return dict(zip(names, self.rss_dbm.data[entries].tolist(), strict=True))


def _labels(names: list[str] | None, codes: np.ndarray | None, n: int) -> np.ndarray:
    if not names or codes is None:
        return np.full(n, "", dtype="<U1")
    labels: np.ndarray = np.asarray(names, dtype=np.str_)[codes]
    return labels
