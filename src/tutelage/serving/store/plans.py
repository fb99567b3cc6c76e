"""Floor plans, as their user uploaded them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, select

from tutelage.serving.store.database import Database, change_row, insert_new, rows_of
from tutelage.serving.store.tables import plans

__all__ = ["Plan", "Plans"]


@dataclass(frozen=True)
class Plan:
    """A plan of a floor, without its content, which may be large.

    Parameters
    ----------
    id : str
        Made by the client.
    name : str
        Name of the plan, such as that of its file.
    kind : {"image", "geojson", "imdf"}
        What the content is.
    media_type : str
        Media type of the content, such as image/png.
    created_s : float
        When it was added, in seconds since 1970.
    building, floor : str or None
        Labels of the survey.
    transform : mapping or None
        How an image lies in the coordinates of the survey, for JSON; None if that is not known yet.
    """

    id: str
    name: str
    kind: Literal["image", "geojson", "imdf"]
    media_type: str
    created_s: float
    building: str | None = None
    floor: str | None = None
    transform: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class _PlanWithContent(Plan):
    content: bytes


class Plans:
    """The plans of a store.

    Parameters
    ----------
    database : Database
        The store's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, plan: Plan, content: bytes) -> bool:
        """Add a plan; return False, and change nothing, if one of its id is there."""
        with self._database.writing() as connection:
            return insert_new(connection, plans, [_PlanWithContent(**vars(plan), content=content)]) == 1

    def all(self) -> list[Plan]:
        """Return every plan, by its id."""
        columns = [column for column in plans.c if column is not plans.c.content]
        with self._database.reading() as connection:
            return rows_of(connection, select(*columns).order_by(plans.c.id), Plan)

    def content(self, plan: str) -> bytes | None:
        """Return the content of the plan of this id; None if there is no such plan."""
        with self._database.reading() as connection:
            return connection.scalar(select(plans.c.content).where(plans.c.id == plan))

    def set_transform(self, plan: str, transform: Mapping[str, Any]) -> None:
        """Place an image in the coordinates of the survey.

        Raises
        ------
        UnknownNameError
            If there is no plan of this id.
        """
        with self._database.writing() as connection:
            change_row(connection, plans, "plan", plan, transform=transform)

    def remove(self, plan: str) -> bool:
        """Remove a plan; return False if there is none of this id."""
        with self._database.writing() as connection:
            return connection.execute(delete(plans).where(plans.c.id == plan)).rowcount == 1
