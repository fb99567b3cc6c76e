"""Access points that move or belong to a person, devices that hear differently."""

from __future__ import annotations

import numpy as np
import pytest
from checked import checked, codes, found, scans_of

NAN = float("nan")


def test_access_points_of_one_side_are_named() -> None:
    train = scans_of([[-50.0, -60.0, NAN]] * 2, names=["a", "b", "c"])
    test = scans_of([[-50.0, NAN, NAN], [-50.0, NAN, -60.0]], names=["a", "b", "c"])
    check = checked(train, test)
    in_test = found(check, "heard_in_test_only")
    in_train = found(check, "heard_in_train_only")
    assert (in_test.access_points, in_test.split, in_test.rows) == (("c",), "test", (2,))
    assert (in_train.access_points, in_train.split, in_train.rows) == (("b",), "train", (1, 2))


def test_an_access_point_that_is_near_at_two_far_places_moves() -> None:
    places = [(0.0, 0.0), (60.0, 0.0), (120.0, 0.0)]
    rss = [[-50.0, -50.0, -80.0], [-70.0, -52.0, -80.0], [-55.0, -90.0, -80.0]]
    moving = found(checked(scans_of(rss, places)), "moving_access_point")
    assert moving.access_points == ("ap0",)
    assert moving.rows == (1, 3)


@pytest.mark.parametrize("name", ["AndroidAP1234", "Anna's iPhone", "cafe_nomap", "DIRECT-xy-HP", "moto g5"])
def test_names_of_phones_and_of_owners_who_opted_out(name: str) -> None:
    check = checked(scans_of([[NAN, -60.0], [-50.0, -60.0]], names=[name, "eduroam"]))
    personal = found(check, "personal_access_point")
    assert (personal.access_points, personal.split, personal.rows) == ((name,), "train", (2,))


@pytest.mark.parametrize(
    ("name", "is_local"),
    [
        ("02:00:5e:10:00:01", True),
        ("ap:da-a1-19-00-00-01", True),
        ("7EA1B2C3D4E5", True),
        ("00:14:22:01:23:45", False),
        ("a4:77:33:aa:bb:cc", False),
        ("WAP002", False),
        ("deadbeef", False),
    ],
)
def test_mac_addresses_that_no_maker_gave_out(name: str, is_local: bool) -> None:
    check = checked(scans_of([[-50.0, -60.0]] * 2, names=[name, "eduroam"]))
    assert ("local_mac" in codes(check)) == is_local


def test_offset_of_a_device_is_told_from_others_at_the_same_places() -> None:
    draw = np.random.default_rng(0)
    n_points = 40
    n_ap = 12
    true = draw.uniform(-85, -45, (n_points, n_ap))
    offset = {"a": 0.0, "b": 1.0, "deaf": -9.0}
    rss = []
    places = []
    device = []
    for name, db in offset.items():
        rss += list(true + db + draw.normal(0, 1, true.shape))
        places += [(5.0 * (i % 8), 5.0 * (i // 8)) for i in range(n_points)]
        device += [name] * n_points
    finding = found(checked(scans_of(rss, places, device=device)), "device_offset")
    assert finding.message == "1 of 3 devices hear differently from others at the same places: deaf -9 dB"
    assert finding.rows == tuple(range(81, 121))
    alone = checked(scans_of(rss[:40], places[:40], device=device[:40]))
    assert "device_offset" not in codes(alone)
    two = found(checked(scans_of(rss[40:], places[40:], device=device[40:])), "device_offset")
    assert "b +10 dB" in two.message  # of two, nobody knows which is off
    assert "deaf -10 dB" in two.message
