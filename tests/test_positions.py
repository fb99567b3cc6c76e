"""Answers of a localizer."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tutelage.runtime.degrees import to_metres, utm_epsg
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.positions import Positions

ANSWERS = Positions(
    scan_id=np.array(["s1", "s2"]),
    position_m=np.array([[1.23456, 2.0], [np.nan, np.nan]]),
    frame=LocalFrame((4_865_000.0, -7_600.0), 3857),
    reason=np.array(["", "no known access point"]),
    n_unknown=np.array([1, 4]),
    floor=np.array(["3", ""]),
)


def test_answered_marks_the_scans_with_a_position() -> None:
    assert len(ANSWERS) == 2
    np.testing.assert_array_equal(ANSWERS.answered, [True, False])


def test_absolute_position_adds_the_origin_in_float64() -> None:
    np.testing.assert_allclose(ANSWERS.absolute_position_m[0], [4_865_001.23456, -7_598.0], rtol=0, atol=1e-8)


def test_records_are_plain_json_with_none_where_nothing_is_known() -> None:
    answered, unanswered = json.loads(json.dumps(ANSWERS.records(), allow_nan=False))
    assert answered == {
        "scan_id": "s1",
        "x_m": 4_865_001.235,
        "y_m": -7_598.0,
        "lat": -0.068254,
        "lon": 43.7030497,
        "radius_m": None,
        "level": None,
        "floor": "3",
        "building": None,
        "n_unknown": 1,
        "reason": "",
    }
    assert [unanswered[name] for name in ("x_m", "y_m", "lat", "lon", "floor")] == [None] * 5
    assert (unanswered["n_unknown"], unanswered["reason"]) == (4, "no known access point")


def test_without_an_epsg_code_there_are_no_degrees() -> None:
    plan = replace(ANSWERS, frame=LocalFrame((100.0, 200.0)))
    assert plan.lat_lon is None
    assert "lat" not in plan.records()[0]
    assert replace(ANSWERS, frame=LocalFrame(epsg=4978)).lat_lon is None  # in metres, but not east and north


@given(st.floats(-79.9, 83.9), st.floats(-179.9, 179.9))
def test_degrees_of_an_answer_are_its_place_to_a_centimetre(latitude: float, longitude: float) -> None:
    epsg = utm_epsg(np.array([[latitude, longitude]]))
    absolute_m = to_metres(np.array([[latitude, longitude]] * 2), epsg)
    frame = LocalFrame.around(absolute_m, epsg)
    answers = replace(ANSWERS, position_m=absolute_m - np.asarray(frame.origin_m), frame=frame)
    record = answers.records()[0]
    told = to_metres(np.array([[record["lat"], record["lon"]]]), epsg)
    assert np.hypot(*(told - absolute_m[:1])[0]) < 0.01
