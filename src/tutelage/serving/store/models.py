"""The models that the service answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from tutelage.serving.store.database import Database, change_row, rows_of, upsert
from tutelage.serving.store.tables import models

__all__ = ["Models", "StoredModel"]


@dataclass(frozen=True)
class StoredModel:
    """An exported model and whether it is in use.

    Parameters
    ----------
    name : str
        Name of the model.
    path : str
        File of the exported model.
    created_s : float
        When it was added, in seconds since 1970.
    active : bool
        Whether the service answers with it.
    card : mapping
        What is known of the model, for JSON, such as its survey and its measured error.
    """

    name: str
    path: str
    created_s: float
    active: bool = True
    card: Mapping[str, Any] = field(default_factory=dict)


class Models:
    """The models of a store.

    Parameters
    ----------
    database : Database
        The store's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, model: StoredModel) -> None:
        """Add a model, in the place of one of the same name."""
        with self._database.writing() as connection:
            upsert(
                connection,
                models,
                [model],
                lambda new: {column.name: new[column.name] for column in models.c if not column.primary_key},
            )

    def all(self) -> list[StoredModel]:
        """Return every model, by name."""
        with self._database.reading() as connection:
            return rows_of(connection, select(models).order_by(models.c.name), StoredModel)

    def set_active(self, name: str, active: bool) -> None:
        """Take a model into use, or out of it.

        Raises
        ------
        UnknownNameError
            If there is no such model.
        """
        with self._database.writing() as connection:
            change_row(connection, models, "model", name, active=active)
