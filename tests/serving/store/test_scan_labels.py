"""Scans get the place where the surveyor stood, or walked by, when they were taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.errors import BadInputError
from tutelage.serving.store import LabelledScan, Mark, SurveyScan
from tutelage.serving.store.scan_labels import label_scans, mark_at

STAND = Mark("s", "session", "stand", 10.0, 20.0, x_m=1.0, y_m=2.0, floor="0", building="main", place="hall")
WALK = Mark("w", "session", "walk", 30.0, 40.0, 0.0, 0.0, 10.0, -20.0, floor="1")


def scan(time_s: float) -> SurveyScan:
    return SurveyScan(f"scan {time_s}", time_s, {"ap": -60.0})


def positions(*times: float, offset_s: float = 0.0) -> list[tuple[float | None, float | None]]:
    labelled = label_scans(map(scan, times), [STAND, WALK], offset_s)
    return [(each.x_m, each.y_m) for each in labelled]


def test_a_stand_gives_its_position_and_labels_from_click_to_click() -> None:
    assert label_scans([scan(15.0)], [STAND], 0.0) == [
        LabelledScan(scan(15.0), "s", 1.0, 2.0, "0", "main", "hall")
    ]
    assert positions(9.99, 10.0, 20.0, 20.01) == [(1.0, 2.0), (1.0, 2.0)]


def test_a_walk_gives_the_position_of_a_steady_walker() -> None:
    assert positions(30.0, 32.5, 40.0) == [(0.0, 0.0), (2.5, -5.0), (10.0, -20.0)]


def test_times_of_the_device_are_put_right() -> None:
    assert positions(110.0, 132.5, offset_s=-100.0) == [(1.0, 2.0), (2.5, -5.0)]


def test_an_undone_mark_and_one_without_an_end_give_nothing() -> None:
    for mark in (replace(STAND, undone=True), replace(STAND, end_s=None)):
        assert label_scans([scan(15.0)], [mark], 0.0) == []


def test_a_place_needs_no_position() -> None:
    (labelled,) = label_scans([scan(15.0)], [replace(STAND, x_m=None, y_m=None)], 0.0)
    assert (labelled.x_m, labelled.y_m, labelled.place) == (None, None, "hall")


def test_who_clicks_on_a_new_place_has_left_the_old_one() -> None:
    later = replace(STAND, id="later", start_s=20.0, end_s=30.0, place="stairs")
    assert [mark_at([STAND, later], time_s) for time_s in (19.9, 20.0, 25.0)] == [STAND, later, later]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"end_s": 9.0}, "before its start"),
        ({"kind": "run"}, "Allowed: stand, walk"),
        ({"y_m": None}, "half a position"),
        ({"kind": "walk"}, "lacks a position"),
        ({"x2_m": 1.0, "y2_m": 1.0}, "only a walk has two"),
    ],
)
def test_a_mark_that_gives_no_label_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        replace(STAND, **changes)  # type: ignore[arg-type]


metres = st.floats(-1000, 1000)
times = st.floats(0, 100)


@st.composite
def marks(draw: st.DrawFn) -> list[Mark]:
    """Marks of one session, some of them in each other's time."""
    drawn = []
    for number in range(draw(st.integers(0, 5))):
        start_s, end_s = sorted((draw(times), draw(times)))
        walks = draw(st.booleans())
        mark = Mark(
            id=f"m{number}",
            session="session",
            kind="walk" if walks else "stand",
            start_s=start_s,
            end_s=end_s,
            x_m=draw(metres),
            y_m=draw(metres),
            x2_m=draw(metres) if walks else None,
            y2_m=draw(metres) if walks else None,
            place=f"m{number}",
            undone=draw(st.booleans()),
        )
        drawn.append(mark)
    return drawn


@given(marks(), st.lists(times, unique=True), st.floats(-50, 50), st.randoms())
def test_labels_are_those_of_a_mark_around_the_scan_in_any_order(
    drawn: list[Mark], scan_times: list[float], offset_s: float, random: object
) -> None:
    scans = [scan(time_s) for time_s in scan_times]
    labelled = {each.scan.id: each for each in label_scans(scans, drawn, offset_s)}
    assert len(labelled) == len(label_scans(scans, drawn, offset_s))
    by_id = {mark.id: mark for mark in drawn}
    for each in scans:
        around = [
            mark
            for mark in drawn
            if not mark.undone and mark.start_s <= each.time_s + offset_s <= (mark.end_s or 0.0)
        ]
        assert (each.id in labelled) == bool(around)
        if around:
            label = labelled[each.id]
            mark = by_id[str(label.place)]
            assert mark.start_s == max(other.start_s for other in around)
            for got, first, second in ((label.x_m, mark.x_m, mark.x2_m), (label.y_m, mark.y_m, mark.y2_m)):
                assert first is not None
                assert got is not None
                ends = (first, first if second is None else second)
                assert min(ends) - 1e-9 <= got <= max(ends) + 1e-9
    random.shuffle(drawn)  # type: ignore[attr-defined]
    assert {each.scan.id: each for each in label_scans(scans[::-1], drawn, offset_s)} == labelled


@given(marks(), st.lists(times, unique=True), st.sampled_from([-32.0, -0.5, 0.0, 64.0]))
def test_a_clock_that_is_wrong_by_the_offset_changes_nothing(
    drawn: list[Mark], scan_times: list[float], offset_s: float
) -> None:
    on_time = [round(time_s * 1024) / 1024 for time_s in scan_times]  # the sum is exact
    expected = label_scans([SurveyScan(str(n), time_s, {}) for n, time_s in enumerate(on_time)], drawn, 0.0)
    late = [SurveyScan(str(n), time_s - offset_s, {}) for n, time_s in enumerate(on_time)]
    labels = label_scans(late, drawn, offset_s)
    assert [(each.scan.id, each.x_m, each.y_m) for each in labels] == [
        (each.scan.id, each.x_m, each.y_m) for each in expected
    ]
