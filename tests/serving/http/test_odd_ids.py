"""Ids with a slash, and long ones: clients make them."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

SLASHED = ["trolley/7", "a/marks", "https://building.example/tag?x=1#2"]


def escaped(name: str) -> str:
    return quote(name, safe="")


@pytest.mark.parametrize("session", [*SLASHED, f"places of {'x' * 200}"])
def test_a_session_may_have_any_id(client: TestClient, session: str) -> None:
    path = f"/v1/surveys/{escaped(session)}"
    if len(session) <= 100:
        client.post("/v1/surveys", json={"id": session, "name": "first"}).raise_for_status()
    else:
        sent = {"d": "x" * 200, "f": "home", "l": "kitchen", "s": {"wifi": {"02:00:00:00:00:05": -50}}}
        client.post("/data", json=sent).raise_for_status()
    client.post(f"{path}/marks", json={"marks": [{"id": "m1", "start_s": 1}]}).raise_for_status()
    client.patch(f"{path}/marks/m1", json={"undone": True}).raise_for_status()
    client.patch(path, json={"state": "approved"}).raise_for_status()
    described = client.get(path).json()
    assert (described["id"], described["state"]) == (session, "approved")
    assert {each["id"]: each["undone"] for each in described["marks"]}["m1"]
    begun = client.post("/v1/learn", json={"sessions": [session], "name": "x"})
    assert begun.status_code == 200, begun.text


@pytest.mark.parametrize("device", SLASHED)
def test_a_device_may_have_any_id_in_every_protocol(
    client: TestClient, heard: dict[str, float], device: str
) -> None:
    client.post("/v1/locate", json={"scans": [{"device": device, "rss_dbm": heard}]}).raise_for_status()
    provider = client.get(f"/v2/providers/{escaped(device)}").json()
    assert provider["id"] == device
    located = client.get(f"/v2/providers/{escaped(device)}/location").json()
    assert located["provider_id"] == device
    for kind in ("location", "location_basic"):
        assert client.get(f"/api/v1/{kind}/home/{escaped(device)}").json()["success"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/plans/a%2Fb?name=a.png", None),
        ("PUT", f"/v1/plans/{'x' * 101}?name=a.png", None),
        ("POST", "/v1/surveys/s1/marks", {"marks": [{"id": "a/b", "start_s": 1}]}),
        ("POST", "/v1/surveys", {"id": "x" * 101, "name": "long"}),
        ("GET", f"/v1/surveys/{'x' * 301}", None),
        ("GET", f"/v1/devices/{'x' * 201}/track", None),
    ],
)
def test_other_ids_are_refused_with_the_rule_that_they_break(
    client: TestClient, method: str, path: str, body: object
) -> None:
    client.post("/v1/surveys", json={"id": "s1", "name": "first"}).raise_for_status()
    answer = client.request(method, path, json=body)
    assert answer.status_code == 400
    assert "String should" in answer.json()["error"]["message"]


def test_a_very_long_provider_is_refused_in_the_words_of_omlox(client: TestClient) -> None:
    answer = client.get(f"/v2/providers/{'x' * 201}")
    assert (answer.status_code, answer.json()["type"]) == (400, "invalid")
    assert "at most 200 characters" in answer.json()["message"]


def test_a_plan_with_a_fault_is_named_as_it_was_sent(client: TestClient) -> None:
    answer = client.put("/v1/plans/p1?name=second floor.json", content=b'{"type": "FeatureCollection"')
    assert answer.json()["error"]["message"].startswith("second floor.json")
