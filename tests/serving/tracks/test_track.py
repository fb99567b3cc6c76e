"""One device's track: what it says at outliers, floors, silences and other models."""

from __future__ import annotations

import pytest
from made_answers import heard_at, unlocated

from tutelage.serving.tracks import Track, TrackPoint, TrackSettings


def last_of(track: Track) -> TrackPoint:
    assert track.last is not None
    return track.last


def test_first_answer_is_the_first_point() -> None:
    point = Track().add(heard_at(5.0, 3.0, 7.0, place="kitchen", place_probability=0.8, building="A"))
    assert (point.x_m, point.y_m, point.radius_m) == (3.0, 7.0, 5.0)
    assert (point.floor, point.building, point.place, point.place_probability) == ("2", "A", "kitchen", 1.0)
    assert (point.speed_m_s, point.course_deg, point.reason) == (0.0, None, "")


def test_an_outlier_moves_the_track_only_in_part_and_no_faster_than_allowed() -> None:
    track = Track(TrackSettings(max_speed_m_s=1.0))
    for n in range(20):
        track.add(heard_at(5.0 * n, 3.0, 7.0))
    point = track.add(heard_at(100.0, 200.0, 7.0))
    assert point.x_m is not None
    assert 3.0 < point.x_m <= 8.0
    assert point.answer.x_m == 200.0


def test_a_walk_has_its_speed_and_course() -> None:
    track = Track()
    for n in range(30):
        track.add(heard_at(2.0 * n, 0.8 * 2.0 * n, 0.0))
    assert last_of(track).speed_m_s == pytest.approx(0.8, abs=0.02)
    assert last_of(track).course_deg == pytest.approx(90.0, abs=1.0), "east"
    lag_m = 0.8 * TrackSettings().scan_lag_s
    assert last_of(track).x_m == pytest.approx(0.8 * 58 + lag_m, abs=0.05), "where it is by now"


def test_degrees_are_those_of_the_smoothed_position() -> None:
    point = Track().add(heard_at(0.0, 432_000.0, 4_427_000.0, epsg=32630))
    assert point.latitude == pytest.approx(39.99, abs=0.01)
    assert point.longitude == pytest.approx(-3.80, abs=0.01)
    assert Track().add(heard_at(0.0)).latitude is None


def test_floor_changes_after_a_streak_and_says_why() -> None:
    track = Track(TrackSettings(floor_streak=3))
    track.add(heard_at(0.0))
    floors = [track.add(heard_at(5.0 * n, floor=floor)) for n, floor in enumerate("3323333", start=1)]
    assert "".join(str(point.floor) for point in floors) == "2222233"
    assert floors[1].switch_reason == "floor 2 kept: floor 3 2 of 3 times in a row"
    assert floors[5].switch_reason == "floor 3: 3 times in a row"
    assert floors[6].switch_reason == ""


def test_another_model_takes_over_after_a_streak_with_its_own_coordinates() -> None:
    track = Track(TrackSettings(floor_streak=2))
    track.add(heard_at(0.0, 3.0, 7.0, building="A"))
    stray = track.add(heard_at(5.0, 9_000.0, 0.0, building="B", model="annexe"))
    assert (stray.x_m, stray.building) == (3.0, "A")
    assert stray.reason == "as before: another building"
    moved = track.add(heard_at(10.0, 9_001.0, 0.0, building="B", model="annexe"))
    assert (moved.x_m, moved.building) == (9_001.0, "B")
    assert moved.switch_reason == "floor 2 of B by model annexe: 2 times in a row"


def test_scan_without_an_answer_keeps_the_last_point_and_says_so() -> None:
    track = Track(TrackSettings(silence_s=60.0))
    assert track.add(unlocated(0.0)).reason == "the scan is blank"
    track.add(heard_at(10.0, 3.0, 7.0, place="kitchen"))
    kept = track.add(unlocated(30.0))
    assert (kept.x_m, kept.place, kept.radius_m) == (3.0, "kitchen", None)
    assert kept.reason == "as 20 s before: the scan is blank"
    gone = track.add(unlocated(70.0))
    assert (gone.x_m, gone.place, gone.reason) == (None, None, "the scan is blank")


def test_silence_is_said_once_and_ends_with_the_next_answer() -> None:
    track = Track(TrackSettings(silence_s=60.0))
    assert track.silent(0.0) is None
    track.add(heard_at(0.0, place="kitchen"))
    assert track.silent(59.0) is None
    unknown = track.silent(61.0)
    assert unknown is not None
    assert (unknown.time_s, unknown.x_m, unknown.place) == (61.0, None, None)
    assert unknown.reason == "nothing said for 61 s where the device is"
    assert track.silent(90.0) is None
    assert track.add(heard_at(91.0, 40.0)).x_m == 40.0


def test_a_clock_that_was_ahead_is_found() -> None:
    track = Track(TrackSettings(silence_s=60.0))
    track.add(heard_at(10_000.0, 3.0))
    assert not track.add(heard_at(100.0, 4.0)).is_known, "nothing tells yet which clock is right"
    unknown = track.silent(101.0)
    assert unknown is not None
    assert unknown.reason == "the last scan came from 9899 s ahead: check the device's clock"
    assert track.add(heard_at(105.0, 5.0)).x_m == 5.0


def test_a_scan_that_was_on_its_way_when_silence_was_said_counts() -> None:
    track = Track(TrackSettings(silence_s=60.0))
    track.add(heard_at(0.0, 3.0))
    assert track.silent(61.0) is not None
    assert track.add(heard_at(60.0, 4.0)).x_m == 4.0


def test_another_building_of_the_model_is_walked_to_after_a_streak() -> None:
    track = Track(TrackSettings(floor_streak=2, max_speed_m_s=1.0))
    for n in range(5):
        track.add(heard_at(5.0 * n, 0.0, building="A"))
    stray = track.add(heard_at(25.0, 100.0, building="B"))
    assert (stray.x_m, stray.building) == (0.0, "A")
    moved = track.add(heard_at(30.0, 100.0, building="B"))
    assert moved.building == "B"
    assert moved.x_m is not None
    assert 0.0 < moved.x_m <= 5.0


def test_equal_times_do_not_move_the_track() -> None:
    track = Track()
    first = track.add(heard_at(10.0, 3.0))
    assert track.add(heard_at(10.0, 3.0)) is first
    late = track.add(heard_at(10.0, 9.0))
    assert (late.x_m, late.reason) == (None, "the scan is not newer than the last one")
    assert track.last is first


def test_answers_of_places_alone_have_no_position() -> None:
    track = Track(TrackSettings(exit_delay_s=4.0))
    places = [
        track.add(heard_at(5.0 * n, None, None, radius_m=None, place=place)).place
        for n, place in enumerate("aababbbbb")
    ]
    assert "".join(map(str, places)) in {"aaaaaabbb", "aaaaaaabb", "aaaaabbbb"}
    assert last_of(track).x_m is None
