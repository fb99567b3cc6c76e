"""Positions: the answers of a localizer, one row a scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from tutelage.runtime.degrees import has_degrees, to_degrees
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.places import PlaceAnswers, PlaceVotes

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
        Positions in the training frame in metres, [n, 2] float64; NaN after a survey of places alone.
    floor, building : numpy.ndarray or None
        Labels, [n] str; None where the method gives none.
    place : PlaceVotes or None
        Votes on places; None where the method gives none.
    """

    position_m: np.ndarray
    floor: np.ndarray | None = None
    building: np.ndarray | None = None
    place: PlaceVotes | None = None

    @classmethod
    def nowhere(
        cls, n: int, floor: np.ndarray | None, building: np.ndarray | None, place: PlaceVotes | None
    ) -> Located:
        """Build answers without positions.

        Parameters
        ----------
        n : int
            Number of scans.
        floor, building, place
            As for the class.

        Returns
        -------
        Located
            Answers to n scans.
        """
        return cls(np.full((n, 2), np.nan), floor, building, place)

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
        place = PlaceVotes.join([part.place for part in parts])
        return cls(np.concatenate([part.position_m for part in parts]), floor, building, place)


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
        Share of the true positions that the radii should contain, and of the true places that the sets
        should. None without either, or if a file of answers has no level.
    places : PlaceAnswers, optional
        Place of each scan; None if the model knows no places.
    has_coordinates : bool, default True
        False if the model learnt places alone: there are no positions then.

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
    places: PlaceAnswers | None = None
    has_coordinates: bool = True

    @classmethod
    def from_answers(
        cls,
        scan_id: np.ndarray,
        frame: LocalFrame,
        counts: HeardCounts,
        located: Located,
        *,
        has_coordinates: bool = True,
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
        has_coordinates : bool, default True
            False if the model learnt places alone.

        Returns
        -------
        Positions
            One row for each scan, with the reason if there is no answer.
        """
        position_m = np.full((len(scan_id), 2), np.nan)
        position_m[counts.answered] = located.position_m
        reason = np.select(
            [counts.answered, counts.n_heard == 0, counts.n_known == 0],
            ["", "the scan is blank: nothing is heard", "no access point that the model knows is heard"],
            "every access point that the model knows is heard too faintly, below its lowest RSS",
        )
        floor, building = (_spread(label, counts.answered) for label in (located.floor, located.building))
        places = None if located.place is None else PlaceAnswers.of(located.place).spread(counts.answered)
        return cls(
            scan_id,
            position_m,
            frame,
            reason,
            counts.n_heard - counts.n_known,
            floor,
            building,
            places=places,
            has_coordinates=has_coordinates,
        )

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
        return cls(
            frame=frames.pop(),
            **columns,
            level=level,
            places=PlaceAnswers.join([part.places for part in parts]),
            has_coordinates=all(part.has_coordinates for part in parts),
        )

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
        radii = np.full(len(self), np.nan)
        radii[is_judged] = np.where(unlike, np.nan, radius_m)
        return replace(self._refusing(is_judged, unlike), radius_m=radii, level=level)

    def with_places(
        self, is_judged: np.ndarray, places: PlaceAnswers, unlike: np.ndarray, level: float
    ) -> Positions:
        """Return the answers with probabilities and sets of places, and without those to refused scans.

        Parameters
        ----------
        is_judged : numpy.ndarray
            Scans that `places` and `unlike` belong to, [n] bool.
        places : PlaceAnswers
            One entry for each marked scan.
        unlike : numpy.ndarray
            Whether a marked scan is refused, bool.
        level : float
            Share of the true places that the sets should hold.

        Returns
        -------
        Positions
            The same scans.
        """
        judged = replace(self, places=places.spread(is_judged), level=level)
        kept = judged._refusing(is_judged, unlike)
        assert kept.places is not None
        return replace(kept, places=kept.places.without(~self.answered))

    def _refusing(self, is_judged: np.ndarray, unlike: np.ndarray) -> Positions:
        """Return the answers without those to judged scans that are unlike every surveyed place."""
        refused = np.zeros(len(self), dtype=bool)
        refused[is_judged] = unlike
        position_m = self.position_m.copy()
        position_m[refused] = np.nan
        reason = np.where(refused, REFUSED, self.reason)
        places = None if self.places is None else self.places.without(refused)
        return replace(self, position_m=position_m, reason=reason, places=places)

    @property
    def answered(self) -> np.ndarray:
        """Whether each scan has a position, or a place if the model learnt places alone, [n] bool."""
        if self.has_coordinates or self.places is None:
            return np.asarray(np.isfinite(self.position_m).all(axis=1))
        return np.asarray(self.places.best != "")

    @property
    def refused(self) -> np.ndarray:
        """Whether each scan has no answer because it is unlike every surveyed place, [n] bool."""
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
        with seven decimals (about a centimetre). A model that knows places adds `place`, `place_probability`
        and `place_set`; one that knows places alone has no coordinates and no radius.

        Returns
        -------
        list of dict
            One record for each scan. Coordinates are None if there is no position.
        """
        where = self._coordinates() if self.has_coordinates else [{}] * len(self)
        places = [{}] * len(self) if self.places is None else self.places.records()
        is_located = self.answered
        return [
            {
                "scan_id": str(self.scan_id[i]),
                **where[i],
                **places[i],
                "level": self.level,
                "floor": None if self.floor is None or not is_located[i] else str(self.floor[i]),
                "building": None if self.building is None or not is_located[i] else str(self.building[i]),
                "n_unknown": int(self.n_unknown[i]),
                "reason": str(self.reason[i]),
            }
            for i in range(len(self))
        ]

    def _coordinates(self) -> list[dict[str, float | None]]:
        """Return coordinates and radius of each scan."""
        columns = [_rounded(("x_m", "y_m"), self.absolute_position_m, 3)]
        lat_lon = self.lat_lon
        if lat_lon is not None:
            columns.append(_rounded(("lat", "lon"), lat_lon, 7))
        radius_m = np.full(len(self), np.nan) if self.radius_m is None else self.radius_m
        columns.append(_rounded(("radius_m",), radius_m[:, None], 2))
        return [dict(item for part in row for item in part.items()) for row in zip(*columns, strict=True)]


def _rounded(names: tuple[str, ...], values: np.ndarray, decimals: int) -> list[dict[str, float | None]]:
    """Return the columns of values [n, len(names)] by name, None where they are NaN."""
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
