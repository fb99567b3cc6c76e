"""Numbers that no receiver measures: found, and named as what they are."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.data.forms.not_heard import NotHeard
from tutelage.data.forms.strengths import codes_option, common_value, find_strangers
from tutelage.errors import BadInputError


def test_undeclared_code_rule_leaves_real_readings_alone() -> None:
    assert find_strangers(np.full(6, -90.0), 6) is None  # plausible, however frequent
    half = np.array([-110.0, -110.0, -110.0, -50.0, -60.0, -70.0])
    assert find_strangers(half, 6) is None
    strangers = find_strangers(np.where(half == -50.0, -110.0, half), 6)
    assert strangers is not None
    assert strangers.not_heard == "-110"


def test_zeros_in_a_twentieth_of_the_cells_are_a_code_and_two_are_a_slip() -> None:
    readings = np.full(100, -60.0)
    readings[:5] = 0
    assert find_strangers(readings, 100) is None
    readings[5] = 0
    strangers = find_strangers(readings, 100)
    assert strangers is not None
    assert (strangers.not_heard, strangers.share.tolist()) == ("0", [0.06])
    assert find_strangers(np.array([0.0, 0.0, *[-50.0] * 28]), 30) is None


def test_several_faint_codes_are_one_bound() -> None:
    strangers = find_strangers(np.array([-200.0] * 9 + [-199.0, -198.0, -70.0, 100.0, 100.0]), 14)
    assert strangers is not None
    assert strangers.not_heard == "'100,<=-198'"
    assert codes_option(np.array([1.0, 2.0, 3.0, 4.0])) == ""


@pytest.mark.parametrize(
    ("readings", "kind"),
    [
        ([20, 31, 44, 37, 55, 100, 28, 49], "percent"),
        ([60, 54, 56, 88, 100, 62, 64], "percent"),  # all even
        ([71, 85, 90, 66, 48, 93, 88, 79], "unsigned"),
        ([-71, -85, -90, -66, 100, 100, 100], "codes"),
    ],
)
def test_positive_numbers_are_told_apart_by_their_size(readings: list[float], kind: str) -> None:
    strangers = find_strangers(np.array(readings, dtype=float), len(readings))
    assert strangers is not None
    assert strangers.kind == kind


def test_a_value_in_half_of_all_cells_is_common() -> None:
    assert common_value(np.array([-100.0] * 6 + [-50.0, -60.0]), 10) == -100
    assert common_value(np.array([-80.0] * 4 + [-50.0, -60.0]), 10) is None
    assert common_value(np.full(10, -60.0), 10) is None  # nothing else is there to compare with


def test_a_faint_value_far_below_the_others_is_common() -> None:
    assert common_value(np.array([-110.0] * 3 + [-50.0, -60.0, -90.0]), 10) == -110
    assert common_value(np.array([-110.0] * 2 + [-50.0, -60.0, -90.0]), 10) is None  # slips
    assert common_value(np.array([-110.0] * 3 + [-50.0, -60.0, -90.0]), 100) is None
    assert common_value(np.array([-98.0] * 3 + [-97.0, -60.0, -90.0]), 10) is None  # readings go on above it
    assert common_value(np.array([-90.0] * 3 + [-80.0, -60.0]), 10) is None  # receivers measure it


@pytest.mark.parametrize(
    ("given", "is_code"),
    [
        (100, [True, False, False, False]),
        ("100,0", [True, True, False, False]),
        ("<=-100", [False, False, True, False]),
        ([100, "< -50"], [True, False, True, True]),
        (None, [False] * 4),
    ],
)
def test_codes_are_values_and_bounds(given: object, is_code: list[bool]) -> None:
    codes = NotHeard.of(given)  # type: ignore[arg-type]
    for kind in (np.float32, np.float64):
        assert codes.means(np.array([100, 0, -110, -70], dtype=kind)).tolist() == is_code
    assert not codes.means(np.array([np.nan])).any()


@pytest.mark.parametrize("given", ["x", "100,none", "<=", "nan"])
def test_what_is_no_code_is_refused(given: str) -> None:
    with pytest.raises(BadInputError, match="give a number, several"):
        NotHeard.of(given)
