"""Surveys by click, from the first mark to a model that answers."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

import tutelage as tt
from tutelage.serving.service import Service

Scan = dict[str, float]


def scans_of(survey: tt.Survey) -> list[tuple[Scan, tuple[float, float], str]]:
    """Training scans with their positions and floors, by place."""
    train = survey.train
    assert train.floor is not None
    found = []
    for row in range(len(train)):
        scan = train.rss_dbm[[row]]
        names = (train.access_points[column] for column in scan.indices)
        x, y = train.absolute_position_m[row].tolist()
        found.append((dict(zip(names, scan.data.tolist(), strict=True)), (x, y), str(train.floor[row])))
    return found


def begin(client: TestClient, **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/surveys", json={"id": "s1", "name": "first", "device": "phone"} | fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def mark(client: TestClient, **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/surveys/s1/marks", json={"marks": [fields]})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def send(client: TestClient, *times_s: float, device: str = "phone") -> dict[str, int]:
    scans = [{"rss_dbm": {"02:00:00:00:00:05": -50.0}, "time_s": time_s} for time_s in times_s]
    answer = client.post("/v1/scans", json={"device": device, "scans": scans})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_scans_that_arrive_during_a_mark_belong_to_it(client: TestClient, service: Service) -> None:
    begin(client)
    mark(client, id="m1", start_s=100.0, end_s=110.0, x_m=3.0, y_m=4.0, floor="1", place="kitchen")
    mark(client, id="m2", kind="walk", start_s=120.0, end_s=130.0, x_m=0.0, y_m=0.0, x2_m=10.0, y2_m=20.0)
    assert send(client, 105.0, 115.0, 125.0) == {"accepted": 3, "repeated": 0}
    described = client.get("/v1/surveys/s1").json()
    assert [(m["id"], m["n_scans"]) for m in described["marks"]] == [("m1", 1), ("m2", 1)]
    labelled = service.store.surveys.labelled_scans(["s1"])
    assert [(each.x_m, each.y_m, each.place) for each in labelled] == [
        (3.0, 4.0, "kitchen"),
        (5.0, 10.0, None),
    ]


def test_what_is_sent_again_changes_nothing(client: TestClient) -> None:
    first = begin(client)
    assert begin(client, name="another") == first
    before = mark(client, id="m1", start_s=100.0, x_m=3.0, y_m=4.0)
    assert mark(client, id="m1", start_s=100.0, x_m=9.0, y_m=9.0) == before
    assert send(client, 105.0, 106.0) == {"accepted": 2, "repeated": 0}
    assert send(client, 105.0, 106.0, 107.0) == {"accepted": 1, "repeated": 2}


def test_undone_marks_and_other_devices_give_nothing(client: TestClient, service: Service) -> None:
    begin(client)
    mark(client, id="m1", start_s=100.0, end_s=110.0, x_m=3.0, y_m=4.0)
    send(client, 105.0)
    send(client, 106.0, device="another")
    assert len(service.store.surveys.labelled_scans(["s1"])) == 1
    client.patch("/v1/surveys/s1/marks/m1", json={"undone": True}).raise_for_status()
    assert service.store.surveys.labelled_scans(["s1"]) == []
    client.patch("/v1/surveys/s1/marks/m1", json={"undone": False}).raise_for_status()
    assert len(service.store.surveys.labelled_scans(["s1"])) == 1


def test_a_mark_is_changed_in_its_own_session_alone(client: TestClient, service: Service) -> None:
    begin(client)
    mark(client, id="m1", start_s=100.0, end_s=110.0, x_m=3.0, y_m=4.0)
    begin(client, id="s2")
    for session in ("s2", "none"):
        answer = client.patch(f"/v1/surveys/{session}/marks/m1", json={"undone": True})
        assert answer.status_code == 404
    assert [each.undone for each in service.store.surveys.marks_of("s1")] == [False]


def test_a_phone_whose_clock_is_wrong_is_joined_by_its_offset(client: TestClient, service: Service) -> None:
    begin(client)
    mark(client, id="m1", start_s=1000.0, end_s=1010.0, x_m=3.0, y_m=4.0)
    send(client, 405.0)
    assert service.store.surveys.labelled_scans(["s1"]) == []
    client.patch("/v1/surveys/s1", json={"clock_offset_s": 600.0}).raise_for_status()
    assert len(service.store.surveys.labelled_scans(["s1"])) == 1


def test_a_paused_session_takes_no_scans(client: TestClient) -> None:
    begin(client)
    mark(client, id="m1", start_s=100.0, x_m=3.0, y_m=4.0)
    client.patch("/v1/surveys/s1", json={"state": "paused"}).raise_for_status()
    send(client, 200.0, device="phone")
    assert client.get("/v1/surveys/s1").json()["marks"][0]["n_scans"] == 0


def test_collector_apps_send_batches_that_are_never_refused_whole(
    client: TestClient, service: Service
) -> None:
    begin(client, device="geosubmit")
    mark(client, id="m1", start_s=100.0, end_s=110.0, x_m=3.0, y_m=4.0)
    good = {"timestamp": 105_000, "wifiAccessPoints": [{"macAddress": "020000000005", "signalStrength": -50}]}
    items: list[Any] = [good, good | {"timestamp": 106_000}, {}, "text", good | {"timestamp": "soon"}, None]
    packed = gzip.compress(json.dumps({"items": items}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    for path, n_new in (("/v2/geosubmit", 2), ("/v1/geosubmit", 0)):
        answer = client.post(path, content=packed, headers=headers)
        assert answer.status_code == 200
        assert answer.json() == {"accepted": n_new, "repeated": 2 - n_new, "left_out": 4}
    assert len(service.store.surveys.labelled_scans(["s1"])) == 2
    assert client.post("/v2/geosubmit").json() == {"accepted": 0, "repeated": 0, "left_out": 0}


def test_a_phone_sends_what_termux_prints(client: TestClient, service: Service) -> None:
    begin(client)
    mark(client, id="m1", start_s=time.time() - 5, x_m=3.0, y_m=4.0)
    fresh = {"bssid": "02:00:00:00:00:05", "rssi": -50, "ssid": "office", "timestamp": 90_000_000_000}
    stale = {"BSSID": "02:00:00:00:00:06", "level": -60, "timestamp": 30_000_000_000}
    owner_said_no = {"bssid": "02:00:00:00:00:07", "rssi": -60, "ssid": "home_nomap"}
    printed: list[Any] = [fresh, stale, owner_said_no, {"bssid": "none"}, "text"]
    answer = client.post("/v1/scan-results?device=phone", json=printed)
    assert answer.json() == {"heard": 2}
    (scan,) = service.store.surveys.scans_of("s1")
    assert scan.rss_dbm == {"02:00:00:00:00:05": -50.0, "02:00:00:00:00:06": -60.0}
    assert scan.age_s["02:00:00:00:00:06"] == pytest.approx(60_000.0)
    (device,) = client.get("/v1/devices").json()["devices"]
    assert device["last"]["answer"]["n_known"] == 1  # the stale one is left out


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/v1/surveys/none/marks", {"marks": [{"id": "m", "start_s": 1}]}, 404, "unknown session 'none'"),
        ("/v1/surveys/s1/marks", {"marks": [{"id": "m", "start_s": 5, "end_s": 1}]}, 400, "before its start"),
        ("/v1/surveys/s1/marks", {"marks": [{"id": "m", "start_s": 5, "x_m": 1}]}, 400, "half a position"),
        ("/v1/learn", {"sessions": ["s1"], "name": "../x"}, 400, "name"),
        ("/v1/learn", {"sessions": ["s1"], "name": "x", "replaces": "none"}, 404, "unknown model 'none'"),
        ("/v1/jobs/none/go-live", {}, 404, "unknown job 'none'"),
    ],
)
def test_what_is_wrong_is_named(
    client: TestClient, path: str, body: dict[str, Any], status: int, words: str
) -> None:
    begin(client)
    answer = client.post(path, json=body)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


@pytest.mark.slow
def test_a_survey_is_learnt_compared_and_goes_live(client: TestClient, office_survey: tt.Survey) -> None:
    begin(client)
    marks, scans = [], []
    by_place: dict[tuple[float, float], list[Scan]] = {}
    for scan, position, _ in scans_of(office_survey):
        by_place.setdefault(position, []).append(scan)
    for number, ((x, y), there) in enumerate(by_place.items()):
        start_s = 1000.0 + 100 * number
        marks.append({"id": f"m{number}", "start_s": start_s, "end_s": start_s + 50, "x_m": x, "y_m": y})
        scans += [{"rss_dbm": scan, "time_s": start_s + 1 + i} for i, scan in enumerate(there)]
    client.post("/v1/surveys/s1/marks", json={"marks": marks}).raise_for_status()
    client.post("/v1/scans", json={"device": "phone", "scans": scans}).raise_for_status()
    job = client.post("/v1/learn", json={"sessions": ["s1"], "name": "office-2", "replaces": "office"}).json()
    assert job["state"] == "running"
    assert client.post(f"/v1/jobs/{job['id']}/go-live").status_code == 400
    ends_s = time.monotonic() + 60
    while job["state"] == "running" and time.monotonic() < ends_s:
        time.sleep(0.2)
        (job,) = client.get("/v1/jobs").json()["jobs"]
    assert job["state"] == "done", job["message"]
    compared = job["comparison"]
    assert compared["n_scans"] > 0
    assert compared["old"]["mae_m"] < compared["new"]["mae_m"]  # the old one learnt just these scans
    (old,) = client.get("/v1/models").json()["models"]
    client.post(f"/v1/jobs/{job['id']}/go-live").raise_for_status()
    (new,) = client.get("/v1/models").json()["models"]
    assert new["name"] == old["name"] == "office", "the new one has taken its place"
    assert new["epsg"] == old["epsg"], "positions stay in degrees"
    assert new["extent_m"] == pytest.approx(old["extent_m"])


def test_a_job_that_fails_says_why(client: TestClient) -> None:
    begin(client)
    client.post("/v1/learn", json={"sessions": ["s1"], "name": "x"}).raise_for_status()
    ends_s = time.monotonic() + 20
    while time.monotonic() < ends_s:
        (job,) = client.get("/v1/jobs").json()["jobs"]
        if job["state"] != "running":
            break
        time.sleep(0.05)
    assert job["state"] == "failed"
    assert "no scan of these sessions" in job["message"]
