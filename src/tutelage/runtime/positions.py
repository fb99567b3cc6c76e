"""Positions: what a localizer answers, one row a scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from tutelage.runtime.degrees import has_degrees, to_degrees
from tutelage.runtime.frames import LocalFrame

__all__ = ["REFUSED", "Heard", "Located", "Positions"]

REFUSED = "the scan is too unlike every surveyed place"


class Heard(NamedTuple):
    """What a model can make of scans."""

    n_heard: np.ndarray
    """[n] int: access points in each scan."""
    n_known: np.ndarray
    """[n] int: of these, how many the model knows."""
    answered: np.ndarray
    """[n] bool: one of those is above the model's lowest RSS."""


class Located(NamedTuple):
    """What a method makes of scans that hear something it knows."""

    position_m: np.ndarray
    """[n, 2] float64 in the frame of the training data."""
    floor: np.ndarray | None = None
    """[n] str, None where the method gives no floors."""
    building: np.ndarray | None = None

    @classmethod
    def joined(cls, parts: Sequence[Located]) -> Located:
        """Of the same method, one after another."""

        def whole(labels: list[np.ndarray | None]) -> np.ndarray | None:
            given = [label for label in labels if label is not None]
            return np.concatenate(given) if len(given) == len(labels) else None

        floor, building = whole([part.floor for part in parts]), whole([part.building for part in parts])
        return cls(np.concatenate([part.position_m for part in parts]), floor, building)


@dataclass(frozen=True, eq=False)
class Positions:
    """Answers to scans, in the frame of the model that gave them.

    Parameters
    ----------
    scan_id : [n] str, the ids of the scans asked about
    position_m : [n, 2] float64 in `frame`; NaN where there is no position
    frame : frame of `position_m`
    reason : [n] str, why there is no position; "" where there is one
    n_unknown : [n] int, access points in the scan that the model does not know
    floor, building : [n] str labels, or None where the model gives none
    radius_m : [n] metres of the data set around `position_m`; NaN without a position, or where the model
        cannot promise a radius; None if it is not calibrated
    level : share of the true positions that the radii are to hold; None without radii, or of answers from a
        file that does not say
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
    def of(cls, scan_id: np.ndarray, frame: LocalFrame, heard: Heard, located: Located) -> Positions:
        """Answers to all scans asked about, from what was made of those that can be answered."""
        position_m = np.full((len(scan_id), 2), np.nan)
        position_m[heard.answered] = located.position_m
        reason = np.select(
            [heard.answered, heard.n_heard == 0, heard.n_known == 0],
            ["", "the scan is blank: nothing is heard", "no access point that the model knows is heard"],
            "every access point that the model knows is heard too faintly, below its lowest RSS",
        )
        floor, building = (_spread(label, heard.answered) for label in (located.floor, located.building))
        return cls(scan_id, position_m, frame, reason, heard.n_heard - heard.n_known, floor, building)

    def __len__(self) -> int:
        return len(self.scan_id)

    @classmethod
    def joined(cls, parts: Sequence[Positions]) -> Positions:
        """Answers of several models in one frame, one after another; labels and radii if all give them."""
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

    def judged(self, asked: np.ndarray, radius_m: np.ndarray, unlike: np.ndarray, level: float) -> Positions:
        """The answers with radii, and without positions for the scans that are refused.

        Parameters
        ----------
        asked : [n] bool, the scans that were judged
        radius_m, unlike : [n_asked], as of `tutelage.runtime.radii.Judgement`
        level : share of the true positions that the radii are to hold
        """
        rows = np.flatnonzero(asked)
        refused = rows[unlike]
        radii, position_m, reason = (
            np.full(len(self), np.nan),
            self.position_m.copy(),
            self.reason.astype(object),
        )
        radii[rows] = np.where(unlike, np.nan, radius_m)
        position_m[refused], reason[refused] = np.nan, REFUSED
        return replace(
            self, position_m=position_m, reason=reason.astype(np.str_), radius_m=radii, level=level
        )

    @property
    def answered(self) -> np.ndarray:
        """[n] bool: scans that have a position."""
        return np.asarray(np.isfinite(self.position_m).all(axis=1))

    @property
    def refused(self) -> np.ndarray:
        """[n] bool: scans without a position because they are unlike every surveyed place."""
        return np.asarray(self.reason == REFUSED)

    @property
    def absolute_position_m(self) -> np.ndarray:
        """[n, 2] positions in data-set coordinates."""
        return np.asarray(self.position_m + np.asarray(self.frame.origin_m))

    @property
    def lat_lon(self) -> np.ndarray | None:
        """[n, 2] latitude and longitude (WGS 84), NaN where there is no position.

        None where the frame has no EPSG code, or one that PROJ cannot take to degrees.
        """
        if self.frame.epsg is None or not has_degrees(self.frame.epsg):
            return None
        return to_degrees(self.absolute_position_m, self.frame.epsg)

    def records(self) -> list[dict[str, Any]]:
        """One plain dictionary a scan, ready for JSON or CSV (None where there is no position).

        Metres to a millimetre and, where the frame has an EPSG code, `lat` and `lon` to 1e-7 degrees, a
        centimetre.
        """
        places = _rounded(("x_m", "y_m"), self.absolute_position_m, 3)
        lat_lon = self.lat_lon
        if lat_lon is not None:
            both = zip(places, _rounded(("lat", "lon"), lat_lon, 7), strict=True)
            places = [metres | degrees for metres, degrees in both]
        answered = self.answered
        radius_m = np.full(len(self), np.nan) if self.radius_m is None else self.radius_m
        return [
            {
                "scan_id": str(self.scan_id[i]),
                **places[i],
                "radius_m": round(float(radius_m[i]), 2) if np.isfinite(radius_m[i]) else None,
                "level": self.level,
                "floor": None if self.floor is None or not answered[i] else str(self.floor[i]),
                "building": None if self.building is None or not answered[i] else str(self.building[i]),
                "n_unknown": int(self.n_unknown[i]),
                "reason": str(self.reason[i]),
            }
            for i in range(len(self))
        ]


def _rounded(names: tuple[str, str], values: np.ndarray, decimals: int) -> list[dict[str, float | None]]:
    """Coordinates [n, 2] by name, None where they are NaN."""
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
