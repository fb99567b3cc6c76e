"""The geolocation protocol: what clients send, and what they get."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

import tutelage as tt

URL = "/v1/geolocate"


def body(heard: dict[str, float], **more: Any) -> dict[str, Any]:
    return {"wifiAccessPoints": [{"macAddress": k, "signalStrength": v} for k, v in heard.items()], **more}


def the_error(answer: Any) -> dict[str, Any]:
    """Check the shape that all clients of the protocol read, and return the one error in it."""
    error = answer.json()["error"]
    (first,) = error["errors"]
    assert {*error} == {"errors", "code", "message"}
    assert error["code"] == answer.status_code
    assert error["message"] == first["message"]
    return dict(first)


def test_a_phone_gets_its_position_in_degrees(
    client: TestClient, heard: dict[str, float], office_survey: tt.Survey
) -> None:
    answer = client.post(URL, json=body(heard, considerIp=False, radioType="lte", carrier="x"))
    assert answer.status_code == 200
    found = answer.json()
    assert {*found["location"]} == {"lat", "lng"}
    assert 60 < found["location"]["lat"] < 61
    assert 24 < found["location"]["lng"] < 26
    assert office_survey.test is not None
    truth = office_survey.test.absolute_position_m[0]
    error_m = float(np.hypot(found["x_m"] - truth[0], found["y_m"] - truth[1]))
    assert error_m < found["accuracy"] == found["radius_m"] < 30
    assert (found["model"], found["floor"], found["reason"]) == ("office", "0", "")


@pytest.mark.parametrize(
    "spelt",
    [
        str.upper,
        lambda name: name.replace(":", "-"),
        lambda name: name.replace(":", ""),
        lambda name: ".".join(name.replace(":", "")[i : i + 4] for i in (0, 4, 8)),
    ],
)
def test_every_spelling_of_an_address_is_the_same(
    client: TestClient, heard: dict[str, float], spelt: Any
) -> None:
    plain = client.post(URL, json=body(heard)).json()
    assert client.post(URL, json=body({spelt(k): v for k, v in heard.items()})).json() == plain


def test_a_gzip_body_is_inflated(client: TestClient, heard: dict[str, float]) -> None:
    packed = gzip.compress(json.dumps(body(heard)).encode())
    answer = client.post(URL, content=packed, headers={"Content-Encoding": "gzip"})
    assert answer.json() == client.post(URL, json=body(heard)).json()


@pytest.mark.parametrize("content", [b"", b"{}", b"  \n"])
def test_an_empty_body_hears_nothing(client: TestClient, content: bytes) -> None:
    answer = client.post(URL, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 404
    assert the_error(answer) == {
        "domain": "geolocation",
        "reason": "notFound",
        "message": "Not found: the scan is blank: nothing is heard",
    }


def test_beacons_count_as_access_points_do(client: TestClient, heard: dict[str, float]) -> None:
    as_beacons = {"bluetoothBeacons": body(heard)["wifiAccessPoints"]}
    assert client.post(URL, json=as_beacons).json() == client.post(URL, json=body(heard)).json()


@pytest.mark.parametrize(
    "item",
    [
        {},
        "text",
        None,
        {"macAddress": "no address", "signalStrength": -50},
        {"macAddress": "02:00:00:00:00:05"},
        {"macAddress": "02:00:00:00:00:05", "signalStrength": 0},
        {"macAddress": "02:00:00:00:00:05", "signalStrength": 20},
        {"macAddress": "02:00:00:00:00:05", "signalStrength": -50, "ssid": "home_nomap"},
        {"macAddress": "02:00:00:00:00:05", "signalStrength": -50, "age": 600_000},
    ],
)
def test_a_bad_item_is_left_out_and_not_the_request(
    client: TestClient, heard: dict[str, float], item: Any
) -> None:
    others = {name: rss for name, rss in heard.items() if name != "02:00:00:00:00:05"}
    request = body(others)
    plain = client.post(URL, json=request).json()
    request["wifiAccessPoints"].append(item)
    assert client.post(URL, json=request).json() == plain


def test_an_access_point_that_is_heard_twice_counts_once_as_the_mean(
    client: TestClient, heard: dict[str, float]
) -> None:
    name, rss = next(iter(heard.items()))
    twice = body(heard)
    twice["wifiAccessPoints"][0]["signalStrength"] = rss - 4
    twice["wifiAccessPoints"].append({"macAddress": name.upper(), "signalStrength": rss + 4})
    assert client.post(URL, json=twice).json() == client.post(URL, json=body(heard)).json()


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'"x"', b'{"wifiAccessPoints": 3}', b"\xff", b"[" * 10_000, b"nul"]
)
def test_what_is_no_request_is_refused_in_the_words_of_the_protocol(
    client: TestClient, content: bytes
) -> None:
    answer = client.post(URL, content=content)
    assert answer.status_code == 400
    assert the_error(answer)["reason"] == "parseError"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_left_out(client: TestClient, number: str) -> None:
    content = f'{{"wifiAccessPoints": [{{"macAddress": "02:00:00:00:00:05", "signalStrength": {number}}}]}}'
    assert client.post(URL, content=content).status_code == 404


def test_a_broken_gzip_body_is_told(client: TestClient) -> None:
    headers = {"Content-Encoding": "gzip"}
    assert "no gzip" in the_error(client.post(URL, content=b"plain", headers=headers))["message"]
    cut = gzip.compress(b"{}" * 100)[:-10]
    assert "cut short" in the_error(client.post(URL, content=cut, headers=headers))["message"]


def test_unknown_access_points_are_told(client: TestClient) -> None:
    answer = client.post(URL, json=body({"0a:00:00:00:00:01": -50.0}))
    assert the_error(answer)["message"] == "Not found: no model knows an access point of the scan"


def test_only_stale_readings_are_told(client: TestClient, heard: dict[str, float]) -> None:
    old = body(heard)
    for item in old["wifiAccessPoints"]:
        item["age"] = 45_000
    answer = client.post(URL, json=old)
    assert the_error(answer)["message"] == "Not found: every reading is older than 30 s"
