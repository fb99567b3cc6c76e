"""Brings the tables of a store to this version, once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from tutelage.errors import BadInputError
from tutelage.serving.store.database import Database

__all__ = ["migrate"]

_SCRIPTS = Path(__file__).with_name("migrations")
_LOCK = 0x7475_7465_6C61_6765  # any number that no other program takes: "tutelage"


def migrate(database: Database, *, make: bool = True) -> None:
    """Run the migrations that the store has not seen.

    They run in one transaction that locks out other services on this store. So services that start together
    run them once, and one that is killed leaves none half done.

    Parameters
    ----------
    database : Database
        The store, or an empty database.
    make : bool, default True
        Whether an empty database becomes a store.

    Raises
    ------
    BadInputError
        If a newer version of Tutelage has changed the tables, or if there is no store.
    """
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision is None and not make:
            raise BadInputError(f"there is no store in {database.name}: name that of the service")
        if revision is not None and revision not in known:
            raise BadInputError(
                f"the store {database.name} was written by a newer version of Tutelage "
                f"(tables {revision!r}). Install that version: pip install --upgrade tutelage"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
