"""Every method learns a survey of places alone, and answers the same after it was saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage import FingerprintSet, Localizer, RunOptions, update
from tutelage.errors import BadInputError

N = 60
TINY = {"width": 16, "d_e": 8, "updates": 300}
METHODS: dict[str, dict[str, Any]] = {
    "knn": {},
    "matcher": {"fine_tune": True, "fine_tune_updates": 5, "exercises": 32, "batch_size": 16},
    "dnn": TINY,
    "blend": {**TINY, "share": 0.5, "matcher.fine_tune": False},
}
RUN = RunOptions(device="cpu", progress=False)


@pytest.fixture(scope="module")
def rooms() -> FingerprintSet:
    """Three rooms, each with a loud access point of its own."""
    rng = np.random.default_rng(0)
    scans = []
    for i in range(N):
        loud = i % 3
        scans.append({f"ap{j}": float(-45 - 30 * (j != loud) - rng.integers(0, 8)) for j in range(3)})
    time = np.datetime64("2026-01-01", "ms") + np.arange(N) * np.timedelta64(20, "s")
    place = np.array(["hall", "kitchen", "office"])[np.arange(N) % 3]
    return replace(FingerprintSet.from_scans(scans), place=place, time=time)


@pytest.mark.parametrize("method", METHODS)
def test_rooms_are_found_and_a_saved_model_answers_the_same(
    method: str, rooms: FingerprintSet, tmp_path: Path
) -> None:
    model = Localizer(method, settings=METHODS[method], run=RUN, calibrate=method != "blend").fit(rooms)
    places = model.predict(rooms).places
    assert places is not None
    assert np.mean(places.best == rooms.known_place) > 0.95
    model.save(tmp_path / "model")
    loaded = Localizer.load(tmp_path / "model")
    assert loaded.predict(rooms).records() == model.predict(rooms).records()
    assert not loaded.has_coordinates_
    assert "x_m" not in loaded.predict(rooms).records()[0]


def test_an_update_adds_scans_of_places(rooms: FingerprintSet) -> None:
    model = Localizer("knn", settings={"k": 3}, run=RUN).fit(rooms[:40])
    updated = update(model, rooms[40:])
    assert len(updated.method_.radio_map or ()) == N
    assert not updated.has_coordinates_
    assert updated.place_calibration_ is not None
    assert updated.predict(rooms).places.best.tolist() == rooms.known_place.tolist()  # type: ignore[union-attr]


def test_an_update_of_a_network_keeps_the_rooms_that_are_not_scanned_again(rooms: FingerprintSet) -> None:
    model = Localizer("dnn", settings=TINY, run=RUN).fit(rooms)
    two = rooms[rooms.known_place != "office"]
    again = replace(two, scan_id=np.char.add("again-", two.scan_id), rss_dbm=two.rss_dbm * 1.01)
    updated = update(model, again, run=RUN)
    office = rooms[rooms.known_place == "office"]
    before, after = (each.predict(office).places for each in (model, updated))
    assert before is not None
    assert after is not None
    assert np.mean(after.best == "office") >= np.mean(before.best == "office") - 0.1


def test_a_blend_of_one_scan_a_room_has_nothing_to_choose_a_share_on(rooms: FingerprintSet) -> None:
    settings = {**TINY, "always": True, "matcher.fine_tune": False}
    model = Localizer("blend", settings=settings, run=RUN).fit(rooms[:3])
    assert model.place_calibration_ is None
    assert model.predict(rooms[:3]).places.best.tolist() == rooms.known_place[:3].tolist()  # type: ignore[union-attr]


def test_a_network_without_heads_answers_positions_alone(rooms: FingerprintSet) -> None:
    position_m = np.random.default_rng(0).uniform(0, 20, (N, 2))
    both = replace(rooms, position_m=position_m)
    model = Localizer("dnn", settings={**TINY, "weight_labels": 0.0}, run=RUN).fit(both)
    assert model.place_calibration_ is None
    assert model.predict(both).places is None


def test_teachers_are_for_positions(rooms: FingerprintSet) -> None:
    with pytest.raises(BadInputError, match="this one has places alone"):
        Localizer("dnn", teachers="untrained", settings=TINY, run=RUN).fit(rooms)


def test_one_place_and_scans_of_nowhere_are_refused(rooms: FingerprintSet) -> None:
    with pytest.raises(BadInputError, match=r"come from 1 place\(s\)"):
        Localizer("knn").fit(rooms[rooms.known_place == "hall"])
    nowhere = replace(rooms, place=np.where(np.arange(N) < 2, "", rooms.known_place))
    with pytest.raises(BadInputError, match=r"2 training scans .* neither a position nor a place"):
        Localizer("knn").fit(nowhere)
