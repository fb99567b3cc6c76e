"""Laws that hold for every sequence of answers to a device's scans."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_answers import heard_at, walks

from tutelage.serving.answers import Answer
from tutelage.serving.tracks import Track, TrackPoint, TrackSettings

law = settings(max_examples=40)
SETTINGS = TrackSettings(exit_delay_s=7.0, tolerance_timeout_s=21.0, silence_s=60.0)


def points_of(answers: list[Answer], settings: TrackSettings = SETTINGS) -> list[TrackPoint]:
    track = Track(settings)
    return [track.add(answer) for answer in answers]


def changes_storey(point: TrackPoint) -> bool:
    return point.switch_reason.endswith("times in a row") and "kept" not in point.switch_reason


def begins_anew(point: TrackPoint) -> bool:
    return point.switch_reason == "first answer of the track"


@law
@given(walks())
def test_a_track_is_never_faster_than_the_highest_speed(answers: list[Answer]) -> None:
    for one, other in pairwise(points_of(answers)):
        if one.x_m is None or other.x_m is None or begins_anew(other) or changes_storey(other):
            continue
        assert one.y_m is not None
        assert other.y_m is not None
        length_m = math.hypot(other.x_m - one.x_m, other.y_m - one.y_m)
        assert length_m <= SETTINGS.max_speed_m_s * (other.time_s - one.time_s) + 1e-6
        assert other.speed_m_s is None or other.speed_m_s <= SETTINGS.max_speed_m_s + 1e-9


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(1, 20), st.floats(-200, 200))
def test_a_standing_device_converges(x_m: float, y_m: float, gap_s: float, first_off_m: float) -> None:
    first = heard_at(0.0, x_m + first_off_m, y_m)
    last = points_of([first, *(heard_at(gap_s * n, x_m, y_m) for n in range(1, 400))])[-1]
    assert last.x_m == pytest.approx(x_m, abs=0.05)
    assert last.y_m == pytest.approx(y_m, abs=0.05)
    assert last.course_deg is None


@law
@given(walks(), st.randoms(use_true_random=False))
def test_late_and_repeated_answers_change_nothing(answers: list[Answer], random: object) -> None:
    assert hasattr(random, "sample")
    track, expected = Track(SETTINGS), points_of(answers)
    for n, answer in enumerate(answers):
        assert track.add(answer) == expected[n]
        for earlier in random.sample(answers[: n + 1], k=min(2, n)):
            late = track.add(earlier)
            assert late == expected[n] or (late.answer == earlier and late.is_late and not late.is_known)
        assert track.last == expected[n]


@law
@given(walks())
def test_a_place_is_never_kept_past_silence(answers: list[Answer]) -> None:
    track = Track(SETTINGS)
    said_s = -math.inf
    for answer in answers:
        if answer.has_position or answer.place is not None:
            said_s = answer.time_s
        point = track.add(answer)
        assert not point.is_known or point.time_s - said_s < SETTINGS.silence_s
    unknown = track.silent(answers[-1].time_s + SETTINGS.silence_s)
    assert track.last is not None
    assert not track.last.is_known
    assert unknown is None or unknown == track.last
    assert track.silent(answers[-1].time_s + 2 * SETTINGS.silence_s) is None, "it is said once"


@law
@given(walks(most_s=20.0))
def test_places_on_one_floor_change_no_faster_than_the_delay(answers: list[Answer]) -> None:
    changed_s = -math.inf
    for one, other in pairwise(points_of(answers)):
        if begins_anew(other) or changes_storey(other):
            changed_s = other.time_s
        elif one.place != other.place:
            assert other.time_s - changed_s >= SETTINGS.exit_delay_s
            changed_s = other.time_s


@law
@given(walks(most_s=20.0))
def test_a_floor_changes_only_after_as_many_answers_in_a_row(answers: list[Answer]) -> None:
    points = points_of(answers)
    for n, (one, other) in enumerate(pairwise(points), start=1):
        if begins_anew(other) or not other.is_known:  # silence, in which no floor is kept
            continue
        if (one.floor, one.building) == (other.floor, other.building):
            continue
        said = [point.answer for point in points[: n + 1] if point.answer.model is not None]
        named = {(answer.model, answer.floor) for answer in said[-SETTINGS.floor_streak :]}
        assert named == {(other.answer.model, other.floor)}


@law
@given(walks())
def test_points_go_to_json_and_name_their_raw_answer(answers: list[Answer]) -> None:
    for answer, point in zip(answers, points_of(answers), strict=True):
        assert point.answer is answer
        record = point.as_json()
        assert record["answer"] == answer.as_json()
        assert record["x_m"] == point.x_m
        assert all(not isinstance(value, float) or math.isfinite(value) for value in record.values())
