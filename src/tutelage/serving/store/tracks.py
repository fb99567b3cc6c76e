"""Where devices were, until it is too long ago."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, select

from tutelage.serving.store.database import Database, insert_new, rows_of
from tutelage.serving.store.devices import note_seen
from tutelage.serving.store.group_commit import GroupCommit
from tutelage.serving.store.tables import devices, track_points

__all__ = ["TrackPoint", "Tracks"]


@dataclass(frozen=True)
class TrackPoint:
    """Where a device was at one time, or why that is unknown.

    Parameters
    ----------
    device : str
        Id of the device.
    time_s : float
        When its scan was taken, in seconds since 1970.
    model : str or None
        Name of the model that answered.
    reason : str
        Why there is no position; "" if there is one.
    x_m, y_m : float or None
        Position that is shown, in the coordinates of the survey, in metres.
    floor, building, place : str or None
        Labels that are shown.
    radius_m : float or None
        Radius around the position that holds the truth with the model's probability.
    payload : mapping
        What else is known of the point, for JSON, such as the answer before it was smoothed.
    """

    device: str
    time_s: float
    model: str | None = None
    reason: str = ""
    x_m: float | None = None
    y_m: float | None = None
    floor: str | None = None
    building: str | None = None
    place: str | None = None
    radius_m: float | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


class Tracks:
    """The tracks of a store.

    Parameters
    ----------
    database : Database
        The store's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._additions = GroupCommit(database, _add)

    def add(self, points: Sequence[TrackPoint]) -> int:
        """Add points, and note their devices as seen.

        Parameters
        ----------
        points : sequence of TrackPoint
            In any order. A device has one point at one time: the first that was added stays.

        Returns
        -------
        int
            Number of points that are new.

        Raises
        ------
        BadInputError
            If a value cannot be stored; none of the points is then added.
        """
        return self._additions.run(points)

    def of(
        self,
        device: str,
        since_s: float | None = None,
        until_s: float | None = None,
        limit: int | None = None,
    ) -> list[TrackPoint]:
        """Return points of a device, by time.

        Parameters
        ----------
        device : str
            Id of the device.
        since_s, until_s : float, optional
            First and last time, both included.
        limit : int, optional
            Number of points at most; the newest are returned.

        Returns
        -------
        list of TrackPoint
        """
        query = select(track_points).where(track_points.c.device == device)
        if since_s is not None:
            query = query.where(track_points.c.time_s >= since_s)
        if until_s is not None:
            query = query.where(track_points.c.time_s <= until_s)
        query = query.order_by(track_points.c.time_s.desc()).limit(limit)
        with self._database.reading() as connection:
            return rows_of(connection, query, TrackPoint)[::-1]

    def last(self) -> list[TrackPoint]:
        """Return the newest point of each device that has one, by the device's id."""
        own = track_points.alias()
        newest_s = select(func.max(own.c.time_s)).where(own.c.device == devices.c.id).scalar_subquery()
        query = (
            select(track_points)
            .join(devices, (track_points.c.device == devices.c.id) & (track_points.c.time_s == newest_s))
            .order_by(track_points.c.device)
        )
        with self._database.reading() as connection:
            return rows_of(connection, query, TrackPoint)

    def since(self, time_s: float) -> list[TrackPoint]:
        """Return the points of all devices since a time, by time.

        Parameters
        ----------
        time_s : float
            First time, included, in seconds since 1970.

        Returns
        -------
        list of TrackPoint
        """
        query = select(track_points).where(track_points.c.time_s >= time_s).order_by(track_points.c.time_s)
        with self._database.reading() as connection:
            return rows_of(connection, query, TrackPoint)

    def prune(self, before_s: float, after_s: float = math.inf) -> int:
        """Remove the points before a time, and those of clocks that are far ahead.

        Parameters
        ----------
        before_s, after_s : float
            Times of the first and the last point to keep, in seconds since 1970.

        Returns
        -------
        int
            Number of points that were removed.
        """
        with self._database.writing() as connection:
            time_s = track_points.c.time_s
            return connection.execute(
                delete(track_points).where((time_s < before_s) | (time_s > after_s))
            ).rowcount


def _add(connection: Connection, additions: Sequence[Sequence[TrackPoint]]) -> list[int]:
    # All devices first, in order: who shares one waits here, so that writers never wait in a ring.
    note_seen(connection, ((point.device, point.time_s) for points in additions for point in points))
    return [insert_new(connection, track_points, points) for points in additions]
