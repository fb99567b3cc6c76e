"""Figures of the benchmark of rooms, worked out by hand, and the blocks that its classifiers hold out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.room_classifiers import CLASSIFIERS, answers_of, held_out_blocks
from benchmarks.room_figures import place_figures, sets_at

from tutelage import FingerprintSet
from tutelage.runtime.places import PlaceAnswers


def test_figures_count_a_scan_without_an_answer_as_a_miss() -> None:
    answers = PlaceAnswers(
        np.array(["bar", "hall"]),
        np.array(["hall", "hall", "", "bar"]),
        np.array([[0.2, 0.8], [0.1, 0.9], [np.nan, np.nan], [1.0, 0.0]]),
        np.array([[True, True], [False, True], [True, True], [True, False]]),
    )
    figures = place_figures(answers, np.array(["hall", "bar", "hall", "hall"]))
    assert figures["place_hit"] == 1 / 4
    assert figures["place_balanced"] == pytest.approx((1 / 3 + 0) / 2)
    assert figures["place_set_coverage"] == 2 / 4
    assert figures["place_set_size"] == 6 / 4
    assert figures["ece"] == pytest.approx((0.2 + 0.9 + 1.0) / 3)


def test_a_set_holds_the_likeliest_places_until_the_level_is_reached() -> None:
    probability = np.array([[0.1, 0.6, 0.3], [0.96, 0.03, 0.01]])
    assert sets_at(probability, 0.8).tolist() == [[False, True, True], [True, False, False]]


def test_held_out_blocks_are_consecutive_and_leave_each_place_a_scan() -> None:
    scans = FingerprintSet.from_scans([{"ap": -50.0}] * 7)
    scans = replace(scans, place=np.array(["a", "b", "a", "b", "a", "c", "a"]))
    held_out = [rows.tolist() for _, rows in held_out_blocks(scans)]
    assert held_out == [[0, 1, 2], [3, 4], [6]]
    for rest, _ in held_out_blocks(scans):
        assert set(scans.known_place[rest]) == {"a", "b", "c"}


@pytest.mark.parametrize("method", CLASSIFIERS)
def test_each_classifier_tells_two_plain_rooms_apart(method: str) -> None:
    readings = [{"ap1": -40.0 - i, "ap2": -80.0} for i in range(6)] + [{"ap2": -40.0 - i} for i in range(6)]
    scans = replace(FingerprintSet.from_scans(readings), place=np.repeat(["bar", "hall"], 6))
    answers, _ = answers_of(method, scans, scans, seed=0, level=0.95)
    assert (answers.best == scans.known_place).all()
    assert answers.probability is not None
    assert answers.probability.sum(axis=1) == pytest.approx(1.0)
