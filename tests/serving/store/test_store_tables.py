"""Devices, tracks, models, plans, rooms and keys on either database."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.serving.access_keys import Role, token_hash
from tutelage.serving.store import Device, Plan, Room, Store, StoredModel, TrackPoint

# -- devices -------------------------------------------------------------------------------------------


def test_a_device_keeps_its_first_and_last_time(store: Store) -> None:
    for time_s in (20.0, 10.0, 30.5, 25.0):
        store.devices.seen("phone", time_s)
    assert store.devices.get("phone") == Device("phone", "phone", 10.0, 30.5)
    assert store.devices.get("tablet") is None


def test_a_device_keeps_its_name_and_settings_when_it_is_seen_again(store: Store) -> None:
    store.devices.seen("aa:bb", 1.0)
    store.devices.rename("aa:bb", "Ada’s 📱")
    store.devices.set_settings("aa:bb", {"offset_db": -2.5, "smoothing": False})
    store.devices.seen("aa:bb", 2.0)
    settings = {"offset_db": -2.5, "smoothing": False}
    assert store.devices.all() == [Device("aa:bb", "Ada’s 📱", 1.0, 2.0, settings)]


def test_an_unknown_device_is_told_with_near_names(store: Store) -> None:
    store.devices.seen("phone-1", 1.0)
    for change in (
        lambda: store.devices.rename("phone1", "x"),
        lambda: store.devices.set_settings("phone1", {}),
    ):
        with pytest.raises(UnknownNameError, match=r"unknown device 'phone1'\. Did you mean phone-1\?"):
            change()


# -- tracks --------------------------------------------------------------------------------------------

POINT = TrackPoint(
    device="phone",
    time_s=1_764_410_000.123,
    model="library",
    reason="",
    x_m=1.25,
    y_m=-3.1,
    floor="2",
    building="main",
    place="hall",
    radius_m=4.75,
    payload={"raw": {"x_m": 0.1, "place_set": ["hall", "stairs"]}, "n_heard": 7, "text": "\0é"},
)


def test_a_point_comes_back_as_it_was(store: Store) -> None:
    assert store.tracks.add([POINT]) == 1
    assert store.tracks.of("phone") == [POINT]
    assert store.devices.get("phone") == Device("phone", "phone", POINT.time_s, POINT.time_s)


def test_a_point_that_is_sent_again_counts_once(store: Store) -> None:
    assert store.tracks.add([POINT, POINT]) == 1
    assert store.tracks.add([TrackPoint("phone", POINT.time_s, x_m=9.0), TrackPoint("phone", 1.0)]) == 1
    assert store.tracks.of("phone") == [TrackPoint("phone", 1.0), POINT]


def test_no_points_are_added(store: Store) -> None:
    assert store.tracks.add([]) == 0
    assert store.tracks.last() == []


def test_a_part_of_a_track_has_its_newest_points_in_order(store: Store) -> None:
    store.tracks.add([TrackPoint("phone", float(time_s)) for time_s in (4, 2, 3, 1, 5)])
    store.tracks.add([TrackPoint("tablet", 3.0)])

    def times(*bounds: Any) -> list[float]:
        return [point.time_s for point in store.tracks.of("phone", *bounds)]

    assert times() == [1, 2, 3, 4, 5]
    assert times(2, 4) == [2, 3, 4]
    assert times(2, None) == [2, 3, 4, 5]
    assert times(None, 4, 2) == [3, 4]
    assert times(6) == []


def test_last_is_the_newest_point_of_each_device(store: Store) -> None:
    store.devices.seen("heard of, never located", 1.0)
    store.tracks.add([TrackPoint("b", 1.0), TrackPoint("b", 3.0), TrackPoint("a", 2.0)])
    store.devices.seen("a", 9.0)
    assert store.tracks.last() == [TrackPoint("a", 2.0), TrackPoint("b", 3.0)]


def test_points_of_clocks_that_are_far_ahead_are_pruned(store: Store) -> None:
    store.tracks.add([TrackPoint("phone", 5.0), TrackPoint("phone", 9e10)])
    assert store.tracks.prune(2.0, 100.0) == 1
    assert [point.time_s for point in store.tracks.of("phone")] == [5.0]


def test_devices_that_left_nothing_are_pruned(store: Store) -> None:
    for device in ("gone", "named", "set", "tracked", "recent"):
        store.devices.seen(device, 100.0 if device != "recent" else 900.0)
    store.devices.rename("named", "Ada")
    store.devices.set_settings("set", {"offset": {"offset_db": -3.0}})
    store.tracks.add([TrackPoint("tracked", 100.0)])
    assert store.devices.prune(500.0) == 1
    assert [device.id for device in store.devices.all()] == ["named", "recent", "set", "tracked"]


def test_points_before_a_time_are_pruned(store: Store) -> None:
    store.tracks.add([TrackPoint("a", 1.0), TrackPoint("a", 2.0), TrackPoint("b", 1.5), TrackPoint("b", 3.0)])
    assert store.tracks.prune(2.0) == 2
    assert store.tracks.prune(2.0) == 0
    assert store.tracks.last() == [TrackPoint("a", 2.0), TrackPoint("b", 3.0)]
    assert [device.id for device in store.devices.all()] == ["a", "b"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (TrackPoint("a", math.nan), "is nan"),
        (TrackPoint("a", 1.0, x_m=math.inf), "x_m is inf"),
        (TrackPoint("a", 1.0, payload={"x": math.nan}), "payload cannot be written as JSON"),
        (TrackPoint("a\0", 1.0), "no zero byte"),
        (TrackPoint("a", 1.0, floor="\ud800"), "no half of a character"),
    ],
)
def test_a_value_that_cannot_be_stored_refuses_the_batch(store: Store, bad: TrackPoint, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        store.tracks.add([TrackPoint("good", 1.0), bad])
    assert (store.devices.all(), store.tracks.last()) == ([], [])


def test_half_a_character_cannot_be_looked_up(store: Store) -> None:
    with pytest.raises(BadInputError, match="cannot keep or look up"):
        store.devices.get("\ud800")


# -- models, plans, rooms ------------------------------------------------------------------------------


def test_a_model_is_replaced_by_one_of_its_name(store: Store) -> None:
    store.models.put(StoredModel("library", "old.zip", 1.0))
    new = StoredModel("library", "new.zip", 2.0, card={"error_m": 2.5})
    store.models.put(new)
    store.models.put(StoredModel("hall", "hall.zip", 3.0))
    assert store.models.all() == [StoredModel("hall", "hall.zip", 3.0), new]


def test_a_model_is_taken_out_of_use(store: Store) -> None:
    store.models.put(StoredModel("library", "a.zip", 1.0))
    store.models.set_active("library", False)
    assert [model.active for model in store.models.all()] == [False]
    with pytest.raises(UnknownNameError, match=r"unknown model 'libary'\. Did you mean library"):
        store.models.set_active("libary", True)


def test_a_plan_is_kept_byte_by_byte_and_placed(store: Store) -> None:
    plan = Plan("p1", "ground.png", "image", "image/png", 1.0, building="main", floor="0")
    content = bytes(range(256)) * 1000
    assert store.plans.add(plan, content)
    assert not store.plans.add(plan, b"other")
    assert (store.plans.all(), store.plans.content("p1")) == ([plan], content)
    transform = {"points": [[0, 0, 1.5, 2.5], [100, 0, 11.5, 2.5]]}
    store.plans.set_transform("p1", transform)
    assert [each.transform for each in store.plans.all()] == [transform]
    assert store.plans.remove("p1")
    assert not store.plans.remove("p1")
    assert store.plans.content("p1") is None


def test_a_room_is_renamed(store: Store) -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    rooms = [Room("r1", "Toilet", square, "main", "0"), Room("r2", "Toilet", square, "main", "1")]
    assert store.rooms.add(rooms) == 2
    assert store.rooms.add([Room("r1", "again", square)]) == 0
    store.rooms.rename("r1", "Kitchen")
    assert store.rooms.all() == [Room("r1", "Kitchen", square, "main", "0"), rooms[1]]
    with pytest.raises(UnknownNameError, match="unknown room 'r3'"):
        store.rooms.rename("r3", "x")


# -- keys ----------------------------------------------------------------------------------------------


def test_a_key_is_found_by_its_secret_until_it_is_revoked(store: Store) -> None:
    token = store.keys.make("phone", Role.LOCATE)
    other = store.keys.make("screen", Role.READ)
    key = store.keys.find(token)
    assert key is not None
    assert (key.name, key.role, key.revoked_s) == ("phone", Role.LOCATE, None)
    assert key.role is Role.LOCATE
    assert store.keys.revoke("phone") == key
    assert store.keys.find(token) is None
    assert store.keys.find(other) is not None
    assert [(each.name, each.revoked_s is None) for each in store.keys.all()] == [
        ("phone", False),
        ("screen", True),
    ]


def test_a_secret_is_not_stored(store: Store) -> None:
    token = store.keys.make("phone", Role.LOCATE)
    (key,) = store.keys.all()
    assert key.hash == token_hash(token)
    assert token not in repr(key)
    assert store.keys.find(key.hash) is None


@pytest.mark.parametrize("token", ["", "ttl_", "ttl_" + "A" * 43, "' OR 1=1 --", "\0"])
def test_other_secrets_are_refused(store: Store, token: str) -> None:
    store.keys.make("phone", Role.ADMIN)
    assert store.keys.find(token) is None


def test_two_keys_in_force_have_two_names(store: Store) -> None:
    store.keys.make("phone", Role.LOCATE)
    with pytest.raises(BadInputError, match="a key named 'phone' is in force"):
        store.keys.make("phone", Role.READ)
    store.keys.revoke("phone")
    token = store.keys.make("phone", Role.READ)
    assert store.keys.find(token) is not None
    assert len(store.keys.all()) == 2


def test_a_key_is_revoked_by_its_id_and_once(store: Store) -> None:
    store.keys.make("phone", Role.LOCATE)
    (key,) = store.keys.all()
    store.keys.revoke(key.id)
    for name in (key.id, "phone"):
        with pytest.raises(UnknownNameError, match="unknown key"):
            store.keys.revoke(name)


@pytest.mark.parametrize("name", ["", "  "])
def test_a_key_without_a_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(BadInputError, match="say who has it"):
        store.keys.make(name, Role.READ)
