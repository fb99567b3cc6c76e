"""Interpolation between marks: laws that hold for every walk."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tutelage.data.forms.marks import Marks, positions_between
from tutelage.errors import BadInputError

WALK = st.lists(
    st.tuples(st.integers(0, 1000), st.floats(-1e-3, 1e-3), st.floats(-1e-3, 1e-3)),
    min_size=2,
    max_size=8,
    unique_by=lambda mark: mark[0],
)


def error(message: str, row: int | None, column: str | None) -> BadInputError:
    return BadInputError(message, row=row, column=column)


def marks_of(walk: list[tuple[int, float, float]]) -> Marks:
    marks = Marks()
    for row, (time, north, east) in enumerate(walk, start=1):
        marks.add(float(time), [repr(40 + north), repr(1 + east), "0", "0"], row)
    return marks


@given(WALK)
def test_at_a_mark_the_position_is_the_mark(walk: list[tuple[int, float, float]]) -> None:
    columns, kept, lost = positions_between(marks_of(walk), np.array([float(m[0]) for m in walk]), error)
    assert kept.tolist() == list(range(len(walk)))
    assert all(len(which) == 0 for _, which, _, _ in lost)
    np.testing.assert_array_equal(columns["lat"], [40 + m[1] for m in walk])
    np.testing.assert_array_equal(columns["lon"], [1 + m[2] for m in walk])


@given(WALK, st.lists(st.floats(-10, 1010), min_size=1))
def test_order_of_marks_changes_nothing_and_outside_them_is_no_position(
    walk: list[tuple[int, float, float]], times: list[float]
) -> None:
    first = min(walk)[0]
    last = max(walk)[0]
    asked = np.array([*times, float(first)])
    columns, kept, lost = positions_between(marks_of(walk), asked, error)
    other, same, _ = positions_between(marks_of(walk[::-1]), asked, error)
    assert kept.tolist() == same.tolist() == np.flatnonzero((asked >= first) & (asked <= last)).tolist()
    assert sorted([*kept, *(i for each in lost for i in each[1])]) == list(range(len(asked)))
    for name in ("lat", "lon"):
        np.testing.assert_array_equal(columns[name], other[name])
        at = np.array([m[1] + 40 if name == "lat" else m[2] + 1 for m in sorted(walk)])
        expected = np.interp(asked[kept], sorted(m[0] for m in walk), at)
        np.testing.assert_allclose(np.asarray(columns[name]), expected, rtol=0, atol=1e-12)
