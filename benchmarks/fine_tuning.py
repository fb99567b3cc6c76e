"""Choose how a pretrained matcher is fine-tuned on the target's radio map, for research/matcher.md.

    python -m benchmarks.fine_tuning

A part of a training split is held out and located: 15 % of the reference points or of the users, or all but
a share of the points, which makes a small survey. The pretrained matchers never saw the building. Each lesson
is measured with several shares of its weights in the mean with the pretrained ones. Finished rows of
results/fine_tuning.csv are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calibration import pretrained_on_others
from benchmarks.documented.pages import write_page
from benchmarks.result_rows import read_rows, write_rows
from tutelage import FingerprintSet, load
from tutelage.data.splits import reference_points, split_by_position, split_by_user
from tutelage.methods.matcher.exercises import SurveyScans
from tutelage.methods.matcher.matcher import Matcher
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.matcher_training import fine_tune_matcher, learn_from
from tutelage.training import RunOptions

RESULTS = Path("results/fine_tuning.csv")
PAGE = "research/matcher.md"
HELD_OUT = 0.15
MOST_TEST_SCANS = 1500
N_TEST_SCANS_SMALL = 600
PLACES = (
    ("ujiindoorloc", "points"),
    ("ujiindoorloc", "users"),
    ("tampere", "points"),
    ("tut1", "points"),
    ("tut5", "points"),
    ("tut6", "points"),
    ("tut7", "points"),
    ("dsi1", "points"),
    ("ujiindoorloc", "0.1"),
    ("ujiindoorloc", "0.3"),
    ("tampere", "0.1"),
    ("tampere", "0.3"),
    ("tut6", "0.03"),
)
SEEDS = (0, 1)
_EARLIER = {"own_exercises": 2048, "fine_tune_schedule": "one_cycle", "fine_tune_averaged": 0.0}
LESSONS: dict[str, dict[str, Any]] = {
    "10 rounds": {
        "fine_tune_updates": 640,
        "fine_tune_learning_rate": 1e-3,
        "fine_tune_passes": 4,
        **_EARLIER,
    },
    "10 rounds, 2e-3": {
        "fine_tune_updates": 640,
        "fine_tune_learning_rate": 2e-3,
        "fine_tune_passes": 4,
        **_EARLIER,
    },
    "20 rounds, 2e-3": {
        "fine_tune_updates": 640,
        "fine_tune_learning_rate": 2e-3,
        "fine_tune_passes": 2,
        **_EARLIER,
    },
    "31 rounds, 2e-3": {
        "fine_tune_updates": 1000,
        "fine_tune_learning_rate": 2e-3,
        "fine_tune_passes": 2,
        **_EARLIER,
    },
}
ALONE = "own map alone"  # it starts from random weights and is as long as the longest lesson
SHARES = (0.3, 0.5, 0.67, 0.8, 0.9, 1.0)
COLUMNS = ("survey", "held_out", "seed", "n_scans", "n_points", "lesson", "share", "mae_m", "seconds")

Row = Mapping[str, Any]


def divide(train: FingerprintSet, held_out: str, seed: int) -> tuple[FingerprintSet, FingerprintSet]:
    """Return a radio map, and scans to locate."""
    if held_out in ("points", "users"):
        split = split_by_position if held_out == "points" else split_by_user
        map_rows, test_rows = split(train, HELD_OUT, seed)
        if len(test_rows) > MOST_TEST_SCANS:
            chosen = np.random.default_rng(seed).choice(len(test_rows), MOST_TEST_SCANS, replace=False)
            test_rows = test_rows[np.sort(chosen)]
        return train[map_rows], train[test_rows]
    rng = np.random.default_rng((seed, 9))
    point = reference_points(train)
    order = rng.permutation(point.max() + 1)
    in_map = np.isin(point, order[: max(12, int(float(held_out) * len(order)))])
    test_rows = rng.permutation(np.flatnonzero(~in_map))[:N_TEST_SCANS_SMALL]
    return train[np.flatnonzero(in_map)], train[np.sort(test_rows)]


def measure_rows(survey: str, held_out: str, seed: int, lesson: str) -> Iterable[Row]:
    """Measure one lesson with every share."""
    train = load(survey).train
    radio_map, test_scans = divide(train[train.n_heard > 0], held_out, seed)
    surveyed = SurveyScans.of(radio_map)
    run = RunOptions(seed=seed, device="cpu")
    began = time.perf_counter()
    recipe = MatcherRecipe(own_share=1.0, **LESSONS.get(lesson, {}))
    if lesson == ALONE:
        tuned = learn_from([surveyed], recipe, run, {}).network
        pretrained = tuned
    else:
        pretrained = pretrained_on_others(survey, 0).network
        tuned = fine_tune_matcher(pretrained, surveyed, recipe, run, {}).network
    n_points = int(surveyed.point.max()) + 1
    seconds = round(time.perf_counter() - began, 1)
    key = {
        "survey": survey,
        "held_out": held_out,
        "seed": seed,
        "n_scans": len(radio_map),
        "n_points": n_points,
    }
    for share in (1.0,) if lesson == ALONE else SHARES:
        matcher = Matcher.of(radio_map, pretrained.towards(tuned, share), recipe)
        apart_m = matcher.locate(test_scans).position_m - test_scans.known_position_m
        mae_m = round(float(np.linalg.norm(apart_m, axis=1).mean()), 3)
        yield {**key, "lesson": lesson, "share": share, "mae_m": mae_m, "seconds": seconds}


def main() -> None:
    """Measure the rows that are missing, then write the page."""
    rows: list[Row] = [*read_rows(RESULTS)]
    finished = {(row["survey"], row["held_out"], int(row["seed"]), row["lesson"]) for row in rows}
    order = [(*place, seed, lesson) for place in PLACES for seed in SEEDS for lesson in (*LESSONS, ALONE)]
    for key in order:
        if key in finished:
            continue
        rows.extend(measure_rows(*key))
        print(*key, flush=True)
        rows.sort(
            key=lambda row: order.index((row["survey"], row["held_out"], int(row["seed"]), row["lesson"]))
        )
        write_rows(RESULTS, COLUMNS, rows)
    write_page(PAGE)


if __name__ == "__main__":
    main()
