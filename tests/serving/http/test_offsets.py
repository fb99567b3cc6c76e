"""The offset of a phone, learnt on request."""

from __future__ import annotations

from fastapi.testclient import TestClient

import tutelage as tt

URL = "/v1/devices/loud/offset"


def walk(client: TestClient, survey: tt.Survey, offset_db: float, began_s: float) -> list[dict[str, float]]:
    """Send the survey's test scans as a phone hears them that reads too strongly."""
    assert survey.test is not None
    scans = []
    for row in range(len(survey.test)):
        scan = survey.test.rss_dbm[[row]]
        names = (survey.test.access_points[column] for column in scan.indices)
        rss_dbm = {n: min(-1.0, v + offset_db) for n, v in zip(names, scan.data.tolist(), strict=True)}
        scans.append({"rss_dbm": rss_dbm, "time_s": began_s + row, "device": "loud"})
    answers = client.post("/v1/locate", json={"scans": scans})
    answers.raise_for_status()
    return list(answers.json()["answers"])


def test_an_offset_is_learnt_shown_applied_and_ended(client: TestClient, office_survey: tt.Survey) -> None:
    plain = walk(client, office_survey, 0.0, 0.0)
    assert client.post(URL, json={"do": "look"}).status_code == 400
    client.post(URL, json={"do": "begin"}).raise_for_status()
    walk(client, office_survey, 8.0, 1000.0)
    assert client.get(URL).json() == {"n_scans": 60, "offset": None}
    learnt = client.post(URL, json={"do": "look"}).json()["learnt"]
    assert learnt["low_db"] <= learnt["offset_db"] <= learnt["high_db"] < 0
    applied = client.post(URL, json={"do": "apply"}).json()
    assert applied["offset"] == learnt
    assert applied["n_scans"] is None
    (device,) = client.get("/v1/devices").json()["devices"]
    assert device["offset_db"] == learnt["offset_db"]
    shifted = walk(client, office_survey, -learnt["offset_db"], 2000.0)
    assert [(a["x_m"], a["floor"]) for a in shifted] == [(a["x_m"], a["floor"]) for a in plain]
    assert client.post(URL, json={"do": "end"}).json()["offset"] is None
    again = walk(client, office_survey, 0.0, 3000.0)
    assert [answer["x_m"] for answer in again] == [answer["x_m"] for answer in plain]
