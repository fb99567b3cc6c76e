"""Nothing that the store has acknowledged is lost when a process is killed with SIGKILL under load."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from killed_writer import Acknowledged, acknowledged, acknowledged_so_far, require_kept, writing
from sqlalchemy.engine import make_url

from postgres_server import PostgresServer
from tutelage.serving.store import Store, TrackPoint

LONGEST_S = 0.08  # from the first acknowledged write to the kill


def killed_while_writing(url: str, writer: str, chance: random.Random) -> list[Acknowledged]:
    """Kill a process under load at a random moment, and return what it was told is kept."""
    with writing(url, writer) as receive:
        assert receive.poll(60)
        time.sleep(chance.uniform(0, LONGEST_S))
    return acknowledged(receive)


def require_whole(url: str) -> None:
    """Require that SQLite finds no fault in its file."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(str(make_url(url).database))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def kill_writers(url: str, n_kills: int) -> set[str]:
    """Kill a writer again and again, look for what it was told, and return what kinds of rows that were."""
    chance = random.Random(n_kills)
    written = {}
    for kill in range(n_kills):
        writer = f"writer {kill}"
        written[writer] = killed_while_writing(url, writer, chance)
        assert written[writer]
        require_whole(url)
        with Store.open(url) as store:
            require_kept(store, writer, written[writer])
    with Store.open(url) as store:
        for writer in written:
            require_kept(store, writer, written[writer])
    return {kind for each in written.values() for kind, _ in each}


def test_three_kills_lose_nothing(store_url: str) -> None:
    assert kill_writers(store_url, 3)


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing(store_url: str) -> None:
    assert kill_writers(store_url, 100) == {"point", "scans", "key"}


def test_a_kill_while_the_tables_are_made_leaves_none_half_made(new_store_url: str) -> None:
    for kill in range(4):
        with writing(new_store_url, f"writer {kill}") as receive:
            receive.poll(0.01 * kill)
        receive.close()
    require_whole(new_store_url)
    with Store.open(new_store_url) as store:
        assert store.tracks.add([TrackPoint("phone", 1.0)]) == 1


# -- the server of PostgreSQL --------------------------------------------------------------------------


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that this test alone may kill."""
    server = PostgresServer()
    yield server
    server.stop()


def kill_server(server: PostgresServer, kill: Callable[[], None]) -> None:
    """Kill the server under load a few times; its client goes on by itself when it is back."""
    url, chance = server.new_url(), random.Random(0)
    for writer in ("writer 0", "writer 1", "writer 2"):
        with writing(url, writer) as receive:
            assert receive.poll(60)
            time.sleep(chance.uniform(0, LONGEST_S))
            kill()
            time.sleep(0.1)
            written = acknowledged_so_far(receive)
            assert receive.poll(60)
        written += acknowledged(receive)
        server.wait()  # what the writer had said before may be read while the server still recovers
        with Store.open(url) as store:
            require_kept(store, writer, written)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_killed_server_loses_nothing(own_server: PostgresServer) -> None:
    def kill() -> None:
        own_server.kill()
        own_server.start()

    kill_server(own_server, kill)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_killed_process_of_the_server_loses_nothing(own_server: PostgresServer) -> None:
    kill_server(own_server, own_server.kill_a_client_process)
