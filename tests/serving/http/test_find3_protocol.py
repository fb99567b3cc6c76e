"""The protocol of FIND3, as its apps and scripts speak it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import tutelage as tt
from rooms import rooms_survey
from tutelage.export import export_model
from tutelage.serving.app import create_app
from tutelage.serving.served_models import ServedModels
from tutelage.serving.service import Service
from tutelage.serving.settings import ServeSettings
from tutelage.serving.store import Store
from tutelage.serving.tracks.settings import TrackSettings


@pytest.fixture(scope="module")
def rooms() -> tt.Survey:
    return rooms_survey()


@pytest.fixture(scope="module")
def home(rooms: tt.Survey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    tt.Localizer("knn").fit(rooms).save(folder / "fitted")
    export_model(folder / "fitted", folder / "home.zip", progress=False)
    return folder / "home.zip"


@pytest.fixture
def client(home: Path, store: Store, tmp_path: Path) -> Iterator[TestClient]:
    service = Service(ServedModels([home]), store, ServeSettings(), TrackSettings(), tmp_path)
    with TestClient(create_app(service, needs_keys=False), base_url="http://127.0.0.1") as asking:
        yield asking


@pytest.fixture(scope="module")
def fingerprint(rooms: tt.Survey) -> dict[str, Any]:
    """What an app sends, and the room where it was."""
    assert rooms.test is not None
    assert rooms.test.place is not None
    scan = rooms.test.rss_dbm[[0]]
    names = (rooms.test.access_points[column] for column in scan.indices)
    heard = dict(zip(names, scan.data.tolist(), strict=True))
    return {"d": "Phone1 ", "f": "Home", "t": 1764410000123, "s": {"wifi": heard}}


def test_classify_names_the_room_as_find3_does(
    client: TestClient, fingerprint: dict[str, Any], rooms: tt.Survey
) -> None:
    answer = client.post("/classify", json=fingerprint).json()
    assert (answer["message"], answer["success"]) == ("classified data", True)
    analysis = answer["analysis"]
    assert analysis["is_unknown"] is False
    (guess,) = analysis["guesses"]
    assert rooms.test is not None
    assert rooms.test.place is not None
    assert guess["location"] == str(rooms.test.place[0])
    assert 0 < guess["probability"] <= 1
    (prediction,) = analysis["predictions"]
    assert analysis["location_names"][prediction["locations"][0]] == guess["location"]
    assert len(prediction["locations"]) == len(prediction["probabilities"])


def test_a_device_is_found_where_it_was_last(client: TestClient, fingerprint: dict[str, Any]) -> None:
    assert client.post("/data", json=fingerprint).json() == {"message": "inserted data", "success": True}
    whole = client.get("/api/v1/location/home/phone1").json()
    basic = client.get("/api/v1/location_basic/home/phone1").json()
    assert whole["analysis"]["guesses"][0]["location"] == basic["data"]["loc"]
    assert client.get("/api/v1/devices/home").json()["devices"] == ["phone1"]
    (place,) = client.get("/api/v1/by_location/home").json()["locations"]
    assert (place["location"], place["total"]) == (basic["data"]["loc"], 1)
    (where,) = client.get("/api/v1/locations/home").json()["locations"]
    assert where["device"] == "phone1"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"f": ""}, "family cannot be empty"),
        ({"d": " "}, "device cannot be empty"),
        ({"s": {}}, "sensor data cannot be empty"),
        ({"s": {"wifi": {}}}, "sensor data cannot be empty"),
    ],
)
def test_what_is_missing_is_said_in_find3s_words(
    client: TestClient, fingerprint: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    answer = client.post("/data", json=fingerprint | change)
    assert answer.status_code == 200
    assert answer.json() == {"message": f"problem validating data: {words}", "success": False}


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"d": 3}', b'{"s": {"wifi": {"a": NaN}}}'])
def test_a_bad_body_is_no_success(client: TestClient, content: bytes) -> None:
    answer = client.post("/data", content=content)
    assert answer.status_code == 200
    assert answer.json()["success"] is False


def test_a_fingerprint_with_a_location_joins_the_survey(
    client: TestClient, fingerprint: dict[str, Any], store: Store
) -> None:
    for t, room in ((1764410000123, "Kitchen"), (1764410000123, "Kitchen"), (1764410005000, "hall")):
        client.post("/data", json=fingerprint | {"t": t, "l": room})
    (session,) = store.surveys.sessions()
    labelled = store.surveys.labelled_scans([session.id])
    assert [each.place for each in labelled] == ["kitchen", "hall"]
    assert client.get("/api/v1/devices/home").json()["devices"] == []


def test_time_in_seconds_is_understood(client: TestClient, fingerprint: dict[str, Any]) -> None:
    client.post("/data", json=fingerprint | {"t": 1764410000})
    (device,) = client.get("/v1/devices").json()["devices"]
    assert device["last_seen_s"] == 1764410000


def test_now_and_ping(client: TestClient) -> None:
    assert client.get("/ping").text == "pong"
    assert 1.7e12 < int(client.get("/now").text) < 1e13


def test_an_unknown_device_is_told(client: TestClient) -> None:
    answer = client.get("/api/v1/location/home/nobody").json()
    assert answer == {"message": "problem getting location: no device 'nobody'", "success": False}
