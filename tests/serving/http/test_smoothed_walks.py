"""Walks of a survey that turned: placed by the present model, smoothed in both directions."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from fastapi.testclient import TestClient

import tutelage as tt
from tutelage.serving.learning_jobs import Job
from tutelage.serving.served_models import ServedModel, ServedModels
from tutelage.serving.store import LabelledScan, Mark, SurveyScan
from tutelage.serving.walked_positions import on_smoothed_walks


@pytest.fixture(scope="module")
def model(office: Path) -> ServedModel:
    return ServedModels([office]).all()[0]


class TurningWalk(NamedTuple):
    """Scans on a way that turns, each with its position and its time."""

    scans: list[dict[str, float]]
    position_m: np.ndarray
    time_s: np.ndarray

    def mark(self) -> Mark:
        """Its two clicks."""
        (x, y), (x2, y2) = self.position_m[[0, -1]].tolist()
        start_s, end_s = self.time_s[[0, -1]].tolist()
        return Mark("w", "s1", "walk", start_s, end_s, x, y, x2, y2)

    def labelled(self) -> list[LabelledScan]:
        """Its scans, placed nowhere yet."""
        return [
            LabelledScan(SurveyScan(f"c{i}", t, scan), "w", 0.0, 0.0, None, None, None)
            for i, (t, scan) in enumerate(zip(self.time_s.tolist(), self.scans, strict=True))
        ]

    def error_m(self, position_m: np.ndarray) -> float:
        """Mean distance from where the scans were taken."""
        return float(np.hypot(*(position_m - self.position_m).T).mean())


@pytest.fixture(scope="module")
def walk(office_survey: tt.Survey) -> TurningWalk:
    """Test scans, each after the nearest that is left, at a metre a second."""
    test = office_survey.test
    assert test is not None
    place_m = test.absolute_position_m
    rows, left = [0], {*range(1, len(test))}
    while left:
        rows.append(min(left, key=lambda row: float(np.hypot(*(place_m[row] - place_m[rows[-1]])))))
        left.remove(rows[-1])
    steps_m = np.hypot(*np.diff(place_m[rows], axis=0).T)
    columns = [test.rss_dbm[[row]] for row in rows]
    scans = [
        {test.access_points[c]: v for c, v in zip(scan.indices, scan.data.tolist(), strict=True)}
        for scan in columns
    ]
    return TurningWalk(scans, place_m[rows], 1000.0 + np.append(0.0, np.cumsum(steps_m)))


def positions(labelled: list[LabelledScan]) -> np.ndarray:
    return np.array([[each.x_m, each.y_m] for each in labelled], dtype=float)


def test_a_walk_that_turns_is_nearer_than_the_line(model: ServedModel, walk: TurningWalk) -> None:
    labelled = walk.labelled()
    smoothed = on_smoothed_walks(labelled, [walk.mark()], model, 0.95)
    line = np.linspace(walk.position_m[0], walk.position_m[-1], len(labelled))
    assert walk.error_m(positions(smoothed)) < 0.3 * walk.error_m(line)
    assert [each.scan for each in smoothed] == [each.scan for each in labelled]


def test_clicks_hold_the_ends_and_unanswered_walks_stay_on_the_line(model: ServedModel) -> None:
    clicked = np.linspace([3.0, 4.0], [11.0, 8.0], 5)
    straight = TurningWalk([{"unknown": -50.0}] * 5, clicked, 1000.0 + 4.0 * np.arange(5))
    labelled = straight.labelled()
    other = replace(labelled[0], mark="another", x_m=7.0)
    placed = on_smoothed_walks([*labelled, other], [straight.mark()], model, 0.95)
    assert positions(placed[:-1]) == pytest.approx(clicked, abs=0.05)
    assert placed[-1] == other


def test_answers_on_another_floor_do_not_count(model: ServedModel, walk: TurningWalk) -> None:
    labelled, mark = walk.labelled(), walk.mark()
    upstairs = on_smoothed_walks(labelled, [replace(mark, floor="7")], model, 0.95)
    share = ((walk.time_s - mark.start_s) / np.ptp(walk.time_s))[:, None]
    line = (1 - share) * walk.position_m[0] + share * walk.position_m[-1]
    assert positions(upstairs) == pytest.approx(line, abs=0.5)


def test_learning_takes_smoothed_walks_on_request(
    client: TestClient, walk: TurningWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind_s = 50.0
    mark = vars(walk.mark()).copy()
    del mark["session"], mark["undone"]
    client.post("/v1/surveys", json={"id": "s1", "name": "s", "device": "phone"}).raise_for_status()
    client.patch("/v1/surveys/s1", json={"clock_offset_s": behind_s}).raise_for_status()
    client.post("/v1/surveys/s1/marks", json={"marks": [mark]}).raise_for_status()
    times_s = (walk.time_s - behind_s).tolist()
    sent = [{"rss_dbm": scan, "time_s": t} for scan, t in zip(walk.scans, times_s, strict=True)]
    client.post("/v1/scans", json={"device": "phone", "scans": sent}).raise_for_status()
    error_m: dict[bool, float] = {}

    async def fit(_: object, job: Job, labelled: list[LabelledScan], part: str, *_more: object) -> Path:
        error_m[job.smooth_walks] = walk.error_m(positions(labelled))
        return Path(part)

    monkeypatch.setattr("tutelage.serving.learning.Learning._fit", fit)
    request = {"sessions": ["s1"], "name": "next", "replaces": "office"}
    for smooth in (False, True):
        client.post("/v1/learn", json={**request, "smooth_walks": smooth}).raise_for_status()
    until_s = time.monotonic() + 20
    while len(error_m) < 2 and time.monotonic() < until_s:
        time.sleep(0.05)
    assert error_m[True] < 0.5 * error_m[False]
    refused = client.post("/v1/learn", json={"sessions": ["s1"], "name": "x", "smooth_walks": True})
    assert refused.status_code == 400
    assert "name it in replaces" in refused.json()["error"]["message"]
