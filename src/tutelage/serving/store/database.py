"""Transactions on either database, and their errors in words."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, Executable, Table, create_engine, event, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tutelage.errors import BadInputError, StoreUnavailableError, UnknownNameError

__all__ = ["Database", "change_row", "insert_new", "rows_of", "upsert"]

Row = TypeVar("Row")
_LOCK_TIMEOUT_S = 30
_N_CONNECTIONS = 10
_WRITES = "tutelage_writes"
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # a commit is on the disk, also after a loss of power
    "fullfsync = ON",  # and on macOS not only in the disk's own memory
    "foreign_keys = ON",
    "secure_delete = ON",  # a forgotten device leaves no bytes in the file
)


class Database:
    """Connections to one database.

    Parameters
    ----------
    url : URL
        From `store_url`.

    Attributes
    ----------
    has_one_writer : bool
        Whether one transaction at a time can write, as on SQLite.
    """

    def __init__(self, url: URL) -> None:
        is_file = url.drivername == "sqlite"
        self.name = str(url.database) if is_file else url.render_as_string(hide_password=True)
        self.engine = _sqlite_engine(url) if url.drivername == "sqlite" else _postgresql_engine(url)
        self._for_writing = self.engine.execution_options(**{_WRITES: True})
        self.has_one_writer = self.engine.dialect.name == "sqlite"
        # Threads that wait here are woken at once; SQLite would have them ask again after up to 100 ms.
        self._turn = Lock() if self.has_one_writer else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database.

        Raises
        ------
        StoreUnavailableError
            If the database cannot be reached or read.
        """
        with self._errors_in_words(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are all on the disk when the block has ended, or not made at all.

        Raises
        ------
        BadInputError
            If a value cannot be stored.
        StoreUnavailableError
            If the database cannot be reached or written. After a lost connection the changes may have been
            made; to add the same rows again is harmless.
        """
        with self._errors_in_words(), self._turn, self._for_writing.begin() as connection:
            yield connection

    def flush_deleted(self) -> None:
        """Empty the log of SQLite, where deleted rows still stand, unless others are reading from it."""
        if self.has_one_writer:
            with self._errors_in_words(), closing(self.engine.raw_connection()) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise  # the caller knows which rule a row has broken
        except (DataError, UnicodeEncodeError) as error:
            raise BadInputError(f"the store cannot keep or look up a value: {_reason(error)}") from error
        except (DBAPIError, PoolTimeoutError) as error:
            raise StoreUnavailableError(f"cannot use the store {self.name}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Return what the driver says, without the statement and its values."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


def _sqlite_engine(url: URL) -> Engine:
    with suppress(FileExistsError):  # positions of people: for no other user of the machine
        os.close(os.open(Path(url.database or ""), os.O_CREAT | os.O_EXCL, 0o600))
    engine = create_engine(
        url, json_serializer=_json, pool_size=_N_CONNECTIONS, connect_args={"timeout": _LOCK_TIMEOUT_S}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # else the driver chooses when a transaction begins
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and then writes could not wait for another writer.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql_engine(url: URL) -> Engine:
    engine = create_engine(url, json_serializer=_json, pool_size=_N_CONNECTIONS, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute("SET synchronous_commit = on")  # some servers are set up to promise too early
        connection.commit()

    return engine


def insert_new(connection: Connection, table: Table, rows: Iterable[object]) -> int:
    """Insert the rows whose primary key is new, and leave the others as they are.

    Parameters
    ----------
    connection : Connection
        From `Database.writing`.
    table : Table
        Its columns have the names of the rows' fields.
    rows : iterable of dataclass
        What to insert.

    Returns
    -------
    int
        Number of new rows.

    Raises
    ------
    BadInputError
        If a value cannot be stored.
    """
    values = _values(table, rows)
    if not values:
        return 0
    insert = _insert(connection, table).on_conflict_do_nothing(index_elements=[*table.primary_key])
    return connection.execute(insert, values, execution_options={"preserve_rowcount": True}).rowcount


def upsert(connection: Connection, table: Table, rows: Iterable[object], changes: Any) -> None:
    """Insert rows, and change those whose primary key is there.

    Parameters
    ----------
    connection, table, rows
        As of `insert_new`.
    changes : callable
        Takes the row that was to be inserted, as columns, and returns new values by column name.

    Raises
    ------
    BadInputError
        If a value cannot be stored.
    """
    if values := _values(table, rows):
        insert = _insert(connection, table)
        index = [*table.primary_key]
        connection.execute(
            insert.on_conflict_do_update(index_elements=index, set_=changes(insert.excluded)), values
        )


def rows_of(connection: Connection, query: Executable, row_type: type[Row]) -> list[Row]:
    """Return the rows of a query as objects whose fields have the names of the columns."""
    return [row_type(**row) for row in connection.execute(query).mappings()]


def change_row(connection: Connection, table: Table, kind: str, key: str, **changes: object) -> None:
    """Change one row.

    Parameters
    ----------
    connection : Connection
        From `Database.writing`.
    table : Table
        Has one column as its primary key.
    kind : str
        What an error calls a row, such as "device".
    key : str
        The row's primary key.
    **changes
        New values by column.

    Raises
    ------
    UnknownNameError
        If there is no such row.
    BadInputError
        If a value cannot be stored.
    """
    (column,) = table.primary_key
    _require_storable(changes)
    if connection.execute(update(table).where(column == key).values(**changes)).rowcount == 0:
        raise UnknownNameError(kind, key, connection.scalars(select(column)))


def _insert(connection: Connection, table: Table) -> Any:
    module = postgresql if connection.dialect.name == "postgresql" else sqlite
    return module.insert(table)


def _values(table: Table, rows: Iterable[object]) -> Sequence[dict[str, Any]]:
    """Order the rows by their keys: writers that lock rows in one order never wait in a ring."""
    values = [dict(vars(row)) for row in rows]
    for each in values:
        _require_storable(each)
    return sorted(values, key=lambda each: [each[column.name] for column in table.primary_key])


def _require_storable(values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
            raise BadInputError(f"{name} is {value!r}: a text has no zero byte and no half of a character")
        if isinstance(value, Mapping):
            try:
                _json(value)
            except (TypeError, ValueError) as error:
                raise BadInputError(f"{name} cannot be written as JSON: {error}") from error
        if isinstance(value, float) and not math.isfinite(value):
            raise BadInputError(f"{name} is {value}: a number must be finite")


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False, default=dict, separators=(",", ":"))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
