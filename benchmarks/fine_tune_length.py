"""Compare lengths of a matcher's fine-tuning on held-out training scans, for research/speed.md.

    python -m benchmarks.fine_tune_length

A part of a training split is held out and located by matchers that never saw the building, fine-tuned on the
rest: by 1,000 updates with rounds of 2,048 exercises, as it was, and by fewer with rounds as large as the
map, at a rate that rises and falls once, or at a constant one with the last weights averaged. One thread of
PyTorch. Finished rows of results/fine_tune_length.csv are kept. Test splits are untouched.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.calibration import pretrained_on_others
from benchmarks.documented.pages import write_page
from benchmarks.fine_tuning import divide
from benchmarks.result_rows import read_rows, write_rows
from tutelage import load
from tutelage.methods.matcher.exercises import SurveyScans
from tutelage.methods.matcher.matcher import Matcher
from tutelage.methods.matcher.matcher_recipe import FAST_UPDATES, MatcherRecipe
from tutelage.methods.matcher.matcher_training import fine_tune_matcher
from tutelage.methods.matcher.pretrained import PretrainedMatcher, shipped_matcher
from tutelage.training import RunOptions

RESULTS = Path("results/fine_tune_length.csv")
PAGE = "research/speed.md"
PLACES = (("tampere", "points"), ("tampere", "0.3"), ("tut1", "points"), ("wifine", "0.1"))
SEEDS = (0, 1, 2)
_ONE_CYCLE = {"fine_tune_schedule": "one_cycle", "fine_tune_averaged": 0.0}
LESSONS: dict[str, dict[str, Any]] = {
    "1000 updates, rounds of 2048": {"fine_tune_updates": 1000, "own_exercises": 2048, **_ONE_CYCLE},
    "320 updates, one cycle": {"fine_tune_updates": 320, **_ONE_CYCLE},
    f"{FAST_UPDATES} updates, one cycle": {"fine_tune_updates": FAST_UPDATES, **_ONE_CYCLE},
    "320 updates, averaged": {"fine_tune_updates": 320},
    f"{FAST_UPDATES} updates, averaged": {"fine_tune_updates": FAST_UPDATES},
}
COLUMNS = ("survey", "held_out", "seed", "n_scans", "n_points", "lesson", "mae_m", "seconds")

Row = Mapping[str, Any]


def pretrained_without(survey: str) -> PretrainedMatcher:
    """Give a matcher that never saw the building; of the shipped one's sources, none is WiFine's."""
    return shipped_matcher() if survey == "wifine" else pretrained_on_others(survey, 0)


def measure_rows(survey: str, held_out: str, seed: int, lessons: Sequence[str]) -> Iterable[Row]:
    """Measure lessons on the same radio map, with the share of their weights that `fit` takes."""
    train = load(survey).train
    radio_map, test_scans = divide(train[train.n_heard > 0], held_out, seed)
    own = SurveyScans.of(radio_map)
    pretrained = pretrained_without(survey).network
    for lesson in lessons:
        recipe = MatcherRecipe(**LESSONS[lesson])
        began = time.perf_counter()
        tuned = fine_tune_matcher(pretrained, own, recipe, RunOptions(seed=seed, device="cpu"), {})
        seconds = time.perf_counter() - began
        found_m = Matcher.of(radio_map, tuned.network, recipe).locate(test_scans).position_m
        error_m = np.linalg.norm(found_m - test_scans.known_position_m, axis=1)
        yield {
            "survey": survey,
            "held_out": held_out,
            "seed": seed,
            "n_scans": len(radio_map),
            "n_points": int(own.point.max()) + 1,
            "lesson": lesson,
            "mae_m": round(float(error_m.mean()), 3),
            "seconds": round(seconds, 1),
        }


def main() -> None:
    """Measure the rows that are missing, then write the page."""
    torch.set_num_threads(1)
    rows: list[Row] = [*read_rows(RESULTS)]
    finished = {(row["survey"], row["held_out"], int(row["seed"]), row["lesson"]) for row in rows}
    order = [(*place, seed, lesson) for place in PLACES for seed in SEEDS for lesson in LESSONS]
    for place in [(*place, seed) for place in PLACES for seed in SEEDS]:
        missing = [lesson for lesson in LESSONS if (*place, lesson) not in finished]
        if not missing:
            continue
        rows.extend(measure_rows(*place, missing))
        print(
            *place, *(f"{row['mae_m']} m, {row['seconds']} s;" for row in rows[-len(missing) :]), flush=True
        )
        rows.sort(
            key=lambda row: order.index((row["survey"], row["held_out"], int(row["seed"]), row["lesson"]))
        )
        write_rows(RESULTS, COLUMNS, rows)
    write_page(PAGE)


if __name__ == "__main__":
    main()
