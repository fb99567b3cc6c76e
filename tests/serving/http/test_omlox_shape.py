"""The read API in the shape of an omlox hub."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from tutelage.serving.access_keys import Role
from tutelage.serving.app import create_app
from tutelage.serving.service import Service
from tutelage.serving.store import Room

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [5, 0], [5, 4], [0, 4], [0, 0]]]}


def connected(client: TestClient, query: str = "") -> WebSocketTestSession:
    return client.websocket_connect(f"/v2/ws/socket{query}", headers={"Host": "127.0.0.1"})


def hear(client: TestClient, heard: dict[str, float], device: str = "phone") -> None:
    scan = {"rss_dbm": heard, "device": device, "time_s": time.time()}
    client.post("/v1/locate", json={"scans": [scan]}).raise_for_status()


def test_a_device_is_a_provider_and_a_trackable(client: TestClient, heard: dict[str, float]) -> None:
    hear(client, heard)
    (provider,) = client.get("/v2/providers").json()
    assert (provider["id"], provider["type"], provider["exit_tolerance"]) == ("phone", "wifi", 1.0)
    assert client.get("/v2/providers/summary").json() == ["phone"]
    assert client.get("/v2/providers/phone").json() == provider
    (trackable,) = client.get("/v2/trackables").json()
    assert trackable["location_providers"] == ["phone"]
    assert client.get(f"/v2/trackables/{trackable['id']}").json() == trackable
    assert client.get("/v2/trackables/summary").json() == [trackable["id"]]


def test_locations_are_in_degrees_or_in_metres(client: TestClient, heard: dict[str, float]) -> None:
    hear(client, heard)
    (in_degrees,) = client.get("/v2/providers/locations").json()
    assert in_degrees["crs"] == "EPSG:4326"
    lon, lat = in_degrees["position"]["coordinates"]
    assert 24 < lon < 26
    assert 60 < lat < 61
    local = client.get("/v2/providers/phone/location", params={"crs": "local"}).json()
    assert local["crs"] == "local"
    assert local["position"]["coordinates"][0] > 1e6
    for name in ("position", "source", "provider_type", "provider_id"):  # what a Location must have
        assert local[name]
    (zone,) = client.get("/v2/zones").json()
    assert local["source"] == zone["id"]
    assert local["timestamp_generated"].endswith("Z")
    feature = client.get("/v2/providers/phone/location", params={"geojson": True}).json()
    assert feature["type"] == "Feature"
    assert feature["geometry"] == in_degrees["position"]
    (trackable,) = client.get("/v2/trackables").json()
    there = client.get(f"/v2/trackables/{trackable['id']}/location").json()
    assert there["position"] == in_degrees["position"]
    assert client.get(f"/v2/trackables/{trackable['id']}/locations").json() == [there]


def test_a_floor_is_a_zone_with_ground_control_points(client: TestClient) -> None:
    (zone,) = client.get("/v2/zones").json()
    points = zone["ground_control_points"]
    assert len(points) == 6
    assert all(24 < lon < 26 and 60 < lat < 61 for lon, lat in points[::2])
    assert all(x > 2e6 and y > 8e6 for x, y in points[1::2])
    assert zone["floor"] == 0
    assert client.get(f"/v2/zones/{zone['id']}").json() == zone


def test_a_room_is_a_fence(client: TestClient, service: Service) -> None:
    service.store.rooms.add([Room("r1", "Kitchen", SQUARE, "simulated", "0")])
    (fence,) = client.get("/v2/fences").json()
    assert (fence["name"], fence["region"], fence["crs"]) == ("Kitchen", SQUARE, "local")
    assert client.get(f"/v2/fences/{fence['id']}").json() == fence


def test_what_is_in_a_room_is_found_from_either_side(
    client: TestClient, service: Service, heard: dict[str, float]
) -> None:
    everywhere = [[[0, 0], [1e7, 0], [1e7, 1e7], [0, 1e7], [0, 0]]]
    room = Room("r1", "Hall", {"type": "Polygon", "coordinates": everywhere}, "simulated", "0")
    nowhere = replace(room, id="r2", name="Kitchen", polygon=SQUARE)
    service.store.rooms.add([room, nowhere])
    service.refresh_rooms()
    hear(client, heard)
    by_name = {fence["name"]: fence for fence in client.get("/v2/fences").json()}
    fence = by_name["Hall"]
    assert sorted(client.get("/v2/fences/summary").json()) == sorted(each["id"] for each in by_name.values())
    (provider,) = client.get("/v2/providers").json()
    (trackable,) = client.get("/v2/trackables").json()
    (place,) = client.get("/v2/providers/locations").json()
    of_fence, of_trackable = f"/v2/fences/{fence['id']}", f"/v2/trackables/{trackable['id']}"
    assert client.get(f"{of_fence}/providers").json() == [provider]
    assert client.get(f"{of_fence}/trackables").json() == [trackable]
    assert client.get(f"{of_fence}/locations").json() == [place]
    assert client.get(f"/v2/fences/{by_name['Kitchen']['id']}/providers").json() == []
    assert client.get("/v2/providers/phone/fences").json() == [fence]
    assert client.get("/v2/providers/phone/trackables").json() == [trackable]
    assert client.get(f"{of_trackable}/fences").json() == [fence]
    assert client.get(f"{of_trackable}/providers").json() == [provider]


def test_locations_of_a_zone_alone(client: TestClient, heard: dict[str, float]) -> None:
    hear(client, heard)
    (zone,) = client.get("/v2/zones/summary").json()
    (place,) = client.get("/v2/providers/locations", params={"zone_id": zone}).json()
    assert place["source"] == zone
    assert client.get("/v2/providers/locations", params={"zone_id": "another"}).json() == []


@pytest.mark.parametrize(
    "path",
    [
        *("providers/x", "providers/x/location", "providers/x/fences", "trackables/x", "trackables/x/fences"),
        *("zones/x", "fences/x", "fences/x/providers", "fences/x/locations"),
    ],
)
def test_what_is_not_there_is_told_in_its_words(client: TestClient, path: str) -> None:
    answer = client.get(f"/v2/{path}")
    assert answer.status_code == 404
    assert {*answer.json()} == {"type", "code", "message"}


def test_a_socket_sends_what_it_is_subscribed_to(client: TestClient, heard: dict[str, float]) -> None:
    with connected(client) as socket:
        socket.send_json({"event": "subscribe", "topic": "location_updates", "params": {"crs": "local"}})
        assert socket.receive_json() == {
            "event": "subscribed",
            "topic": "location_updates",
            "subscription_id": 1,
        }
        hear(client, heard)
        message = socket.receive_json()
        assert (message["event"], message["subscription_id"]) == ("message", 1)
        assert message["payload"][0]["provider_id"] == "phone"
        socket.send_json({"event": "unsubscribe", "subscription_id": 1})
        assert socket.receive_json() == {"event": "unsubscribed", "subscription_id": 1}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", 10005),
        ("[]", 10005),
        ("[" * 9000, 10005),
        ('{"event": "dance"}', 10000),
        ('{"event": "subscribe", "topic": "x"}', 10001),
        ('{"event": "subscribe", "topic": ["x"]}', 10001),
        ('{"event": "unsubscribe", "subscription_id": 7}', 10003),
        ('{"event": "subscribe", "topic": "location_updates", "params": {"crs": "x"}}', 10005),
    ],
)
def test_a_socket_tells_what_is_wrong_and_goes_on(client: TestClient, message: str, code: int) -> None:
    with connected(client) as socket:
        socket.send_text(message)
        answer: dict[str, Any] = socket.receive_json()
        assert (answer["event"], answer["code"]) == ("error", code)
        socket.send_json({"event": "subscribe", "topic": "fence_events"})
        assert socket.receive_json()["event"] == "subscribed"


def test_a_socket_of_bytes_is_told_and_goes_on(client: TestClient) -> None:
    with connected(client) as socket:
        socket.send_bytes(b"{}")
        assert socket.receive_json()["code"] == 10005
        socket.send_json({"event": "subscribe", "topic": "fence_events"})
        assert socket.receive_json()["event"] == "subscribed"


def test_a_socket_ends_when_its_key_is_revoked(
    service: Service, heard: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutelage.serving.access._KEPT_S", 0.0)
    key = service.store.keys.make("hub", Role.READ)
    with (
        TestClient(create_app(service, needs_keys=True), base_url="http://127.0.0.1") as client,
        connected(client, f"?key={key}") as socket,
    ):
        socket.send_json({"event": "subscribe", "topic": "location_updates"})
        assert socket.receive_json()["event"] == "subscribed"
        service.store.keys.revoke("hub")
        client.headers["Authorization"] = f"Bearer {service.store.keys.make('phone', Role.LOCATE)}"
        hear(client, heard)
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


def test_a_socket_needs_a_key_where_keys_are_needed(service: Service) -> None:
    with TestClient(create_app(service, needs_keys=True), base_url="http://127.0.0.1") as client:
        with pytest.raises(WebSocketDisconnect), connected(client) as refused:
            refused.receive_json()
        key = service.store.keys.make("hub", Role.READ)
        with connected(client, f"?key={key}") as socket:
            socket.send_json({"event": "subscribe", "topic": "location_updates"})
            assert socket.receive_json()["event"] == "subscribed"
