from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.evaluation import error_cdf, evaluate_positions
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.positions import Positions

NAN = math.nan


def test_figures_match_hand_computed_values(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth = make_truth("abcde", np.zeros((5, 2)))
    answers = make_answers("abcde", [[3, 4], [0, 1], [6, 8], [0, 2], [0, -3]])

    evaluation = evaluate_positions(answers, truth, name="k-NN")

    assert evaluation.name == "k-NN"
    assert evaluation.errors_m.tolist() == [5, 1, 10, 2, 3]
    assert evaluation.figures() == {
        "n": 5,
        "mae_m": pytest.approx(21 / 5),
        "median_m": 3.0,
        "p75_m": 5.0,
        "p95_m": pytest.approx(9.0),  # 0.95 * 4 = 3.8 steps along 1, 2, 3, 5, 10
        "ground_mae_m": pytest.approx(21 / 5),
        "floor_hit": None,
        "building_hit": None,
        "ipin_p75_m": None,
        "evaal_mae_m": None,
        "coverage": None,
        "radius_m": None,
        "place_hit": None,
        "place_balanced": None,
        "place_set_coverage": None,
        "place_set_size": None,
        "n_no_position": 0,
        "n_refused": None,
    }


def test_repr_shows_the_figures_not_the_arrays(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    evaluation = evaluate_positions(make_answers("a", [[3, 4]]), make_truth("a", [[0, 0]]), name="k-NN")
    assert repr(evaluation) == (
        "Evaluation('k-NN', n=1, mae_m=5.00, median_m=5.00, p75_m=5.00, p95_m=5.00, ground_mae_m=5.00, "
        "n_no_position=0)"
    )


@settings(max_examples=50)
@given(order=st.permutations(range(6)))
def test_evaluation_does_not_depend_on_the_order_of_the_answers(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions], order: list[int]
) -> None:
    ids, x = np.array(list("abcdef")), np.arange(6.0)
    truth = make_truth(ids, np.zeros((6, 2)), floor=list("000111"))
    position_m = np.column_stack([x, 0 * x])
    answers = make_answers(ids[order], position_m[order], floor=np.array(list("001111"))[order])

    evaluation = evaluate_positions(answers, truth)

    assert evaluation.errors_m.tolist() == [0, 1, 2, 3, 4, 5]
    assert evaluation.answers.scan_id.tolist() == list("abcdef")
    assert evaluation.answers.n_unknown.tolist() == np.argsort(order).tolist()
    assert evaluation.figures()["floor_hit"] == pytest.approx(5 / 6)


def test_floors_of_other_names_are_said(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth = make_truth("ab", np.zeros((2, 2)), floor=["EG", "1. OG"])
    answers = make_answers("ab", np.zeros((2, 2)), floor=np.array(["0", "1"]))
    found = evaluate_positions(answers, truth, name="m")
    assert found.note.startswith(
        "m knows none of these floors by its name: it answers 0, 1, the scans say 1. OG, EG"
    )
    assert (
        evaluate_positions(make_answers("ab", np.zeros((2, 2)), floor=np.array(["0", "EG"])), truth).note
        == ""
    )


def test_scans_without_an_answer_are_named_up_to_three(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth, answers = make_truth("abcde", np.zeros((5, 2))), make_answers("e", [[0, 0]])
    with pytest.raises(BadInputError, match=r"4 scan ids have no answer, such as 'a', 'b', 'c';"):
        evaluate_positions(answers, truth)


def test_answers_without_truth_are_named(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth, answers = make_truth("a", [[0, 0]]), make_answers("az", np.zeros((2, 2)))
    with pytest.raises(BadInputError, match=r"1 scan ids have no truth, such as 'z';"):
        evaluate_positions(answers, truth)


def test_a_scan_answered_twice_is_refused(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth, answers = make_truth("ab", np.zeros((2, 2))), make_answers("aba", np.zeros((3, 2)))
    with pytest.raises(BadInputError, match="answered twice"):
        evaluate_positions(answers, truth)


def test_truth_without_positions_is_refused(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    with pytest.raises(BadInputError, match="no positions"):
        evaluate_positions(make_answers("a", [[0, 0]]), make_truth("a", None))


def test_frames_of_different_origin_give_the_same_errors(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth = make_truth("ab", [[1, 2], [3, 4]], LocalFrame((-7691300.0, 4864700.0), 3857))
    here = make_answers("ab", [[1, 2.5], [3.25, 4]], LocalFrame((-7691300.0, 4864700.0), 3857))
    there = make_answers("ab", [[101, -97.5], [103.25, -96]], LocalFrame((-7691400.0, 4864800.0), 3857))

    assert evaluate_positions(here, truth).errors_m.tolist() == [0.5, 0.25]
    assert evaluate_positions(there, truth).errors_m.tolist() == [0.5, 0.25]


def test_frames_of_different_epsg_codes_are_refused(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth = make_truth("a", [[0, 0]], LocalFrame(epsg=3857))
    with pytest.raises(BadInputError, match="EPSG:3857 cannot be moved to EPSG:25830"):
        evaluate_positions(make_answers("a", [[0, 0]], LocalFrame(epsg=25830)), truth)


@pytest.mark.parametrize(
    ("truth_epsg", "model_epsg", "scale"),
    [(3857, None, 0.766), (None, 3857, 0.766), (3857, 3857, 0.766), (None, None, 1.0), (25830, None, 1.0)],
)
def test_ground_error_uses_the_scale_of_the_frame_that_has_an_epsg_code(
    make_truth: Callable[..., FingerprintSet],
    make_answers: Callable[..., Positions],
    truth_epsg: Any,
    model_epsg: Any,
    scale: Any,
) -> None:
    origin = (-7691300.0, 4864700.0)  # UJIIndoorLoc's campus, 39.99 degrees north
    truth = make_truth("a", [[0, 0]], LocalFrame(origin, truth_epsg))
    evaluation = evaluate_positions(make_answers("a", [[6, 8]], LocalFrame(origin, model_epsg)), truth)

    assert evaluation.ground_scale == pytest.approx(scale, abs=5e-4)
    assert evaluation.figures()["mae_m"] == 10
    assert evaluation.figures()["ground_mae_m"] == 10 * evaluation.ground_scale


def test_scans_without_a_position_are_counted_and_left_out_of_the_figures(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth = make_truth("abc", np.zeros((3, 2)), floor="012")
    answers = make_answers("abc", [[NAN, NAN], [0, 2], [0, 4]], floor=["", "1", "0"])

    evaluation = evaluate_positions(answers, truth)
    figures = evaluation.figures()

    assert np.isnan(evaluation.errors_m).tolist() == [True, False, False]
    assert (figures["n"], figures["n_no_position"], figures["mae_m"]) == (3, 1, 3)
    assert figures["floor_hit"] == 0.5


def test_half_a_position_is_no_position(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth, answers = make_truth("a", [[0, 0]]), make_answers("a", [[math.inf, NAN]])
    assert np.isnan(evaluate_positions(answers, truth).errors_m).all()


def test_figures_are_none_when_nothing_was_answered(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth = make_truth("ab", np.zeros((2, 2)), floor="01", building="AA")
    answers = make_answers("ab", np.full((2, 2), NAN), floor=["", ""], building=["", ""])

    figures = evaluate_positions(answers, truth).figures()

    assert (figures.pop("n"), figures.pop("n_no_position")) == (2, 2)
    assert set(figures.values()) == {None}


def test_scans_of_unknown_floor_or_building_are_not_counted(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth = make_truth("abcd", np.zeros((4, 2)), floor=["0", "", "1", ""], building=["", "B", "B", "B"])
    answers = make_answers("abcd", np.zeros((4, 2)), floor=["0", "0", "0", ""], building=["B", "B", "", "A"])

    figures = evaluate_positions(answers, truth).figures()

    assert figures["floor_hit"] == 1 / 2
    assert figures["building_hit"] == pytest.approx(1 / 3)


def test_competitions_add_metres_for_each_floor_missed_and_for_a_wrong_building(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth = make_truth("abcd", np.zeros((4, 2)), floor=["0", "3", "", "1"], building=["A", "A", "A", "A"])
    answers = make_answers(
        "abcd", [[3, 4], [0, 1], [0, 2], [0, 8]], floor=["0", "1", "2", "-1"], building=["A", "A", "B", "B"]
    )

    evaluation = evaluate_positions(answers, truth)

    by_hand = [5, 1 + 2 * 10, NAN, 8 + 2 * 10 + 100]  # no floor of the third is known
    np.testing.assert_array_equal(evaluation.penalised_m(10, 100), by_hand)
    assert evaluation.figures()["evaal_mae_m"] == pytest.approx((5 + (1 + 8) + (8 + 8 + 50)) / 3)
    assert evaluation.figures()["ipin_p75_m"] == pytest.approx((31 + 88) / 2)  # between 5, 31 and 88


def test_floors_with_names_that_are_no_numbers_are_one_apart(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> None:
    truth = make_truth("abc", np.zeros((3, 2)), floor=["ground", "2", "first"])
    answers = make_answers("abc", np.zeros((3, 2)), floor=["ground", "0", "ground"])
    assert evaluate_positions(answers, truth).penalised_m(10, 100).tolist() == [0, 10, 10]


@pytest.mark.parametrize(("true", "given"), [(None, "01"), ("01", None), (["", ""], "01")])
def test_floor_hit_is_none_without_floors_to_compare(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions], true: Any, given: Any
) -> None:
    truth = make_truth("ab", np.zeros((2, 2)), floor=true)
    assert (
        evaluate_positions(make_answers("ab", np.zeros((2, 2)), floor=given), truth).figures()["floor_hit"]
        is None
    )


def test_error_cdf_counts_the_answered_scans_within_each_error() -> None:
    x, share = error_cdf(np.array([3.0, NAN, 1.0, 2.0, 2.0]))
    assert x.tolist() == [1, 2, 2, 3]
    assert share.tolist() == [0.25, 0.5, 0.75, 1.0]


def test_error_cdf_of_no_answers_is_empty() -> None:
    x, share = error_cdf(np.array([NAN, NAN]))
    assert len(x) == len(share) == 0
