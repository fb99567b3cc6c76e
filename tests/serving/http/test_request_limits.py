"""What a request may be."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.websockets import WebSocketDisconnect

from tutelage.errors import BadInputError
from tutelage.serving.app import create_app
from tutelage.serving.live_events import LiveEvents
from tutelage.serving.problems import ProblemError
from tutelage.serving.request_limits import TokenBuckets, inflated
from tutelage.serving.service import Service
from tutelage.serving.settings import ServeSettings

LOOPBACK = "http://127.0.0.1:8765"


def limited(service: Service, **limits: object) -> TestClient:
    service.settings = replace(service.settings, **limits)  # type: ignore[arg-type]
    return TestClient(create_app(service, needs_keys=False), base_url=LOOPBACK)


@given(st.lists(st.binary(max_size=200), max_size=4), st.integers(0, 500))
def test_inflating_gives_what_was_packed_or_refuses(parts: list[bytes], most: int) -> None:
    packed, whole = b"".join(map(gzip.compress, parts)), b"".join(parts)
    if len(whole) > most:
        with pytest.raises(ProblemError, match="larger than"):
            inflated(packed, most)
    else:
        assert inflated(packed, most) == whole


@given(st.binary(max_size=100))
def test_inflating_anything_ends_in_a_refusal_or_in_bytes(content: bytes) -> None:
    try:
        n_bytes = len(inflated(content, 1000))
    except ProblemError as refusal:
        n_bytes = 0
        status = refusal.problem.status
    else:
        status = 400
    assert n_bytes <= 1000
    assert status in (400, 413)


def test_a_bomb_is_refused_before_it_is_inflated() -> None:
    bomb = gzip.compress(bytes(200_000_000))
    with pytest.raises(ProblemError, match="larger than"):
        inflated(bomb, 10_000)


@given(st.floats(0.1, 50), st.lists(st.floats(0, 10), min_size=1, max_size=50))
def test_no_client_gets_more_than_its_rate(rate: float, pauses: list[float]) -> None:
    buckets = TokenBuckets(rate)
    now, let_through = 0.0, 0
    for pause in pauses:
        now += pause
        let_through += buckets.wait_s("phone", now) == 0.0
    assert 1 <= let_through <= max(1, 2 * rate) + rate * now + 1e-6


def test_clients_are_forgotten_before_memory_runs_out() -> None:
    buckets = TokenBuckets(1.0, most_clients=3)
    for client in "abcd":
        buckets.wait_s(client, 0.0)
    assert {*buckets._tokens} == {"b", "c", "d"}


def test_a_large_body_is_refused_and_a_batch_may_be_larger(service: Service) -> None:
    with limited(service, body_bytes=100, batch_bytes=1000) as client:
        assert client.post("/v1/geolocate", content=b" " * 101).status_code == 413
        packed = gzip.compress(b" " * 101)
        headers = {"Content-Encoding": "gzip"}
        assert client.post("/v1/geolocate", content=packed, headers=headers).status_code == 413
        assert client.post("/v1/locate", content=b'{"scans": []}' + b" " * 200).status_code == 200
        assert client.post("/v1/locate", content=b" " * 1001).status_code == 413


def test_who_asks_too_often_is_told_to_wait(service: Service) -> None:
    with limited(service, requests_per_s=2.0) as client:
        answers = [client.get("/ping") for _ in range(6)]
    assert [answer.status_code for answer in answers][:4] == [200] * 4
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_refusals_are_counted_and_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="tutelage.serving")
    with limited(service, body_bytes=100) as client:
        assert client.post("/v1/geolocate", content=b" " * 101).status_code == 413
        assert client.get("/v1/devices?key=secret", headers={"Host": "evil.example"}).status_code == 403
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/v2/ws/socket"):
            pass
        counters = client.get("/metrics").text
    assert 'tutelage_requests_total{route="none",status="4xx"} 2.0' in counters
    assert 'tutelage_refusals_total{reason="tooLarge"} 1.0' in counters
    assert 'tutelage_refusals_total{reason="forbidden"} 2.0' in counters
    lines = [record.getMessage() for record in caplog.records if record.name == "tutelage.serving"]
    assert [line.split()[1:4] for line in lines[:2]] == [["POST", "none", "413"], ["GET", "none", "403"]]
    assert "secret" not in "".join(lines)


def test_a_page_of_another_site_is_refused(client: TestClient) -> None:
    evil = {"Origin": "https://evil.example"}
    assert client.post("/data", json={}, headers=evil).status_code == 403
    assert client.get("/v1/devices", headers={"Host": "evil.example"}).status_code == 403
    assert client.get("/v1/devices", headers={"Origin": LOOPBACK}).status_code == 200
    picture = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert client.get("/v1/events", headers=picture).status_code == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=link).status_code == 200


def test_a_proxy_on_this_machine_may_pass_its_own_name_on(service: Service) -> None:
    with limited(service, public_names=("Building.example",)) as client:
        for host in ("building.example", "building.example:443", "127.0.0.1:8765"):
            page = {"Host": host, "Origin": "https://building.example"}
            assert client.get("/v1/devices", headers={"Host": host}).status_code == 200
            assert client.get("/v1/devices", headers=page).status_code == 200, "a proxy may put another host"
        refused = client.get("/v1/devices", headers={"Host": "evil.example"})
        assert refused.status_code == 403
        assert "--public-name" in refused.json()["error"]["message"]
        evil = {"Host": "building.example", "Origin": "https://evil.example"}
        assert client.get("/v1/devices", headers=evil).status_code == 403


@pytest.mark.parametrize("name", ["[", "[::1", "http://[", "[x]:80", "\xff"])
def test_a_host_or_origin_that_is_none_is_refused_without_a_fault(client: TestClient, name: str) -> None:
    for header in ("Host", "Origin"):
        assert client.get("/v1/devices", headers={header.encode(): name.encode("latin-1")}).status_code == 403


def test_answers_carry_a_strict_policy_and_no_permission_for_other_sites(client: TestClient) -> None:
    for path in ("/", "/v1/models", "/nothing"):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert not any(name.lower().startswith("access-control") for name in headers)


def test_a_busy_service_refuses_bodies_before_it_reads_them(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limited(service) as client:
        monkeypatch.setattr(Service, "is_busy", True)
        answer = client.post("/v1/locate", content=b"no JSON at all")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        assert client.get("/healthz").status_code == 200
        monkeypatch.undo()
        assert client.post("/v1/locate", json={"scans": []}).status_code == 200


def test_one_listener_too_many_is_told_to_try_again(service: Service) -> None:
    service.events = LiveEvents(most_listeners=0)
    with limited(service) as client:
        answer = client.get("/v1/events")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        host = {"Host": "127.0.0.1"}
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            client.websocket_connect("/v2/ws/socket", headers=host),
        ):
            pass
        assert closed.value.code == 1013


def test_other_encodings_are_refused(client: TestClient) -> None:
    answer = client.post("/v1/geolocate", content=b"x", headers={"Content-Encoding": "br"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("localhost", True), ("::1", True), ("0.0.0.0", False),
     ("192.168.1.5", False), ("::", False), ("building.example", False)],
)  # fmt: skip
def test_loopback_is_recognised(host: str, is_loopback: bool) -> None:
    assert ServeSettings(host=host).is_loopback is is_loopback


@pytest.mark.parametrize("field", ["port", "level", "max_age_s", "streams", "retention_days"])
def test_settings_out_of_range_are_refused(field: str) -> None:
    with pytest.raises(BadInputError, match=field):
        ServeSettings(**{field: -1})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "https://building.example", "building.example/map", "a b", "x:80"])
def test_a_public_name_is_a_name_alone(name: str) -> None:
    with pytest.raises(BadInputError, match="give a name alone"):
        ServeSettings(public_names=(name,))


def test_a_public_name_makes_a_service_one_for_others() -> None:
    assert ServeSettings().is_private
    assert not ServeSettings(public_names=("building.example",)).is_private
    assert not ServeSettings(host="::").is_private


def test_proxies_are_addresses_or_networks() -> None:
    with pytest.raises(BadInputError, match="trusted proxy 'proxy' is no address"):
        ServeSettings(trusted_proxies=("proxy",))
    assert ServeSettings(trusted_proxies=("10.0.0.7/24", "fd00::1")).proxy_networks == [
        "10.0.0.0/24",
        "fd00::1/128",
        "::ffff:10.0.0.0/120",
    ]
