"""The rooms of the plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from tutelage.serving.store.database import Database, change_row, insert_new, rows_of
from tutelage.serving.store.tables import rooms

__all__ = ["Room", "Rooms"]


@dataclass(frozen=True)
class Room:
    """A room on a plan.

    Parameters
    ----------
    id : str
        Made by the client, or taken from the plan.
    name : str
        Name that is shown. Two rooms may have the same.
    polygon : mapping
        GeoJSON geometry in the coordinates of the survey, in metres.
    building, floor : str or None
        Labels of the survey.
    """

    id: str
    name: str
    polygon: Mapping[str, Any]
    building: str | None = None
    floor: str | None = None


class Rooms:
    """The rooms of a store.

    Parameters
    ----------
    database : Database
        The store's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, new_rooms: Sequence[Room]) -> int:
        """Add rooms; return how many are new. One whose id is there is left as it is."""
        with self._database.writing() as connection:
            return insert_new(connection, rooms, new_rooms)

    def all(self) -> list[Room]:
        """Return every room, by its id."""
        with self._database.reading() as connection:
            return rows_of(connection, select(rooms).order_by(rooms.c.id), Room)

    def rename(self, room: str, name: str) -> None:
        """Call a room otherwise.

        Raises
        ------
        UnknownNameError
            If there is no room of this id.
        """
        with self._database.writing() as connection:
            change_row(connection, rooms, "room", room, name=name)
