"""Single scans, reference points, and what train and test share."""

from __future__ import annotations

import numpy as np
import pytest
from checked import checked, codes, found, scans_of
from hypothesis import given
from hypothesis import strategies as st

NAN = float("nan")
SOUND = [[-40.0 - i, -70.0 + i, -60.0] for i in range(12)]
PLACES = [(4.0 * (i // 3), 0.0) for i in range(12)]


def test_a_sound_survey_has_no_findings() -> None:
    check = checked(scans_of(SOUND, PLACES, floor=["1"] * 12, device=["a", "b"] * 6))
    assert check.findings == ()
    assert (check.n_train, check.n_test, check.n_access_points, check.n_errors) == (12, 0, 3, 0)


def test_blank_scans_are_named_with_their_rows() -> None:
    check = checked(scans_of([*SOUND, [NAN, NAN, NAN]], [*PLACES, (0.0, 0.0)]))
    blank = found(check, "blank_scan")
    assert (blank.split, blank.rows, blank.scans, blank.severity) == ("train", (13,), ("s12",), "warning")
    assert blank.message == "1 scan hears no access point"


def test_a_survey_that_hears_nothing_at_all_is_an_error() -> None:
    check = checked(scans_of([[NAN, NAN]] * 3))
    assert (found(check, "blank_scan").severity, check.n_errors) == ("error", 1)


def test_a_repeat_is_alike_in_readings_place_and_labels() -> None:
    again = [*SOUND, SOUND[2], SOUND[2], SOUND[4]]
    places = [*PLACES, PLACES[2], (99.0, 0.0), PLACES[4]]
    floor = ["1"] * 14 + ["2"]
    assert found(checked(scans_of(again, places, floor=floor)), "duplicate_scan").rows == (13,)


@given(
    st.lists(st.lists(st.sampled_from([NAN, -50.0, -60.0]), min_size=3, max_size=3), min_size=1, max_size=12)
)
def test_repeats_are_those_that_a_plain_loop_finds(rss_dbm: list[list[float]]) -> None:
    seen: set[tuple[str, ...]] = set()
    expected = []
    for i, row in enumerate(rss_dbm, start=1):
        key = tuple(map(str, row))
        expected += [i] if key in seen else []
        seen.add(key)
    check = checked(scans_of(rss_dbm, [(0.0, 0.0)] * len(rss_dbm)))
    assert ("duplicate_scan" in codes(check)) == bool(expected)
    if expected:
        assert found(check, "duplicate_scan").rows == tuple(expected)


def test_leaks_are_the_same_readings_wherever_the_columns_stand() -> None:
    train = scans_of(SOUND, PLACES, names=["a", "b", "c"])
    test = scans_of([[-60.0, -70.0, -40.0], [-60.0, -70.0, -40.5], [NAN, NAN, NAN]], names=["c", "b", "a"])
    leak = found(checked(train, test), "leak")
    assert (leak.split, leak.rows) == ("test", (1,))


def test_readings_that_no_receiver_measures() -> None:
    strong = [list(row) for row in SOUND]
    strong[3][1] = -1.0
    strong[5][1] = 0.0
    strong[5][2] = 0.0
    strong[6][0] = -1.5
    impossible = found(checked(scans_of(strong, PLACES)), "impossible_rss")
    assert impossible.rows == (4, 6)
    assert impossible.access_points == ("ap1", "ap2")
    assert impossible.message.startswith("3 readings in 2 scans")


@pytest.mark.parametrize(("x", "y"), [(24.945, 60.17), (60.17, 24.945), (-0.06, 39.99)])
def test_degrees_are_an_error(x: float, y: float) -> None:
    places = [(x + 1e-5 * i, y + 2e-5 * (i % 4)) for i in range(12)]
    check = checked(scans_of(SOUND, places))
    assert found(check, "degrees").severity == "error"
    assert check.n_errors == 1
    assert check.findings[0].code == "degrees"  # the worst first


@pytest.mark.parametrize("extent", [1.0, 30.0])
def test_metres_are_no_degrees(extent: float) -> None:
    places = [(extent * i / 11, 0.0) for i in range(12)]
    assert "degrees" not in codes(checked(scans_of(SOUND, places)))


def test_places_that_no_survey_spans_are_a_warning() -> None:
    places = [(3.0 * i, 2.0 * (i % 4)) for i in range(12)]
    assert "far_away" not in codes(checked(scans_of(SOUND, places)))
    away = [*places[:10], (329_000.0, 6_824_000.0), (33.0, 5_100.0)]
    far = found(checked(scans_of(SOUND, away)), "far_away")
    assert (far.severity, far.rows) == ("warning", (11, 12))
    assert "2 scans lie farther than 5 km" in far.message
    assert "up to 6,832 km" in far.message


def test_scans_without_a_floor_where_others_have_one() -> None:
    floor = ["1"] * 11 + [""]
    assert found(checked(scans_of(SOUND, PLACES, floor=floor)), "unnamed_floor").rows == (12,)
    assert "unnamed_floor" not in codes(checked(scans_of(SOUND, PLACES)))


def test_points_with_few_scans_are_a_warning_where_others_have_more_and_else_a_note() -> None:
    few = found(checked(scans_of([*SOUND, [-50.0, -51.0, -52.0]], [*PLACES, (70.0, 0.0)])), "few_scans")
    assert (few.severity, few.rows) == ("warning", (13,))
    single = found(checked(scans_of(SOUND, [(float(i), 0.0) for i in range(12)])), "few_scans")
    assert (single.severity, single.rows) == ("note", ())


def test_rows_and_ids_of_a_finding_belong_together() -> None:
    rss = np.full((6, 2), -50.0) - np.arange(6)[:, None]
    rss[[1, 4]] = NAN
    blank = found(checked(scans_of(rss.tolist(), [(float(i), 0.0) for i in range(6)])), "blank_scan")
    assert dict(zip(blank.rows, blank.scans, strict=True)) == {2: "s1", 5: "s4"}
