"""Places of answers: votes, probabilities, sets, records."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tutelage.errors import BadInputError
from tutelage.runtime.place_calibration import PlaceCalibration, place_probability
from tutelage.runtime.places import PlaceAnswers, PlaceVotes

NAMES = np.array(["hall", "kitchen", "office"])


def votes(*rows: list[float]) -> PlaceVotes:
    return PlaceVotes(NAMES, np.array(rows, dtype=float))


def calibration(score: list[float], **changes: float) -> PlaceCalibration:
    share = np.full(len(score), 1 / (len(score) + 1))
    figures = {"sharpness": 1.0, "floor": 0.0} | changes
    return PlaceCalibration(
        figures["sharpness"],
        figures["floor"],
        np.array(score),
        share,
        None,
        np.inf,
        0.01,
        len(score),
        0.9,
        0.0,
    )


def as_shares(raw: np.ndarray) -> np.ndarray:
    total = raw.sum(axis=1, keepdims=True)
    return np.divide(raw, total, out=np.zeros_like(raw), where=total > 0)


# Smaller ones vanish when they are raised to a power.
shares = arrays(np.float64, (4, 3), elements=st.just(0.0) | st.floats(1e-6, 1)).map(as_shares)


@given(shares, st.floats(0.1, 8), st.floats(0.001, 0.9))
def test_probabilities_sum_to_one_and_keep_the_order_of_the_votes(
    share: np.ndarray, sharpness: float, floor: float
) -> None:
    probability = place_probability(share, sharpness, floor)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert (probability >= floor / 3 - 1e-12).all()
    for one, other in zip(share, probability, strict=True):
        assert (np.diff(other[np.argsort(one)]) >= -1e-12).all()


def test_a_scan_without_votes_has_no_place() -> None:
    answers = calibration([0.1] * 20).answers(votes([0, 0, 0], [0, 1, 0]), 0.9)
    assert answers.best.tolist() == ["", "kitchen"]
    assert np.isnan(answers.best_probability[0])
    assert answers.records()[0] == {
        "place": None,
        "place_probability": None,
        "place_set": ["hall", "kitchen", "office"],
    }


def test_sets_hold_the_places_that_held_out_scans_could_be_in() -> None:
    known = calibration([0.0] * 10 + [0.6] * 9)  # the truth had 40 % at worst
    found = known.answers(votes([0.5, 0.42, 0.08], [0.9, 0.06, 0.04]), 0.9)
    assert [each["place_set"] for each in found.records()] == [["hall", "kitchen"], ["hall"]]
    assert found.set_size.tolist() == [2, 1]
    assert found.holds(np.array(["kitchen", "cellar"])).tolist() == [True, False]


def test_too_few_blocks_give_the_set_of_all_places() -> None:
    assert calibration([0.0] * 5).answers(votes([1, 0, 0]), 0.95).set_size.tolist() == [3]


def test_a_level_is_a_share() -> None:
    with pytest.raises(BadInputError, match="level is 95"):
        calibration([0.0]).answers(votes([1, 0, 0]), 95)


def test_calibration_is_the_same_once_it_was_written_and_read() -> None:
    one = calibration([0.1, 0.2, 0.3], sharpness=1.5, floor=0.1)
    other = PlaceCalibration.from_config(one.config(), one.tensors())
    assert other.config() == one.config()
    np.testing.assert_array_equal(other.score, one.score)


def test_rows_are_selected_spread_joined_and_taken_away() -> None:
    answers = calibration([0.1] * 20).answers(votes([1, 0, 0], [0, 0, 1]), 0.9)
    spread = answers.spread(np.array([True, False, True]))
    assert spread.best.tolist() == ["hall", "", "office"]
    assert spread[2:].best.tolist() == ["office"]
    joined = PlaceAnswers.join([answers, spread])
    assert joined is not None
    assert joined.best.tolist() == ["hall", "office", "hall", "", "office"]
    assert spread.without(np.array([True, False, False])).best.tolist() == ["", "", "office"]
    assert PlaceAnswers.join([answers, None]) is None


def test_votes_are_mixed_by_their_shares() -> None:
    mixed = votes([1, 0, 0]).mixed_with(votes([0, 1, 0]), 0.25)
    assert mixed.share.tolist() == [[0.75, 0.25, 0]]
