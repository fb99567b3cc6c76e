"""Stores for the tests of the service, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from postgres_server import PostgresServer
from tutelage.serving.store import Store
from tutelage.serving.store.tables import METADATA

ON_EACH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for all the tests of this process."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_url(postgres_server: PostgresServer) -> str:
    """A store on PostgreSQL for the tests that need none of their own: to make one takes long."""
    url = postgres_server.new_url()
    Store.open(url).close()
    return url


@pytest.fixture(params=ON_EACH)
def new_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The place of a store that is not there yet, on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_url()


@pytest.fixture(params=ON_EACH)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The place of an empty store, on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    url: str = request.getfixturevalue("migrated_url")
    with Store.open(url) as store, store._database.writing() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(delete(table))
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store, on each database."""
    with Store.open(store_url) as opened:
        yield opened
