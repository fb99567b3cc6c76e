"""How a store is made, brought up to date, and refused."""

from __future__ import annotations

import doctest
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

import tutelage.serving.store.store
from postgres_server import PostgresServer
from tutelage.errors import BadInputError, StoreUnavailableError
from tutelage.serving.store import Store, TrackPoint, default_store_url
from tutelage.serving.store.database import Database
from tutelage.serving.store.location import store_url
from tutelage.serving.store.tables import METADATA


def test_example_of_the_docstring_runs() -> None:
    assert doctest.testmod(tutelage.serving.store.store).failed == 0


def test_what_was_added_is_there_when_the_store_is_opened_again(new_store_url: str) -> None:
    with Store.open(new_store_url) as store:
        store.tracks.add([TrackPoint("phone", 1.0)])
    with Store.open(new_store_url) as store:
        assert store.tracks.of("phone") == [TrackPoint("phone", 1.0)]


def test_migrations_make_the_tables_that_the_store_uses(new_store_url: str) -> None:
    Store.open(new_store_url).close()
    engine = create_engine(store_url(new_store_url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def at_once(n: int, work: Callable[[int], None]) -> list[BaseException]:
    """Run the same work in threads that start together, and return what they raised."""
    start, raised = threading.Barrier(n), list[BaseException]()

    def run(number: int) -> None:
        start.wait()
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_services_that_start_together_make_the_tables_once(new_store_url: str) -> None:
    def start(number: int) -> None:
        with Store.open(new_store_url) as store:
            store.tracks.add([TrackPoint("phone", float(number))])

    assert at_once(4, start) == []
    with Store.open(new_store_url) as store:
        assert [point.time_s for point in store.tracks.of("phone")] == [0.0, 1.0, 2.0, 3.0]


def test_threads_write_and_read_at_once(store: Store) -> None:
    def work(number: int) -> None:
        for time_s in range(10):
            assert store.tracks.add([TrackPoint(f"phone {number}", float(time_s))]) == 1
            assert len(store.tracks.of(f"phone {number}")) == time_s + 1

    assert at_once(6, work) == []
    assert len(store.devices.all()) == len(store.tracks.last()) == 6


def test_a_store_of_a_newer_version_is_refused(new_store_url: str) -> None:
    Store.open(new_store_url).close()
    engine = create_engine(store_url(new_store_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(
        BadInputError, match=r"written by a newer version.*'9999'.*pip install --upgrade tutelage"
    ):
        Store.open(new_store_url)


def test_a_store_that_is_not_there_is_made_only_on_request(new_store_url: str) -> None:
    with pytest.raises(BadInputError, match="there is no store"):
        Store.open(new_store_url, make=False)
    Store.open(new_store_url).close()
    Store.open(new_store_url, make=False).close()


def test_an_answering_store_is_pinged(store: Store) -> None:
    store.ping()


def test_a_database_of_another_program_keeps_its_tables(new_store_url: str) -> None:
    engine = create_engine(store_url(new_store_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE survey_scans (mine INTEGER)"))
    with pytest.raises(StoreUnavailableError, match=r"cannot use the store .*survey_scans.* already exists"):
        Store.open(new_store_url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["survey_scans"]
    engine.dispose()


# -- SQLite --------------------------------------------------------------------------------------------


def test_a_path_is_a_file_of_sqlite_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "tutelage.db"
    with Store.open(str(path)) as store:
        store.tracks.add([TrackPoint("phone", 1.0)])
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert path.name in modes
    if sys.platform != "win32":
        assert set(modes.values()) == {0o600}


def test_sqlite_writes_ahead_and_through_to_the_disk(tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "tutelage.db")) as store, store._database.reading() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
        values = [connection.scalar(text(f"PRAGMA {pragma}")) for pragma in pragmas]
    assert values == ["wal", 2, 1, 30_000, 1]


@pytest.mark.parametrize("content", [b"not a database, but a text of some length\n" * 100, b"RIFF"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "survey.csv"
    path.write_bytes(content)
    with pytest.raises(StoreUnavailableError, match=r"survey\.csv: file is not a database"):
        Store.open(str(path))
    assert path.read_bytes() == content


# -- places that are none ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "needs a file"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://host/database", "cannot be on 'mysql'"),
        ("postgresql+asyncpg://host/database", "cannot be on"),
        ("postgresql://host:port/database", "cannot read the place"),
        ("://", "cannot read the place"),
        ("nowhere/tutelage.db", "nowhere does not exist"),
        (".", "it is a folder"),
    ],
)
def test_a_place_that_is_none_is_refused(
    url: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInputError, match=said):
        Store.open(url)
    assert [*tmp_path.iterdir()] == []


def test_the_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(BadInputError, match=r'needs psycopg, .* pip install "tutelage\[postgres\]"'):
        Store.open("postgresql://host/database")


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_named_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="cannot use the store") as raised:
        Store.open(f"postgresql://ada:secret@/database?host={tmp_path}")
    assert "secret" not in str(raised.value)
    assert "ada:***" in str(raised.value)


@pytest.mark.postgres
def test_a_user_without_rights_is_told_so(postgres_server: PostgresServer) -> None:
    postgres_server.psql("CREATE ROLE guest LOGIN")
    with pytest.raises(
        StoreUnavailableError, match=r"cannot use the store .*guest@.*: no schema has been selected"
    ):
        Store.open(postgres_server.new_url().replace("postgres@", "guest@"))


@pytest.mark.postgres
def test_a_commit_is_on_the_disk_whatever_the_server_is_told(postgres_server: PostgresServer) -> None:
    url = f"{postgres_server.new_url()}%20-csynchronous_commit%3Doff"
    with Store.open(url) as store, store._database.reading() as connection:
        assert connection.scalar(text("SHOW synchronous_commit")) == "on"


@pytest.mark.postgres
def test_a_lost_connection_is_made_again(postgres_server: PostgresServer) -> None:
    with Store.open(postgres_server.new_url()) as store:
        store.ping()
        postgres_server.psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        store.ping()


# -- the user's own store ------------------------------------------------------------------------------


def test_the_default_is_one_file_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUTELAGE_STORE", raising=False)
    for name in ("XDG_DATA_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    url = default_store_url()
    assert url == default_store_url()
    Store.open(url).close()
    assert len([*tmp_path.rglob("tutelage.db")]) == 1


def test_the_environment_names_another_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTELAGE_STORE", "postgresql://host/database")
    assert default_store_url() == "postgresql://host/database"


def test_the_name_of_a_store_has_no_password(tmp_path: Path) -> None:
    assert "secret" not in Database(store_url("postgresql://ada:secret@db/tutelage")).name
    with Store.open(str(tmp_path / "store.db")) as store:
        assert store.name == str(tmp_path / "store.db")
