"""Who may do what."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from running_service import RunningService

from tutelage.serving.access import _KEPT_S
from tutelage.serving.access_keys import Role
from tutelage.serving.app import create_app
from tutelage.serving.service import Service

LOOPBACK = "http://127.0.0.1:8765"
READS = ("/v1/devices", "/v1/models", "/v1/plans", "/v1/rooms", "/v1/surveys", "/v1/jobs", "/metrics")
OPEN = ("/", "/healthz", "/readyz", "/now", "/ping", "/v1/entry", "/openapi.json")


@pytest.fixture
def guarded(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service, needs_keys=True), base_url=LOOPBACK) as asking:
        yield asking


def test_every_route_is_open_on_purpose_or_needs_a_key(guarded: TestClient) -> None:
    paths = guarded.get("/openapi.json").json()["paths"]
    let_in = []
    for path, operations in paths.items():
        for method in operations:
            answer = guarded.request(method, path.replace("{", "").replace("}", ""), json={})
            if "keyInvalid" not in answer.text and answer.status_code != 401:
                let_in.append((method, path))
    assert sorted(let_in) == sorted(
        [("get", path) for path in OPEN if path in paths] + [("delete", "/v1/entry"), ("post", "/v1/entry")]
    )


@pytest.mark.parametrize("path", OPEN)
def test_what_tells_nothing_needs_no_key(guarded: TestClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


@pytest.mark.parametrize("role", Role)
def test_a_key_opens_what_its_role_may(guarded: TestClient, service: Service, role: Role) -> None:
    key = service.store.keys.make(role.value, role)
    header = {"Authorization": f"Bearer {key}"}
    for path in READS:
        expected = 200 if role.allows(Role.READ) else 403
        assert guarded.get(path, headers=header).status_code == expected, path
    found = guarded.post(f"/v1/geolocate?key={key}", json={})
    assert found.status_code == (404 if role.allows(Role.LOCATE) else 403)
    begun = guarded.post("/v1/surveys", json={"id": "a", "name": "a"}, headers=header)
    assert begun.status_code == (200 if role.allows(Role.SURVEY) else 403)
    forgotten = guarded.delete("/v1/devices/nobody", headers=header)
    assert forgotten.status_code == (404 if role.allows(Role.ADMIN) else 403)


def test_an_unknown_key_is_refused_in_the_words_of_the_protocol(guarded: TestClient) -> None:
    answer = guarded.post("/v1/geolocate?key=wrong", json={})
    assert answer.status_code == answer.json()["error"]["code"] == 400
    assert answer.json()["error"]["errors"][0]["reason"] == "keyInvalid"
    omlox = guarded.get("/v2/zones?key=wrong")
    assert (omlox.status_code, omlox.json()["type"]) == (401, "unauthorized")
    assert omlox.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_key_is_refused_within_seconds(
    guarded: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutelage.serving.access._KEPT_S", 0.0)
    key = service.store.keys.make("phone", Role.READ)
    header = {"Authorization": f"Bearer {key}"}
    assert guarded.get("/v1/devices", headers=header).status_code == 200
    service.store.keys.revoke("phone")
    assert guarded.get("/v1/devices", headers=header).status_code == 401


@pytest.mark.slow
def test_a_stream_ends_when_its_key_is_revoked(
    service: Service, office: Path, tmp_path: Path, heard: dict[str, float]
) -> None:
    key = service.store.keys.make("screen", Role.READ)
    phone = service.store.keys.make("phone", Role.LOCATE)
    running = RunningService([office], tmp_path, ["--require-keys"], phone)
    running.store = tmp_path / "tutelage.db"
    with running, urllib.request.urlopen(f"{running.url}v1/events?key={key}", timeout=30) as stream:
        service.store.keys.revoke("screen")
        time.sleep(_KEPT_S + 0.5)
        running.call("POST", "v1/locate", {"scans": [{"device": "trolley", "rss_dbm": heard}]})
        assert b"trolley" not in stream.read()


def test_a_browser_keeps_the_key_in_a_cookie_that_no_script_reads(
    guarded: TestClient, service: Service
) -> None:
    assert guarded.get("/v1/entry").json()["role"] is None
    assert guarded.post("/v1/entry", json={"key": "wrong"}).status_code == 401
    key = service.store.keys.make("screen", Role.READ)
    entered = guarded.post("/v1/entry", json={"key": key})
    cookie = entered.headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert guarded.get("/v1/entry").json()["role"] == "read"
    assert guarded.get("/v1/devices").status_code == 200
    guarded.delete("/v1/entry")
    assert guarded.get("/v1/devices").status_code == 401


def test_the_body_of_someone_without_a_key_is_not_read(guarded: TestClient) -> None:
    broken = b"no gzip"
    for key in ("", "wrong", f"ttl_{'a' * 43}"):
        headers = {"Content-Encoding": "gzip", "Authorization": f"Bearer {key}"}
        assert guarded.post("/v1/locate", content=broken, headers=headers).status_code == 401


def test_a_body_is_refused_while_keys_cannot_be_looked_up(guarded: TestClient, service: Service) -> None:
    key = service.store.keys.make("phone", Role.LOCATE)
    service.store.close()
    path = Path(str(service.store._database.engine.url.database))
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    answer = guarded.post(f"/v1/locate?key={key}", json={"scans": []})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
