"""How long a comparison is expected to take: from sizes alone, and in words as rough as that is."""

from __future__ import annotations

from typing import Any

import pytest

from tutelage.data.surveys import simulated_survey
from tutelage.evaluation.compare import candidate, candidates, expected_seconds, in_words
from tutelage.training import Budget

OFFICE = simulated_survey(seed=6, n_train=400, n_access_points=20).train


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "10 seconds"), (61, "70 seconds"), (90, "2 minutes"), (121, "3 minutes"), (5500, "2 hours")],
)
def test_a_length_of_time_is_said_roughly(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_more_folds_updates_and_methods_take_longer() -> None:
    def expected(method: str, n_folds: int = 3, budget: Budget | None = None, **settings: object) -> float:
        one = candidate(method, settings=settings)
        return expected_seconds([one], OFFICE, n_folds, budget or Budget())

    assert expected("knn") < expected("matcher") < expected("bayescnn")
    assert expected("matcher", n_folds=6) > 1.9 * expected("matcher")
    assert expected("matcher", fine_tune_updates=640) == pytest.approx(2 * expected("matcher"))
    of_blend: dict[str, Any] = {"matcher.fine_tune_updates": 640}
    assert expected("blend", **of_blend) == expected("matcher", fine_tune_updates=640)
    assert expected("dnn", budget=Budget(epochs=40)) == pytest.approx(
        2 * expected("dnn", budget=Budget(epochs=20))
    )
    assert expected("dnn", budget=Budget(minutes=2)) == 3 * 120
    apart = sum(expected_seconds([each], OFFICE, 3, Budget()) for each in candidates())
    assert expected_seconds(candidates(), OFFICE, 3, Budget()) == pytest.approx(apart)
