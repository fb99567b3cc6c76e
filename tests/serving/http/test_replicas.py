"""Two replicas of the service on one PostgreSQL."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest
from running_service import RunningService

from postgres_server import PostgresServer
from tutelage.serving.store import Store

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def store_url(postgres_server: PostgresServer) -> str:
    return postgres_server.new_url()


@pytest.fixture
def replicas(office: Path, store_url: str, tmp_path: Path) -> Iterator[list[RunningService]]:
    both = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        replica = RunningService([office], folder)
        replica.store = store_url
        both.append(replica.start())
    yield both
    for replica in both:
        replica.kill()


def send(replica: RunningService, device: str, time_s: float, heard: dict[str, float]) -> None:
    replica.call("POST", "v1/locate", {"scans": [{"rss_dbm": heard, "device": device, "time_s": time_s}]})


def last_s(replica: RunningService, device: str) -> float | None:
    """Time of the last point of a device, as a replica knows it."""
    for each in replica.call("GET", "v1/devices")["devices"]:
        if each["device"] == device and each["last"]:
            return float(each["last"]["time_s"])
    return None


def test_each_replica_knows_what_the_other_heard(
    replicas: list[RunningService], heard: dict[str, float]
) -> None:
    first, second = replicas
    now_s = time.time()
    send(first, "phone", now_s, heard)
    ends_s = time.monotonic() + 10
    while last_s(second, "phone") != now_s:
        assert time.monotonic() < ends_s, "the other replica has not taken the point over"
        time.sleep(0.1)
    send(second, "phone", now_s + 1, heard)
    assert len(first.call("GET", "v1/devices/phone/track")["points"]) == 2
    first.call("POST", "v1/surveys", {"id": "s", "name": "s", "device": "collector"})
    assert [each["id"] for each in second.call("GET", "v1/surveys")["surveys"]] == ["s"]


def test_a_replica_that_is_killed_under_load_loses_nothing_that_was_acknowledged(
    replicas: list[RunningService], store_url: str, heard: dict[str, float]
) -> None:
    first = replicas[0]
    began_s = time.time()
    acknowledged = []
    in_turn = itertools.cycle(replicas)
    for number in range(200):
        if number == 80:
            first.kill()
        time_s = began_s + number
        for _ in range(2):  # a balancer asks the other when one does not answer
            try:
                send(next(in_turn), "phone", time_s, heard)
            except (URLError, HTTPError, ConnectionError):
                continue
            acknowledged.append(time_s)
            break
    assert len(acknowledged) == 200, "one replica was always there"
    with Store.open(store_url) as store:
        stored = {point.time_s for point in store.tracks.of("phone")}
    assert stored >= {*acknowledged}
    first.start()
    assert last_s(first, "phone") == acknowledged[-1]
