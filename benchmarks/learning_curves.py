"""docs/surveying.md's tables: what extrapolated learning curves are worth, and the places that plans name.

    python -m benchmarks.learning_curves

Training scans alone. Of a public survey a fifth of the reference points is held out, half of the others is
the survey that is planned, and the rest are points that a surveyor would add: all of them, or a quarter as
many as the survey has, as the plan says or at random. Finished rows of results/learning_curves.csv are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.keeping import keep_rows, kept_rows, put_into_page
from tutelage import FingerprintSet, load
from tutelage.data.splits import reference_points
from tutelage.evaluation.plan import SurveyedPlaces, SurveyPlan, plan_survey

RESULTS, PAGE = Path("results/learning_curves.csv"), Path("docs/surveying.md")
SETS = ("tut6", "tut7", "ujiindoorloc", "tampere", "tut1")
DRAWS, HELD_OUT, ADDED = 4, 0.2, 0.25
PLANNED = ("n_half", "n_all", "now_m", "now_true_m", "all_m", "all_low_m", "all_high_m", "all_true_m")
GAINS = ("gain_m", "gain_low_m", "gain_high_m", "gain_true_m", "verdict")
CHOSEN = ("random_m", "near_m", "apart_m")
COLUMNS = ("survey", "draw", *PLANNED, *GAINS, *CHOSEN)
WORDS = {
    "random_m": "at random",
    "near_m": "near the neediest places",
    "apart_m": "there, and far from the survey",
}


class Drawn:
    """A survey of which a part is known."""

    def __init__(self, scans: FingerprintSet, seed: int) -> None:
        self.scans = scans[scans.n_heard > 0]
        self.point = reference_points(self.scans)
        self.draw = np.random.default_rng(seed)
        order = self.draw.permutation(self.point.max() + 1)
        n_held = round(HELD_OUT * len(order))
        self.held, rest = order[:n_held], order[n_held:]
        self.half, self.pool = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        row = np.unique(self.point, return_index=True)[1]
        floor = np.zeros(len(row)) if self.scans.floor is None else self.scans.floor[row].astype(float)
        self.place = self.placed(self.scans.absolute_position_m[row], floor)

    @staticmethod
    def placed(position_m: np.ndarray, floor: np.ndarray) -> np.ndarray:
        """Coordinates in which another floor is far away."""
        return np.column_stack([position_m, 1e6 * floor])

    def of(self, points: np.ndarray) -> FingerprintSet:
        """The scans at reference points."""
        return self.scans[np.isin(self.point, points)]

    def error_m(self, plan: SurveyPlan, learnt: np.ndarray) -> float:
        """Mean error over the held-out points of the plan's method."""
        model = plan.method.trial_localizer(0).fit(self.of(learnt))
        asked, point = self.of(self.held), self.point[np.isin(self.point, self.held)]
        errors_m = np.linalg.norm(model.predict(asked).position_m - asked.known_position_m, axis=1)
        known = np.isfinite(errors_m)
        point = np.unique(point[known], return_inverse=True)[1]
        return float((np.bincount(point, errors_m[known]) / np.bincount(point)).mean())

    def added(self, places: SurveyedPlaces) -> dict[str, list[np.ndarray]]:
        """Reference points that a surveyor adds, as the plan says, or at random, several times."""
        floor = np.where(places.floor == "", "0", places.floor).astype(float)
        distance, nearest = cKDTree(self.placed(places.position_m, floor)).query(self.place[self.pool])
        need = {"near_m": places.need[nearest], "apart_m": places.smoothed_m[nearest] * distance}
        n_added = round(ADDED * len(self.half))
        chosen = {name: [self.pool[np.argsort(-each)[:n_added]]] for name, each in need.items()}
        return {"random_m": [self.draw.permutation(self.pool)[:n_added] for _ in range(3)], **chosen}


def row_of(survey: str, seed: int) -> dict[str, Any]:
    """Plan half of the points, then look at what the others bring."""
    drawn = Drawn(load(survey).train, seed)
    plan = plan_survey(drawn.of(drawn.half), seed=seed)
    everything = np.concatenate([drawn.half, drawn.pool])
    now_true_m, all_true_m = (drawn.error_m(plan, points) for points in (drawn.half, everything))
    now, later = plan.curve.at(len(drawn.half)), plan.curve.at(len(everything))
    gain = plan.curve.gain(len(everything) / len(drawn.half))
    planned = (len(drawn.half), len(everything), now.mean, now_true_m, *later, all_true_m)
    gains = (*gain, now_true_m - all_true_m, plan.curve.verdict)
    chosen = {
        name: float(
            np.mean([now_true_m - drawn.error_m(plan, np.append(drawn.half, each)) for each in points])
        )
        for name, points in drawn.added(plan.places).items()
    }
    figures = dict(zip((*PLANNED, *GAINS), (*planned, *gains), strict=True)) | chosen
    return {"survey": survey, "draw": seed} | {
        name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()
    }


def tables(rows: list[dict[str, str]]) -> Iterable[str]:
    """The rows as Markdown, the draws of a survey side by side."""
    head = "| survey | points | gain predicted (m) | measured (m) | within the interval |"
    yield head + " error predicted (m) | measured (m) |"
    yield "|---|---|---|---|---|---|---|"
    for survey, found in grouped(rows):
        names = "gain_m", "gain_true_m", "all_m", "all_true_m"
        gain, true, error, true_error = (" / ".join(f"{float(r[name]):.2f}" for r in found) for name in names)
        within = sum(
            float(r["gain_low_m"]) <= float(r["gain_true_m"]) <= float(r["gain_high_m"]) for r in found
        )
        points = f"{found[0]['n_half']} to {found[0]['n_all']}"
        yield f"| {survey} | {points} | {gain} | {true} | {within} of {len(found)} | {error} | {true_error} |"
    yield ""
    yield "| survey | " + " | ".join(f"{words} (m)" for words in WORDS.values()) + " |"
    yield "|---|" + "---|" * len(WORDS)
    for survey, found in grouped(rows):
        means = (np.mean([float(row[name]) for row in found]) for name in WORDS)
        yield f"| {survey} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |"


def grouped(rows: list[dict[str, str]]) -> Iterable[tuple[str, list[dict[str, str]]]]:
    """Rows by survey."""
    for survey in SETS:
        if found := [row for row in rows if row["survey"] == survey]:
            yield survey, found


def main() -> None:
    """Run what is not finished, then write the tables into the page."""
    rows = kept_rows(RESULTS)
    for survey in SETS:
        for seed in range(DRAWS):
            if any((row["survey"], row["draw"]) == (survey, str(seed)) for row in rows):
                continue
            began = time.monotonic()
            rows.append({name: str(value) for name, value in row_of(survey, seed).items()})
            keep_rows(RESULTS, COLUMNS, rows)
            print(f"{survey} {seed}: {time.monotonic() - began:.0f} s", flush=True)
    put_into_page(PAGE, RESULTS, ["", *tables(rows), ""])


if __name__ == "__main__":
    main()
