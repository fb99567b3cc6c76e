"""Points that several threads add to SQLite at once share a commit, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tutelage.errors import BadInputError
from tutelage.serving.store import Store, TrackPoint


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "store.db")) as store:
        yield store


def added_together(store: Store, additions: Sequence[Sequence[TrackPoint]]) -> tuple[list[object], int]:
    """Add points from as many threads while a commit goes on; return what each got, and how many commits."""
    got: list[object] = [None] * len(additions)
    commits: list[object] = []
    event.listen(store._database.engine, "commit", commits.append)

    def add(number: int) -> None:
        try:
            got[number] = store.tracks.add(additions[number])
        except Exception as error:
            got[number] = error

    threads = [threading.Thread(target=add, args=(number,)) for number in range(len(additions))]
    with store.tracks._additions._turn:
        for thread in threads:
            thread.start()
        while len(store.tracks._additions._waiting) < len(threads):
            time.sleep(0.001)
    for thread in threads:
        thread.join()
    return got, len(commits)


def test_what_waits_is_committed_at_once(sqlite_store: Store) -> None:
    additions = [
        [TrackPoint(f"phone {number}", 1.0), TrackPoint("shared", float(number))] for number in range(8)
    ]
    assert added_together(sqlite_store, additions) == ([2] * 8, 1)
    assert len(sqlite_store.tracks.last()) == 9
    assert len(sqlite_store.tracks.of("shared")) == 8


def test_a_point_that_two_threads_add_is_new_for_one(sqlite_store: Store) -> None:
    got, _ = added_together(sqlite_store, [[TrackPoint("phone", 1.0)]] * 4)
    assert sorted(map(str, got)) == ["0", "0", "0", "1"]


def test_what_cannot_be_stored_refuses_its_own_thread_alone(sqlite_store: Store) -> None:
    bad: Any = object()
    additions = [[TrackPoint(f"phone {number}", 1.0)] for number in range(4)]
    additions[1] = [TrackPoint("nan", float("nan"))]
    additions[2] = [TrackPoint("bad", 1.0, x_m=bad)]
    got, _ = added_together(sqlite_store, additions)
    assert (got[0], got[3]) == (1, 1)
    assert isinstance(got[1], BadInputError)
    assert isinstance(got[2], Exception)
    assert [point.device for point in sqlite_store.tracks.last()] == ["phone 0", "phone 3"]
