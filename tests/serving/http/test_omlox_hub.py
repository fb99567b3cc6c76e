"""Positions go to an omlox hub: a real server that can refuse and be away."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mosquitto import wait_until
from tutelage.errors import BadInputError
from tutelage.serving.app import create_app
from tutelage.serving.omlox_hub import OmloxHub, keep_pushing
from tutelage.serving.service import Service


class Hub(ThreadingHTTPServer):
    """A hub that keeps what it gets, or answers with another status."""

    def __init__(self) -> None:
        self.status = 204
        self.requests: list[tuple[str, str | None, list[dict[str, Any]]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v2"

    def of(self, device: str) -> list[dict[str, Any]]:
        """All locations of a device that it got."""
        return [each for *_, sent in [*self.requests] for each in sent if each["provider_id"] == device]


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status == 204:
            self.server.requests.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as serving:
        threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}).start()
        yield serving
        serving.shutdown()


@pytest.fixture
def client(service: Service, hub: Hub) -> Iterator[TestClient]:
    pushing = partial(keep_pushing, hub=OmloxHub(hub.url, "secret"))
    app = create_app(service, needs_keys=False, background=[pushing])
    with TestClient(app, base_url="http://127.0.0.1") as asking:
        yield asking


def locate(client: TestClient, heard: dict[str, float], *devices: str) -> None:
    scans = [{"rss_dbm": heard, "device": device, "time_s": time.time()} for device in devices]
    client.post("/v1/locate", json={"scans": scans}).raise_for_status()


def test_positions_arrive_as_the_hub_names_them(
    client: TestClient, hub: Hub, heard: dict[str, float]
) -> None:
    locate(client, heard, "phone", "watch")
    wait_until(lambda: bool(hub.of("phone")) and bool(hub.of("watch")))
    (path, key, sent) = hub.requests[0]
    assert (path, key) == ("/v2/providers/locations", "Bearer secret")
    location = sent[0]
    assert location["timestamp_sent"].endswith("Z")
    del location["timestamp_sent"]
    assert location == client.get(f"/v2/providers/{location['provider_id']}/location").json()


def test_the_latest_positions_wait_while_the_hub_is_away(
    client: TestClient, hub: Hub, heard: dict[str, float]
) -> None:
    hub.status = 503
    locate(client, heard, "phone")
    locate(client, heard, "watch")
    time.sleep(1.5)
    assert hub.requests == []
    hub.status = 204
    wait_until(lambda: bool(hub.of("phone")) and bool(hub.of("watch")))


@pytest.mark.parametrize("status", [400, 302])
def test_a_refusal_does_not_end_it(
    client: TestClient, hub: Hub, heard: dict[str, float], status: int
) -> None:
    hub.status = status
    locate(client, heard, "phone")
    time.sleep(0.5)
    hub.status = 204

    def has_next() -> bool:
        locate(client, heard, "watch")
        return bool(hub.of("watch"))

    wait_until(has_next)


@pytest.mark.parametrize("url", ["hub", "ftp://hub/v2", "http://me:secret@hub/v2", ""])
def test_a_bad_url_is_refused(url: str) -> None:
    with pytest.raises(BadInputError, match="is no hub") as refused:
        OmloxHub(url)
    assert "secret" not in str(refused.value)


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(OmloxHub("https://hub/v2", "secret"))
