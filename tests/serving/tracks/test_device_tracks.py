"""Tracks of many devices: memory, silence and restarts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from made_answers import heard_at, walks

from tutelage.serving.answers import Answer
from tutelage.serving.room_outlines import RoomOutlines
from tutelage.serving.store import Room
from tutelage.serving.tracks import Devices, TrackSettings
from tutelage.serving.tracks.places import Rooms

law = settings(max_examples=40)


@given(st.lists(st.integers(0, 9), max_size=60))
def test_the_devices_heard_last_are_kept_and_no_more_than_allowed(order: list[int]) -> None:
    devices = Devices(TrackSettings(max_devices=3))
    for time_s, device in enumerate(order):
        devices.add(str(device), heard_at(float(time_s)))
        assert len(devices) <= 3
    newest = dict.fromkeys(map(str, reversed(order)))
    assert set(devices.last()) == set([*newest][:3])


def test_silent_devices_are_told_once_each() -> None:
    devices = Devices(TrackSettings(silence_s=60.0))
    devices.add("a", heard_at(0.0))
    devices.add("b", heard_at(50.0))
    assert [device for device, _ in devices.silent(70.0)] == ["a"]
    assert [device for device, _ in devices.silent(120.0)] == ["b"]
    assert devices.silent(500.0) == []
    assert {device: point.x_m for device, point in devices.last().items()} == {"a": None, "b": None}


def test_a_device_is_forgotten() -> None:
    devices = Devices()
    devices.add("a", heard_at(0.0))
    assert devices.forget("a")
    assert not devices.forget("a")
    assert devices.last() == {}


def test_rooms_that_are_drawn_later_name_the_place() -> None:
    square = {"type": "Polygon", "coordinates": [[[-5, -5], [5, -5], [5, 5], [-5, 5], [-5, -5]]]}
    rooms: dict[str, Rooms] = {}
    devices = Devices(rooms=rooms)
    rooms["hq"] = RoomOutlines([Room("r1", "Kitchen", square)])
    assert devices.add("a", heard_at(0.0)).place == "Kitchen"


@law
@given(walks(), walks())
def test_a_restored_track_goes_on_as_if_nothing_had_happened(
    before: list[Answer], after: list[Answer]
) -> None:
    lived, restored = Devices(), Devices()
    points = [lived.add("a", answer) for answer in before]
    restored.restore("a", points)
    assert restored.last() == lived.last()
    assert [restored.add("a", answer) for answer in after] == [lived.add("a", answer) for answer in after]


def test_a_device_whose_clock_is_behind_is_silent_only_after_it_was_not_heard() -> None:
    devices = Devices(TrackSettings(silence_s=60.0))
    start_s = heard_at(0.0).time_s
    for n in range(5):
        devices.add("slow clock", heard_at(10.0 * n), now_s=start_s + 900.0 + 10.0 * n)
        assert devices.silent(start_s + 901.0 + 10.0 * n) == []
    ((device, point),) = devices.silent(start_s + 1001.0)
    assert (device, point.is_known) == ("slow clock", False)


def test_a_device_whose_clock_is_set_back_is_shown_again() -> None:
    devices = Devices(TrackSettings(silence_s=60.0))
    start_s = heard_at(0.0).time_s
    devices.add("a", heard_at(3600.0), now_s=start_s)
    assert devices.add("a", heard_at(10.0), now_s=start_s + 10.0).is_late
    assert len(devices.silent(start_s + 70.0)) == 1
    assert devices.add("a", heard_at(80.0), now_s=start_s + 80.0).is_known
