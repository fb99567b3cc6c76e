"""Positions: the answers of a localizer, one row a scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from tutelage.runtime.degrees import has_degrees, to_degrees
from tutelage.runtime.frames import LocalFrame

__all__ = ["REFUSED", "HeardCounts", "Located", "Positions"]

REFUSED = "the scan is too unlike every surveyed place"


class HeardCounts(NamedTuple):
    """How many access points of scans a model knows.

    Attributes
    ----------
    n_heard : numpy.ndarray
        Number of access points in each scan, [n] int.
    n_known : numpy.ndarray
        Number of those that the model knows, [n] int.
    answered : numpy.ndarray
        Whether one of those is above the model's lowest RSS, [n] bool.
    """

    n_heard: np.ndarray
    n_known: np.ndarray
    answered: np.ndarray


class Located(NamedTuple):
    """Answers of a method to scans that hear something it knows.

    Attributes
    ----------
    position_m : numpy.ndarray
        Positions in the training frame in metres, [n, 2] float64.
    floor, building : numpy.ndarray or None
        Labels, [n] str; None where the method gives none.
    """

    position_m: np.ndarray
    floor: np.ndarray | None = None
    building: np.ndarray | None = None

    @classmethod
    def join(cls, parts: Sequence[Located]) -> Located:
        """Join answers of one method, in order.

        Parameters
        ----------
        parts : sequence of Located
            Answers to consecutive scans.

        Returns
        -------
        Located
            Answers to all scans.
        """

        def whole(labels: list[np.ndarray | None]) -> np.ndarray | None:
            arrays = [label for label in labels if label is not None]
            return np.concatenate(arrays) if len(arrays) == len(labels) else None

        floor = whole([part.floor for part in parts])
        building = whole([part.building for part in parts])
        return cls(np.concatenate([part.position_m for part in parts]), floor, building)


@dataclass(frozen=True, eq=False)
class Positions:
    """Answers to scans, in the frame of the model that gave them.

    Parameters
    ----------
    scan_id : numpy.ndarray
        Ids of the scans, [n] str.
    position_m : numpy.ndarray
        Positions in `frame` in metres, [n, 2] float64; NaN where there is no position.
    frame : LocalFrame
        Frame of `position_m`.
    reason : numpy.ndarray
        Why there is no position, [n] str; "" if there is one.
    n_unknown : numpy.ndarray
        Number of access points in the scan that the model does not know, [n] int.
    floor, building : numpy.ndarray, optional
        Labels, [n] str; None if the model gives none.
    radius_m : numpy.ndarray, optional
        Radius around each position in data-set metres, [n]. NaN without a position, or where the model cannot
        promise a radius; None if the model is not calibrated.
    level : float, optional
        Share of the true positions that the radii should contain. None without radii, or if a file of answers
        has no level.

    Examples
    --------
    >>> import numpy as np
    >>> import tutelage as tt
    >>> answers = tt.Positions(
    ...     scan_id=np.array(["a", "b"]),
    ...     position_m=np.array([[1.0, 2.0], [np.nan, np.nan]]),
    ...     frame=tt.LocalFrame(origin_m=(10.0, 20.0)),
    ...     reason=np.array(["", "the scan is blank: nothing is heard"]),
    ...     n_unknown=np.array([0, 0]),
    ... )
    >>> answers
    Positions(n=2, answered=1, level=None)
    >>> len(answers), answers.answered.tolist(), answers.absolute_position_m[0].tolist()
    (2, [True, False], [11.0, 22.0])
    """

    scan_id: np.ndarray
    position_m: np.ndarray
    frame: LocalFrame
    reason: np.ndarray
    n_unknown: np.ndarray
    floor: np.ndarray | None = None
    building: np.ndarray | None = None
    radius_m: np.ndarray | None = None
    level: float | None = None

    @classmethod
    def from_answers(
        cls, scan_id: np.ndarray, frame: LocalFrame, counts: HeardCounts, located: Located
    ) -> Positions:
        """Build answers to all scans from the answers to those that can be located.

        Parameters
        ----------
        scan_id : numpy.ndarray
            Ids of all scans, [n] str.
        frame : LocalFrame
            Frame of the model.
        counts : HeardCounts
            What the model knows of all scans.
        located : Located
            Answers to the scans that `counts.answered` marks.

        Returns
        -------
        Positions
            One row for each scan, with the reason if there is no position.
        """
        position_m = np.full((len(scan_id), 2), np.nan)
        position_m[counts.answered] = located.position_m
        reason = np.select(
            [counts.answered, counts.n_heard == 0, counts.n_known == 0],
            ["", "the scan is blank: nothing is heard", "no access point that the model knows is heard"],
            "every access point that the model knows is heard too faintly, below its lowest RSS",
        )
        floor, building = (_spread(label, counts.answered) for label in (located.floor, located.building))
        return cls(scan_id, position_m, frame, reason, counts.n_heard - counts.n_known, floor, building)

    def __repr__(self) -> str:
        """Return how many scans there are, and how many of them have a position."""
        return f"Positions(n={len(self)}, answered={int(self.answered.sum())}, level={self.level})"

    def __len__(self) -> int:
        """Return the number of scans."""
        return len(self.scan_id)

    @classmethod
    def join(cls, parts: Sequence[Positions]) -> Positions:
        """Join answers of several models in one frame, in order.

        Parameters
        ----------
        parts : sequence of Positions
            Answers to join.

        Returns
        -------
        Positions
            All answers, with labels and radii if every part has them.

        Raises
        ------
        ValueError
            If the frames differ.
        """
        frames = {part.frame for part in parts}
        if len(frames) != 1:
            raise ValueError(f"answers in {len(frames)} frames cannot be joined")

        def whole(name: str) -> Any:
            columns = [getattr(part, name) for part in parts]
            return None if any(column is None for column in columns) else np.concatenate(columns)

        names = ("scan_id", "position_m", "reason", "n_unknown", "floor", "building", "radius_m")
        columns = {name: whole(name) for name in names}
        level = parts[0].level if len({part.level for part in parts}) == 1 else None
        return cls(frame=frames.pop(), **columns, level=level)

    def with_radii(
        self, is_judged: np.ndarray, radius_m: np.ndarray, unlike: np.ndarray, level: float
    ) -> Positions:
        """Return the answers with radii, and without the positions of refused scans.

        Parameters
        ----------
        is_judged : numpy.ndarray
            Scans that `radius_m` and `unlike` belong to, [n] bool.
        radius_m, unlike : numpy.ndarray
            As in `tutelage.runtime.radii.Judgement`, one entry for each marked scan.
        level : float
            Share of the true positions that the radii should hold.

        Returns
        -------
        Positions
            The same scans.
        """
        rows = np.flatnonzero(is_judged)
        refused = rows[unlike]
        radii = np.full(len(self), np.nan)
        position_m = self.position_m.copy()
        reason = self.reason.astype(object)
        radii[rows] = np.where(unlike, np.nan, radius_m)
        position_m[refused] = np.nan
        reason[refused] = REFUSED
        return replace(
            self, position_m=position_m, reason=reason.astype(np.str_), radius_m=radii, level=level
        )

    @property
    def answered(self) -> np.ndarray:
        """Whether each scan has a position, [n] bool."""
        return np.asarray(np.isfinite(self.position_m).all(axis=1))

    @property
    def refused(self) -> np.ndarray:
        """Whether each scan has no position because it is unlike every surveyed place, [n] bool."""
        return np.asarray(self.reason == REFUSED)

    @property
    def absolute_position_m(self) -> np.ndarray:
        """Positions in data-set coordinates in metres, [n, 2]."""
        return np.asarray(self.position_m + np.asarray(self.frame.origin_m))

    @property
    def lat_lon(self) -> np.ndarray | None:
        """Latitude and longitude in degrees (WGS 84), [n, 2]; NaN where there is no position.

        None if the frame has no EPSG code, or one that PROJ cannot convert to degrees.
        """
        if self.frame.epsg is None or not has_degrees(self.frame.epsg):
            return None
        return to_degrees(self.absolute_position_m, self.frame.epsg)

    def records(self) -> list[dict[str, Any]]:
        """Return a dictionary for each scan, ready for JSON or CSV.

        Metres have three decimals. If the frame has an EPSG code, `lat` and `lon` are there too, in degrees
        with seven decimals (about a centimetre).

        Returns
        -------
        list of dict
            One record for each scan. Coordinates are None if there is no position.
        """
        places = _rounded(("x_m", "y_m"), self.absolute_position_m, 3)
        lat_lon = self.lat_lon
        if lat_lon is not None:
            both = zip(places, _rounded(("lat", "lon"), lat_lon, 7), strict=True)
            places = [metres | degrees for metres, degrees in both]
        is_located = self.answered
        radius_m = np.full(len(self), np.nan) if self.radius_m is None else self.radius_m
        return [
            {
                "scan_id": str(self.scan_id[i]),
                **places[i],
                "radius_m": round(float(radius_m[i]), 2) if np.isfinite(radius_m[i]) else None,
                "level": self.level,
                "floor": None if self.floor is None or not is_located[i] else str(self.floor[i]),
                "building": None if self.building is None or not is_located[i] else str(self.building[i]),
                "n_unknown": int(self.n_unknown[i]),
                "reason": str(self.reason[i]),
            }
            for i in range(len(self))
        ]


def _rounded(names: tuple[str, str], values: np.ndarray, decimals: int) -> list[dict[str, float | None]]:
    """Return coordinates [n, 2] by name, None where they are NaN."""
    return [
        {
            name: round(value, decimals) if np.isfinite(value) else None
            for name, value in zip(names, row, strict=True)
        }
        for row in values.tolist()
    ]


def _spread(labels: np.ndarray | None, answered: np.ndarray) -> np.ndarray | None:
    if labels is None:
        return None
    full = np.full(len(answered), "", dtype=labels.dtype if len(labels) else "<U1")
    full[answered] = labels
    return full
