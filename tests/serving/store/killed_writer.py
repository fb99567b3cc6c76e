"""A process that writes to a store from several threads until it is killed, and what has to be left then."""

from __future__ import annotations

import itertools
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection

from tutelage.errors import StoreUnavailableError
from tutelage.serving.access_keys import Role
from tutelage.serving.store import Store, SurveyScan, SurveySession, TrackPoint

__all__ = ["Acknowledged", "acknowledged", "acknowledged_so_far", "require_kept", "writing"]

Acknowledged = tuple[str, float | str]  # what kind was written, and by what it is found again
N_SCANS = 3  # in one write: all of them are kept or none
# Each process is a copy of one that has imported the store: an import takes longer than what is tested.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tutelage.serving.store", "sqlalchemy.dialects.postgresql.psycopg"])


def write_point(store: Store, writer: str, n: int) -> Acknowledged:
    store.tracks.add([TrackPoint(writer, float(n), payload={"place_set": [writer] * 5})])
    return "point", float(n)


def write_scans(store: Store, writer: str, n: int) -> Acknowledged:
    scans = [SurveyScan(f"{writer} {n} {part}", float(n), {}, {}, writer) for part in range(N_SCANS)]
    store.surveys.add_scans(scans)
    return "scans", float(n)


def make_key(store: Store, writer: str, n: int) -> Acknowledged:
    return "key", store.keys.make(f"{writer} {n} {time.monotonic()}", Role.LOCATE)


def write_for_ever(url: str, writer: str, acknowledge: Connection) -> None:
    """Write points, scans and keys, each from a thread of its own, and send what was acknowledged.

    A write that finds no database is made again, as a client would.
    """
    store = Store.open(url)
    store.surveys.add_session(SurveySession(writer, writer, 1.0))
    one_at_a_time = threading.Lock()

    def repeat(write: Callable[[Store, str, int], Acknowledged]) -> None:
        for n in itertools.count():
            written = None
            while written is None:
                try:
                    written = write(store, writer, n)
                except StoreUnavailableError:
                    time.sleep(0.01)
            with one_at_a_time:
                acknowledge.send(written)

    for write in (write_point, write_scans, make_key):
        threading.Thread(target=repeat, args=(write,)).start()


@contextmanager
def writing(url: str, writer: str) -> Iterator[Connection]:
    """Start a process that writes; it is killed with SIGKILL when the block ends."""
    receive, send = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=write_for_ever, args=(url, writer, send))
    process.start()
    send.close()
    try:
        yield receive
    finally:
        process.kill()
        process.join()


def acknowledged_so_far(receive: Connection) -> list[Acknowledged]:
    """Return what a process has sent by now; of a killed one, everything."""
    received: list[Acknowledged] = []
    with suppress(EOFError):
        while receive.poll():
            received.append(receive.recv())
    return received


def acknowledged(receive: Connection) -> list[Acknowledged]:
    """Return what a killed process had sent."""
    with receive:
        return acknowledged_so_far(receive)


def require_kept(store: Store, writer: str, written: Sequence[Acknowledged]) -> None:
    """Require that each acknowledged write of a process is in the store, and no part of a write."""
    kept: list[Acknowledged] = [("point", point.time_s) for point in store.tracks.of(writer)]
    if any(kind == "scans" for kind, _ in written):
        n_scans = Counter(scan.time_s for scan in store.surveys.scans_of(writer))
        assert set(n_scans.values()) == {N_SCANS}
        kept += [("scans", time_s) for time_s in n_scans]
    kept += [("key", key) for kind, key in written if kind == "key" and store.keys.find(str(key))]
    assert set(written) - set(kept) == set()
