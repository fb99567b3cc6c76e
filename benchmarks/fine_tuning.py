"""docs/matcher.md's choice of how a taught matcher goes on with the target's radio map.

    python -m benchmarks.fine_tune

A part of a training split is held out and asked about: 15 % of the reference points, or of the users; or all
but a share of the points, a small survey. Teachers never saw the building. Each lesson is tried with several
shares of what it taught in the mean with the teacher. Finished rows of results/fine_tuning.csv are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from benchmarks.calibration import taught_elsewhere
from benchmarks.keeping import keep_rows, kept_rows, put_into_page
from tutelage import FingerprintSet, load
from tutelage.data.splits import reference_points, split_by_position, split_by_user
from tutelage.methods.matcher import Matcher, MatcherRecipe
from tutelage.methods.matcher.exercises import Surveyed
from tutelage.methods.matcher.matcher_training import fine_tune_matcher, learn_from
from tutelage.training import RunOptions

RESULTS, PAGE = Path("results/fine_tuning.csv"), Path("docs/matcher.md")
HELD_OUT, MOST_ASKED, ASKED_OF_SMALL = 0.15, 1500, 600
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
LESSONS: dict[str, dict[str, Any]] = {
    "10 rounds": {"fine_tune_updates": 640, "fine_tune_learning_rate": 1e-3, "fine_tune_passes": 4},
    "10 rounds, 2e-3": {"fine_tune_updates": 640, "fine_tune_learning_rate": 2e-3, "fine_tune_passes": 4},
    "20 rounds, 2e-3": {"fine_tune_updates": 640, "fine_tune_learning_rate": 2e-3, "fine_tune_passes": 2},
    "31 rounds, 2e-3": {"fine_tune_updates": 1000, "fine_tune_learning_rate": 2e-3, "fine_tune_passes": 2},
}
CHOSEN = "31 rounds, 2e-3"
ALONE = "own map alone"  # from random weights, as long as the longest of them
SHARES, SHOWN = (0.3, 0.5, 0.67, 0.8, 0.9, 1.0), 0.67
COLUMNS = ("survey", "held_out", "seed", "n_scans", "n_points", "lesson", "share", "mae_m", "seconds")

Row = Mapping[str, Any]


def parted(train: FingerprintSet, held_out: str, seed: int) -> tuple[FingerprintSet, FingerprintSet]:
    """A radio map, and scans to ask about."""
    if held_out in ("points", "users"):
        split = split_by_position if held_out == "points" else split_by_user
        kept, held = split(train, HELD_OUT, seed)
        if len(held) > MOST_ASKED:
            held = held[np.sort(np.random.default_rng(seed).choice(len(held), MOST_ASKED, replace=False))]
        return train[kept], train[held]
    rng, point = np.random.default_rng((seed, 9)), reference_points(train)
    order = rng.permutation(point.max() + 1)
    known = np.isin(point, order[: max(12, int(float(held_out) * len(order)))])
    asked = rng.permutation(np.flatnonzero(~known))[:ASKED_OF_SMALL]
    return train[np.flatnonzero(known)], train[np.sort(asked)]


def rows_of(survey: str, held_out: str, seed: int, lesson: str) -> Iterable[Row]:
    """One lesson, with every share."""
    train = load(survey).train
    own, asked = parted(train[train.n_heard > 0], held_out, seed)
    surveyed, options = Surveyed.of(own), RunOptions(seed=seed, device="cpu")
    began = time.perf_counter()
    recipe = MatcherRecipe(own_share=1.0, **LESSONS.get(lesson, {}))
    if lesson == ALONE:
        taught = learnt = learn_from([surveyed], recipe, options, {})[0]
    else:
        taught = taught_elsewhere(survey, 0).network
        learnt = fine_tune_matcher(taught, surveyed, recipe, options, {})[0]
    n_points, seconds = int(surveyed.point.max()) + 1, round(time.perf_counter() - began, 1)
    key = {"survey": survey, "held_out": held_out, "seed": seed, "n_scans": len(own), "n_points": n_points}
    for share in (1.0,) if lesson == ALONE else SHARES:
        found = Matcher.of(own, taught.towards(learnt, share), recipe).locate(asked).position_m
        mae_m = round(float(np.linalg.norm(found - asked.known_position_m, axis=1).mean()), 3)
        yield {**key, "lesson": lesson, "share": share, "mae_m": mae_m, "seconds": seconds}


# -- the page ---------------------------------------------------------------------------------------------


def table(rows: Sequence[Row], columns: Sequence[tuple[str, str, float]]) -> Iterable[str]:
    """Mean errors over seeds as Markdown, a row a radio map.

    columns : title, lesson and share of each
    """
    yield f"| training scans of, held out | points | {' | '.join(title for title, *_ in columns)} |"
    yield "|---|---|" + "---|" * len(columns)
    for survey, held_out in PLACES:
        own = [row for row in rows if (row["survey"], row["held_out"]) == (survey, held_out)]
        errors = [errors_of(own, lesson, share) for _, lesson, share in columns]
        if not any(errors):
            continue
        # Seeds that all have, or they do not compare.
        shared = set.intersection(*(set(each) for each in errors if each))
        means = [f"{mean(each[seed] for seed in shared):.2f}" if each else "-" for each in errors]
        is_small = held_out not in ("points", "users")
        held = f"all but {float(held_out):.0%} of the points" if is_small else held_out
        n_points = mean(int(row["n_points"]) for row in own if int(row["seed"]) in shared)
        yield f"| {survey}, {held} | {n_points:.0f} | {' | '.join(means)} |"


def errors_of(rows: Sequence[Row], lesson: str, share: float) -> dict[int, float]:
    """The mean error in metres of each seed."""
    found = [row for row in rows if (row["lesson"], float(row["share"])) == (lesson, share)]
    return {int(row["seed"]): float(row["mae_m"]) for row in found}


def main() -> None:
    """Make the rows that are missing, then the page."""
    rows: list[Row] = [*kept_rows(RESULTS)]
    known = {(row["survey"], row["held_out"], int(row["seed"]), row["lesson"]) for row in rows}
    order = [(*place, seed, lesson) for place in PLACES for seed in SEEDS for lesson in (*LESSONS, ALONE)]
    for key in order:
        if key in known:
            continue
        rows.extend(rows_of(*key))
        print(*key, flush=True)
        rows.sort(
            key=lambda row: order.index((row["survey"], row["held_out"], int(row["seed"]), row["lesson"]))
        )
        keep_rows(RESULTS, COLUMNS, rows)
    write_page(rows)


def write_page(rows: Sequence[Row]) -> None:
    """Both tables."""
    lessons = [(lesson, lesson, SHOWN) for lesson in LESSONS]
    put_into_page(PAGE, RESULTS, table(rows, [*lessons, (ALONE, ALONE, 1.0)]), "lessons")
    put_into_page(PAGE, RESULTS, table(rows, [(f"{share:g}", CHOSEN, share) for share in SHARES]), "shares")


if __name__ == "__main__":
    main()
