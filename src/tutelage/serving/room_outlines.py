"""Outlines of rooms: in which room a position lies, and how far it is from another."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import shapely
from shapely.geometry import shape

from tutelage.serving.store import Room

__all__ = ["RoomOutlines"]


class RoomOutlines:
    """The rooms of the map, floor by floor.

    Parameters
    ----------
    rooms : sequence of Room
        The rooms. One without a floor is on every floor.

    Examples
    --------
    >>> square = {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 3], [0, 3], [0, 0]]]}
    >>> outlines = RoomOutlines([Room("r1", "Kitchen", square, floor="1")])
    >>> outlines.room_at(1.0, 1.0, "1"), outlines.room_at(9.0, 1.0, "1")
    ('Kitchen', None)
    >>> outlines.distance_m("Kitchen", 6.0, 1.0, "1")
    2.0
    """

    def __init__(self, rooms: Sequence[Room]) -> None:
        self._on_floor: dict[str | None, list[tuple[str, Any]]] = defaultdict(list)
        for room in rooms:
            outline = shape(room.polygon)
            shapely.prepare(outline)
            self._on_floor[room.floor].append((room.name, outline))

    def __len__(self) -> int:
        """Return the number of rooms."""
        return sum(map(len, self._on_floor.values()))

    def room_at(self, x_m: float, y_m: float, floor: str | None) -> str | None:
        """Return the room at a position; of rooms that overlap the smallest, None outside every room.

        Parameters
        ----------
        x_m, y_m : float
            Position in the coordinates of the survey, in metres.
        floor : str or None
            Floor of the position.
        """
        point = shapely.Point(x_m, y_m)
        around = [(outline.area, name) for name, outline in self._of(floor) if outline.covers(point)]
        return min(around)[1] if around else None

    def distance_m(self, room: str, x_m: float, y_m: float, floor: str | None) -> float:
        """Return the distance to a room in metres: 0 inside, infinite if the floor has no such room.

        Parameters
        ----------
        room : str
            Name of the room.
        x_m, y_m, floor
            As for `room_at`.
        """
        point = shapely.Point(x_m, y_m)
        distances_m = (outline.distance(point) for name, outline in self._of(floor) if name == room)
        return min(distances_m, default=math.inf)

    def _of(self, floor: str | None) -> list[tuple[str, Any]]:
        everywhere = self._on_floor.get(None, []) if floor is not None else []
        return [*self._on_floor.get(floor, []), *everywhere]
