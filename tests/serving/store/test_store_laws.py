"""Laws of the store on either database: what comes twice, or in another order, changes nothing."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.serving.store import Device, Store, SurveyScan, SurveySession, TrackPoint

# One store for all examples of a test; each has devices and sessions of its own.
on_one_store = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
times = st.floats(0, 4e9)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
names = itertools.count()


points = st.lists(
    st.builds(
        TrackPoint,
        device=texts,
        time_s=times,
        x_m=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        place=st.none() | texts,
        payload=st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts, max_size=2),
    ),
    max_size=8,
    unique_by=lambda point: (point.device, point.time_s),
)


@on_one_store
@given(points, st.data())
def test_points_in_any_order_and_number_make_one_track(
    store: Store, drawn: list[TrackPoint], data: st.DataObject
) -> None:
    example = next(names)
    own = [replace(point, device=f"{example} {point.device}") for point in drawn]
    sent = data.draw(st.permutations(own + own))
    cut = data.draw(st.integers(0, len(sent)))
    assert store.tracks.add(sent[:cut]) + store.tracks.add(sent[cut:]) == len(own)
    for device in {point.device for point in own}:
        track = sorted((point for point in own if point.device == device), key=lambda point: point.time_s)
        assert store.tracks.of(device) == track
        assert store.devices.get(device) == Device(device, device, track[0].time_s, track[-1].time_s)
        assert [point for point in store.tracks.last() if point.device == device] == track[-1:]


@on_one_store
@given(st.dictionaries(texts, times, max_size=8), st.data())
def test_scans_in_any_order_and_number_make_one_survey(
    store: Store, drawn: dict[str, float], data: st.DataObject
) -> None:
    session = f"session {next(names)}"
    store.surveys.add_session(SurveySession(session, "x", 1.0))
    scans = [
        SurveyScan(f"{session} {name}", time_s, {name: -60.0}, {}, session) for name, time_s in drawn.items()
    ]
    sent = data.draw(st.permutations(scans + scans))
    cut = data.draw(st.integers(0, len(sent)))
    assert store.surveys.add_scans(sent[:cut]) + store.surveys.add_scans(sent[cut:]) == len(scans)
    found = store.surveys.scans_of(session)
    assert [scan.time_s for scan in found] == sorted(drawn.values())
    assert sorted(found, key=lambda scan: scan.id) == sorted(scans, key=lambda scan: scan.id)


@on_one_store
@given(st.lists(times, unique=True), times)
def test_retention_removes_old_points_and_no_scan(store: Store, drawn: list[float], before_s: float) -> None:
    example = next(names)
    session, device = f"session {example}", f"device {example}"
    store.tracks.prune(5e9)
    store.surveys.add_session(SurveySession(session, "x", 0.0, device=device))
    store.tracks.add([TrackPoint(device, time_s) for time_s in drawn])
    scans = [SurveyScan(f"{device} {time_s}", time_s, {}, {}, session, device) for time_s in drawn]
    store.surveys.add_scans(scans)
    assert store.tracks.prune(before_s) == sum(time_s < before_s for time_s in drawn)
    assert [point.time_s for point in store.tracks.of(device)] == sorted(t for t in drawn if t >= before_s)
    assert len(store.surveys.scans_of(session)) == len(scans)
