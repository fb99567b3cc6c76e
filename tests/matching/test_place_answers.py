"""Places of answers: votes, probabilities, sets, records."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tutelage.errors import BadInputError
from tutelage.runtime.landmarks import Landmarks
from tutelage.runtime.place_calibration import (
    Certainty,
    PlaceCalibration,
    PlaceMarks,
    VoteCurve,
    answered_column,
)
from tutelage.runtime.places import PlaceAnswers, PlaceVotes
from tutelage.runtime.rows import CompressedRows

NAMES = np.array(["hall", "kitchen", "office"])


def votes(*rows: list[float]) -> PlaceVotes:
    return PlaceVotes(NAMES, np.array(rows, dtype=float))


def marks() -> PlaceMarks:
    """One landmark for each place, which hears an access point of its own."""
    value = CompressedRows(np.ones(3, np.float32), np.arange(3), np.arange(4), (3, 3))
    return PlaceMarks(Landmarks(-100.0, value, np.full((3, 2), np.nan)), NAMES, np.arange(3))


def scans(n: int, column: int = 0) -> CompressedRows:
    """The same access point in each scan."""
    return CompressedRows(np.full(n, -50.0, np.float32), np.full(n, column), np.arange(n + 1), (n, 3))


def calibration(score: list[float], *, floor: float = 0.0) -> PlaceCalibration:
    share = np.full(len(score), 1 / (len(score) + 1))
    lines = VoteCurve(1.0, floor, 0.0), Certainty(0.0, 1.0, 0.0)
    return PlaceCalibration(*lines, marks(), np.array(score), share, 0.5, 0.01, len(score), 0.9, 0.0)


def answers(known: PlaceCalibration, *rows: list[float], level: float = 0.9) -> PlaceAnswers:
    return known.answers(votes(*rows), scans(len(rows)), level)[0]


def as_shares(raw: np.ndarray) -> np.ndarray:
    total = raw.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(raw, total, out=np.zeros_like(raw), where=total > 0))


# Smaller ones vanish when they are raised to a power.
shares = arrays(np.float64, (4, 3), elements=st.just(0.0) | st.floats(1e-6, 1)).map(as_shares)


@given(shares, st.floats(0.1, 8), st.floats(0.001, 0.9))
def test_probabilities_sum_to_one_and_keep_the_order_of_the_votes(
    share: np.ndarray, sharpness: float, floor: float
) -> None:
    probability = VoteCurve(sharpness, floor, 0.0).probability(share, np.zeros(share.shape))
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert (probability >= floor / 3 - 1e-12).all()
    for one, other in zip(share, probability, strict=True):
        assert (np.diff(other[np.argsort(one)]) >= -1e-12).all()


@given(shares, st.floats(-3, 3), st.floats(0.1, 2))
def test_corrected_probabilities_sum_to_one(share: np.ndarray, intercept: float, slope: float) -> None:
    probability = VoteCurve(1.0, 0.2, 0.0).probability(share, np.zeros(share.shape))
    best = answered_column(share, probability)
    corrected = Certainty(intercept, slope, 0.0).corrected(probability, share, best)
    np.testing.assert_allclose(corrected.sum(axis=1), 1)
    assert ((corrected >= 0) & (corrected <= 1)).all()


def test_places_without_votes_are_divided_by_likeness() -> None:
    likeness = marks().likeness(scans(1, column=2))
    assert likeness.round(6).tolist() == [[0, 0, 1]]
    probability = VoteCurve(1.0, 0.5, 10.0).probability(np.array([[1.0, 0, 0]]), likeness)
    assert probability[0, 0] == pytest.approx(0.5, abs=1e-3)
    assert probability[0, 2] == pytest.approx(0.5, abs=1e-3)


def test_a_scan_unlike_every_landmark_is_marked() -> None:
    known = calibration([0.1] * 20)
    assert known.answers(votes([1, 0, 0]), scans(1), 0.9)[1].tolist() == [False]
    silent = CompressedRows(np.empty(0, np.float32), np.empty(0, int), np.array([0, 0]), (1, 3))
    assert known.answers(votes([1, 0, 0]), silent, 0.9)[1].tolist() == [True]


def test_sets_hold_the_places_that_held_out_scans_could_be_in() -> None:
    known = calibration([0.0] * 10 + [0.6] * 9)  # the truth had 40 % at worst
    found = answers(known, [0.5, 0.42, 0.08], [0.9, 0.06, 0.04])
    assert [each["place_set"] for each in found.records()] == [["hall", "kitchen"], ["hall"]]
    assert found.set_size.tolist() == [2, 1]
    assert found.holds(np.array(["kitchen", "cellar"])).tolist() == [True, False]


def test_too_few_blocks_give_the_set_of_all_places() -> None:
    assert answers(calibration([0.0] * 5), [1, 0, 0], level=0.95).set_size.tolist() == [3]


def test_a_level_is_a_share() -> None:
    with pytest.raises(BadInputError, match="level is 95"):
        answers(calibration([0.0]), [1, 0, 0], level=95)


def test_calibration_is_the_same_once_it_was_written_and_read() -> None:
    one = calibration([0.1, 0.2, 0.3], floor=0.1)
    other = PlaceCalibration.from_config(one.config(), one.tensors())
    assert other.config() == one.config()
    np.testing.assert_array_equal(other.score, one.score)
    np.testing.assert_array_equal(other.marks.likeness(scans(2)), one.marks.likeness(scans(2)))


def test_rows_are_selected_spread_joined_and_taken_away() -> None:
    found = answers(calibration([0.1] * 20), [1, 0, 0], [0, 0, 1])
    spread = found.spread(np.array([True, False, True]))
    assert spread.best.tolist() == ["hall", "", "office"]
    assert spread[2:].best.tolist() == ["office"]
    assert spread.records()[1] == {"place": None, "place_probability": None, "place_set": []}
    joined = PlaceAnswers.join([found, spread])
    assert joined is not None
    assert joined.best.tolist() == ["hall", "office", "hall", "", "office"]
    assert spread.without(np.array([True, False, False])).best.tolist() == ["", "", "office"]
    assert PlaceAnswers.join([found, None]) is None


def test_votes_are_mixed_by_their_shares() -> None:
    mixed = votes([1, 0, 0]).mixed_with(votes([0, 1, 0]), 0.25)
    assert mixed.share.tolist() == [[0.75, 0.25, 0]]
