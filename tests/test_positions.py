"""Answers of a localizer."""

from __future__ import annotations

import json

import numpy as np

from tutelage.frames import LocalFrame
from tutelage.positions import Positions

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
        "radius_m": None,
        "floor": "3",
        "building": None,
        "n_unknown": 1,
        "reason": "",
    }
    assert (unanswered["x_m"], unanswered["y_m"], unanswered["floor"]) == (None, None, None)
    assert (unanswered["n_unknown"], unanswered["reason"]) == (4, "no known access point")
