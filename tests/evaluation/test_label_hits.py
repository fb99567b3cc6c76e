"""Hits of labels, counted by hand, and the heat map of confusions."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.evaluation.confusion import MOST_SHOWN, confusion_figure, most_confused
from tutelage.evaluation.label_hits import LabelHits


def hits() -> LabelHits:
    truth = np.array(["hall", "hall", "hall", "office", ""])
    answer = np.array(["hall", "hall", "office", "office", "hall"])
    found = LabelHits.of(answer, truth, np.ones(5, dtype=bool))
    assert found is not None
    return found


def test_hits_count_scans_and_balanced_hits_count_labels() -> None:
    assert hits().hit == 3 / 4
    assert hits().balanced == pytest.approx((2 / 3 + 1) / 2)


def test_confusion_counts_each_scan_once() -> None:
    name, count = hits().confusion()
    assert name.tolist() == ["hall", "office"]
    assert count.tolist() == [[2, 1], [0, 1]]


def test_nothing_is_counted_without_labels_or_answers() -> None:
    labels = np.array(["a", "b"])
    assert LabelHits.of(None, labels, np.ones(2, dtype=bool)) is None
    assert LabelHits.of(labels, np.array(["", ""]), np.ones(2, dtype=bool)) is None
    assert LabelHits.of(labels, labels, np.zeros(2, dtype=bool)) is None


def test_of_many_places_those_most_confused_are_shown() -> None:
    truth = np.array([f"room {i:03}" for i in range(100)] + ["room 000"])
    answer = truth.copy()
    answer[[0, -1]] = "room 099"
    name, count = most_confused(LabelHits(answer, truth))
    assert len(name) == MOST_SHOWN
    assert {"room 000", "room 099"} <= set(name)
    assert count.shape == (MOST_SHOWN, MOST_SHOWN)


def test_the_figure_has_a_panel_a_model_and_escapes_names() -> None:
    figure = confusion_figure(["k-NN", "<b>"], [hits(), hits()])
    assert [each["type"] for each in figure["data"]] == ["heatmap", "heatmap"]
    assert figure["data"][0]["z"] == [[0.6667, 0.3333], [0.0, 1.0]]
    assert "&lt;b&gt;" in figure["layout"]["annotations"][1]["text"]
