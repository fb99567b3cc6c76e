"""Our own protocol: batches of scans."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from tutelage.errors import BadInputError
from tutelage.runtime import Runtime
from tutelage.serving.service import Service, _again_and_again

URL = "/v1/locate"


def test_a_batch_is_answered_as_the_runtime_answers(
    client: TestClient, office: Path, heard: dict[str, float]
) -> None:
    scans = [heard, {name: rss - 5 for name, rss in heard.items()}]
    expected = Runtime.load(office).locate(scans)
    answers = client.post(URL, json={"scans": [{"rss_dbm": scan} for scan in scans]}).json()["answers"]
    assert [(a["x_m"], a["y_m"], a["radius_m"], a["floor"]) for a in answers] == [
        (e["x_m"], e["y_m"], e["radius_m"], e["floor"]) for e in expected
    ]
    assert [a["latitude"] for a in answers] == [e["lat"] for e in expected]


def test_answers_keep_the_order_of_scans_with_and_without_devices(
    client: TestClient, heard: dict[str, float]
) -> None:
    scans: list[dict[str, Any]] = [
        {"rss_dbm": {}, "time_s": 1.0},
        {"rss_dbm": heard, "time_s": 2.0, "device": "phone"},
        {"rss_dbm": heard, "time_s": 3.0},
        {"rss_dbm": {"unknown": -50}, "time_s": 4.0, "device": "phone"},
    ]
    answers = client.post(URL, json={"scans": scans}).json()["answers"]
    assert [answer["time_s"] for answer in answers] == [1.0, 2.0, 3.0, 4.0]
    assert [answer["model"] for answer in answers] == [None, "office", "office", None]
    assert [bool(answer["reason"]) for answer in answers] == [True, False, False, True]


def test_a_scan_with_a_device_goes_on_with_its_track(client: TestClient, heard: dict[str, float]) -> None:
    for time_s in (10.0, 12.0):
        client.post(URL, json={"scans": [{"rss_dbm": heard, "time_s": time_s, "device": "phone"}]})
    (device,) = client.get("/v1/devices").json()["devices"]
    assert (device["device"], device["last_seen_s"], device["last"]["time_s"]) == ("phone", 12.0, 12.0)
    points = client.get("/v1/devices/phone/track").json()["points"]
    assert [point["time_s"] for point in points] == [10.0, 12.0]
    client.patch("/v1/devices/phone", json={"name": "Ada"}).raise_for_status()
    assert client.get("/v1/devices").json()["devices"][0]["name"] == "Ada"
    assert client.delete("/v1/devices/phone").json()["n_track_points"] == 2
    assert client.get("/v1/devices").json() == {"devices": []}
    assert client.delete("/v1/devices/phone").status_code == 404


@pytest.mark.parametrize(
    ("scan", "words"),
    [
        ({"rss_dbm": {"a": 3}}, "scans.0.rss_dbm.a: Input should be less than or equal to 0"),
        ({"rss_dbm": {"a": "x"}}, "scans.0.rss_dbm.a: Input should be a valid number"),
        ({"rss_dbm": {"": -5}}, "at least 1 character"),
        ({"rss_dbm": {"a": -5}, "tiem_s": 3}, "scans.0.tiem_s: Extra inputs are not permitted"),
        ({}, "scans.0.rss_dbm: Field required"),
    ],
)
def test_a_bad_scan_is_named(client: TestClient, scan: dict[str, Any], words: str) -> None:
    answer = client.post(URL, json={"scans": [scan]})
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_numbers_that_are_none_are_refused_without_a_fault(client: TestClient) -> None:
    answer = client.post(URL, content='{"scans": [{"rss_dbm": {"a": NaN}}]}')
    assert answer.status_code == 400


def test_a_device_that_the_command_forgets_leaves_the_map(
    client: TestClient, service: Service, heard: dict[str, float]
) -> None:
    scan = {"device": "phone", "rss_dbm": heard}
    client.post("/v1/locate", json={"scans": [scan, {**scan, "device": "tablet"}]}).raise_for_status()
    service.store.forget("phone")
    ends_s = time.monotonic() + 10
    while "phone" in service.devices.last() and time.monotonic() < ends_s:
        time.sleep(0.05)
    assert [*service.devices.last()] == ["tablet"]


def test_what_is_done_again_and_again_goes_on_after_any_fault(caplog: pytest.LogCaptureFixture) -> None:
    faults: list[Exception] = [OSError("away"), OSError("away"), KeyError("x"), BadInputError("odd")]
    n_left = len(faults)

    async def work() -> None:
        nonlocal n_left
        n_left -= 1
        if n_left < 0:
            raise asyncio.CancelledError
        raise faults[-1 - n_left]

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(_again_and_again(work, 0.0))
    assert [record.getMessage() for record in caplog.records] == [
        "work: away",
        "work: KeyError('x')",
        "work: odd",
    ], "each once, as long as it stays the same"


def test_a_device_may_have_any_id(client: TestClient, heard: dict[str, float]) -> None:
    for device in ("trolley/7", "../x", "a/track", "Küche 1?#"):
        client.post("/v1/locate", json={"scans": [{"device": device, "rss_dbm": heard}]}).raise_for_status()
        path = f"/v1/devices/{quote(device, safe='')}"
        assert len(client.get(f"{path}/track").json()["points"]) == 1
        assert client.get(f"{path}/offset").status_code == 200
        assert client.patch(path, json={"name": "renamed"}).json()["device"] == device
        assert client.delete(path).json()["n_track_points"] == 1
