"""Readings of fixed receivers make scans of devices, in bounded memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.errors import BadInputError
from tutelage.serving.tracks import ReceiverWindow


def test_readings_of_a_window_are_one_scan_with_means_and_ages() -> None:
    window = ReceiverWindow(window_s=10.0)
    for receiver, rss_dbm, time_s in [("a", -60.0, 100.0), ("b", -70.0, 101.0), ("a", -64.0, 106.0)]:
        window.hear("keys", receiver, rss_dbm, time_s)
    assert window.complete(109.9) == []
    [(device, scan)] = window.complete(110.0)
    assert device == "keys"
    assert scan.rss_dbm == {"a": -62.0, "b": -70.0}
    assert scan.time_s == 106.0
    assert scan.age_s == {"a": 0.0, "b": 5.0}
    assert window.complete(110.0) == []


def test_too_few_receivers_make_no_scan() -> None:
    window = ReceiverWindow(window_s=10.0, min_receivers=3)
    window.hear("keys", "a", -60.0, 0.0)
    window.hear("keys", "b", -60.0, 1.0)
    assert window.complete(20.0) == []
    assert len(window) == 0


def test_a_reading_of_long_ago_does_not_join_and_a_clock_set_back_closes_the_window() -> None:
    window = ReceiverWindow(window_s=10.0, min_receivers=1)
    window.hear("keys", "a", -60.0, 1000.0)
    window.hear("keys", "b", -60.0, 900.0)
    [(_, scan)] = window.complete(500.0)
    assert scan.rss_dbm == {"a": -60.0}


@pytest.mark.parametrize("rss_dbm", [1.0, -121.0, float("nan"), float("inf")])
def test_reading_that_is_no_rss_is_refused(rss_dbm: float) -> None:
    with pytest.raises(BadInputError, match=r"the RSS of keys at hall is .*; give dBm from -120 to 0"):
        ReceiverWindow().hear("keys", "hall", rss_dbm, 0.0)


def test_time_and_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(BadInputError, match="give seconds since 1970"):
        ReceiverWindow().hear("keys", "hall", -60.0, float("nan"))
    with pytest.raises(BadInputError, match="window_s is 0"):
        ReceiverWindow(window_s=0)
    with pytest.raises(BadInputError, match="min_receivers is 0"):
        ReceiverWindow(min_receivers=0)


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz"), st.floats(-120, 0), st.floats(0, 100)),
        max_size=60,
    )
)
def test_scans_hold_what_was_heard_and_no_more_windows_than_allowed_stay_open(
    readings: list[tuple[str, str, float, float]],
) -> None:
    window = ReceiverWindow(window_s=10.0, min_receivers=1, max_devices=3)
    for device, receiver, rss_dbm, time_s in readings:
        window.hear(device, receiver, rss_dbm, time_s)
        assert len(window) <= 3
    for device, scan in window.complete(1000.0):
        for receiver, mean_dbm in scan.rss_dbm.items():
            heard = [rss for d, r, rss, _ in readings if (d, r) == (device, receiver)]
            assert min(heard) - 1e-9 <= mean_dbm <= max(heard) + 1e-9
        assert all(age_s >= 0 for age_s in scan.age_s.values())
