"""Polygons of rooms, asked about single positions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tutelage.data.rooms import RoomPolygons
from tutelage.runtime.frames import LocalFrame

__all__ = ["RoomOutlines"]


class RoomOutlines:
    """Rooms with outlines, as tracks need them. Of rooms that overlap, the smallest counts.

    Parameters
    ----------
    rooms : RoomPolygons
        The rooms, as `tutelage.data.rooms.read_rooms` reads them.
    frame : LocalFrame
        Frame of the model whose positions are asked about.
    floors : sequence of str
        Floors that the model names; empty if it names none.

    Raises
    ------
    BadInputError
        If coordinates or floors of the rooms do not go with those of the model.
    """

    def __init__(self, rooms: RoomPolygons, frame: LocalFrame, floors: Sequence[str]) -> None:
        import shapely

        self._outline = rooms.outlines_in(frame)
        self._floors = rooms.floors_as_in(np.array(floors, dtype=np.str_))
        self._name = rooms.name.tolist()
        self._area = shapely.area(self._outline)
        self._tree = shapely.STRtree(self._outline)

    def room_at(self, x_m: float, y_m: float, floor: str | None) -> str | None:
        """Return the room at a position.

        Parameters
        ----------
        x_m, y_m : float
            Position in the coordinates of the survey, in metres.
        floor : str or None
            Its floor; None where the model names none.

        Returns
        -------
        str or None
            Name of the room; None outside every room.
        """
        import shapely

        found = self._tree.query(shapely.Point(x_m, y_m), predicate="intersects").tolist()
        here = [row for row in found if self._is_on(row, floor)]
        return self._name[min(here, key=lambda row: (self._area[row], row))] if here else None

    def distance_m(self, room: str, x_m: float, y_m: float, floor: str | None) -> float:
        """Return the distance of a position to a room.

        Parameters
        ----------
        room : str
            Name of the room.
        x_m, y_m, floor
            As for `room_at`.

        Returns
        -------
        float
            Distance in metres; 0 inside, infinite if the floor has no such room.
        """
        import shapely

        point = shapely.Point(x_m, y_m)
        rows = [row for row, name in enumerate(self._name) if name == room and self._is_on(row, floor)]
        return min((float(shapely.distance(self._outline[row], point)) for row in rows), default=np.inf)

    def _is_on(self, row: int, floor: str | None) -> bool:
        return not floor or not self._floors[row] or floor.strip().casefold() in self._floors[row]
