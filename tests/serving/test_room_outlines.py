"""Rooms with outlines: where a position lies, and when a track leaves a room."""

from __future__ import annotations

import math

import pytest
from made_answers import heard_at

from tutelage.serving.room_outlines import RoomOutlines
from tutelage.serving.store import Room
from tutelage.serving.tracks import Track, TrackSettings


def square(name: str, left_m: float, floor: str, side_m: float = 10.0) -> Room:
    ends = [(0, 0), (side_m, 0), (side_m, side_m), (0, side_m), (0, 0)]
    outline = {"type": "Polygon", "coordinates": [[[left_m + x, y] for x, y in ends]]}
    return Room(name, name, outline, floor=floor)


@pytest.fixture
def rooms() -> RoomOutlines:
    floor_2 = [square("hall", 0, "2"), square("bar", 10, "2"), square("desk", 4, "2", 1)]
    return RoomOutlines([*floor_2, square("den", 0, "3")])


def test_a_position_lies_in_the_smallest_room_of_its_floor(rooms: RoomOutlines) -> None:
    assert rooms.room_at(2.0, 5.0, "2") == "hall"
    assert rooms.room_at(4.5, 0.5, "2") == "desk"
    assert rooms.room_at(2.0, 5.0, "3") == "den"
    assert rooms.room_at(2.0, 50.0, "2") is None


def test_distances_are_to_the_outline(rooms: RoomOutlines) -> None:
    assert rooms.distance_m("hall", 5.0, 5.0, "2") == 0.0
    assert rooms.distance_m("hall", 13.0, 14.0, "2") == pytest.approx(5.0)
    assert rooms.distance_m("hall", 5.0, 5.0, "3") == math.inf


def test_a_step_over_the_threshold_is_tolerated_for_a_time(rooms: RoomOutlines) -> None:
    settings = TrackSettings(exit_tolerance_m=2.0, tolerance_timeout_s=20.0, exit_delay_s=5.0)
    track = Track(settings, {"hq": rooms})
    for n in range(5):
        assert track.add(heard_at(5.0 * n, 9.5, 8.0)).place == "hall"
    beyond = [track.add(heard_at(25.0 + 5.0 * n, 10.8, 8.0)) for n in range(12)]
    left_s = next(point.time_s for point in beyond if point.place == "bar")
    crossed_s = next(point.time_s for point in beyond if point.x_m is not None and point.x_m > 10.0)
    assert left_s - crossed_s == settings.tolerance_timeout_s
    assert beyond[-1].place_probability is None


def test_far_outside_counts_after_the_delay(rooms: RoomOutlines) -> None:
    track = Track(TrackSettings(exit_tolerance_m=1.0, exit_delay_s=8.0, scan_lag_s=0.0), {"hq": rooms})
    track.add(heard_at(0.0, 5.0, 8.0))
    walk = [track.add(heard_at(4.0 * n, 5.0 + 3.0 * n, 8.0)) for n in range(1, 9)]
    outside = [point for point in walk if point.x_m is not None and point.x_m > 11.0]
    assert [point.place for point in outside[:3]] == ["hall", "hall", "bar"]
    assert "outside" in outside[1].switch_reason
    assert outside[2].switch_reason == "bar: 8 s not in hall"
