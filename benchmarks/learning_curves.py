"""Measure what extrapolated learning curves and planned places are worth, for research/surveying.md.

    python -m benchmarks.learning_curves

Only training scans take part. A fifth of a public survey's reference points is held out, and half of the
others is the survey that is planned. The rest are points that a surveyor would add: all of them, or a quarter
as many as the survey has, by the plan or at random. Finished rows of results/learning_curves.csv are kept.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.documented.pages import write_page
from benchmarks.result_rows import read_rows, write_rows
from tutelage import FingerprintSet, RunOptions, load
from tutelage.data.splits import reference_points
from tutelage.evaluation.plan import SurveyedPlaces, SurveyPlan, plan

RESULTS = Path("results/learning_curves.csv")
PAGE = "research/surveying.md"
SETS = ("tut6", "tut7", "ujiindoorloc", "tampere", "tut1")
DRAWS = 4
HELD_OUT = 0.2
ADDED = 0.25
PLANNED = ("n_half", "n_all", "now_m", "now_true_m", "all_m", "all_low_m", "all_high_m", "all_true_m")
GAINS = ("gain_m", "gain_low_m", "gain_high_m", "gain_true_m", "verdict")
CHOSEN = ("random_m", "near_m", "apart_m")
COLUMNS = ("survey", "draw", *PLANNED, *GAINS, *CHOSEN)


class PartialSurvey:
    """A survey of which a part is learnt."""

    def __init__(self, scans: FingerprintSet, seed: int) -> None:
        self.scans = scans[scans.n_heard > 0]
        self.point = reference_points(self.scans)
        self.draw = np.random.default_rng(seed)
        order = self.draw.permutation(self.point.max() + 1)
        n_held_out = round(HELD_OUT * len(order))
        self.held_out = order[:n_held_out]
        rest = order[n_held_out:]
        self.half = rest[: len(rest) // 2]
        self.pool = rest[len(rest) // 2 :]
        row = np.unique(self.point, return_index=True)[1]
        floor = np.zeros(len(row)) if self.scans.floor is None else self.scans.floor[row].astype(float)
        self.place = self.coordinates(self.scans.absolute_position_m[row], floor)

    @staticmethod
    def coordinates(position_m: np.ndarray, floor: np.ndarray) -> np.ndarray:
        """Return coordinates in which another floor is far away."""
        return np.column_stack([position_m, 1e6 * floor])

    def scans_at(self, points: np.ndarray) -> FingerprintSet:
        """Return the scans at reference points."""
        return self.scans[np.isin(self.point, points)]

    def error_m(self, half_plan: SurveyPlan, points: np.ndarray) -> float:
        """Return the mean error of the plan's method over the held-out points."""
        model = half_plan.method.localizer(RunOptions(), calibrate=False).fit(self.scans_at(points))
        test_scans = self.scans_at(self.held_out)
        point = self.point[np.isin(self.point, self.held_out)]
        errors_m = np.linalg.norm(model.predict(test_scans).position_m - test_scans.known_position_m, axis=1)
        answered = np.isfinite(errors_m)
        point = np.unique(point[answered], return_inverse=True)[1]
        return float((np.bincount(point, errors_m[answered]) / np.bincount(point)).mean())

    def added_points(self, places: SurveyedPlaces) -> dict[str, list[np.ndarray]]:
        """Return reference points that a surveyor adds: by the plan, or at random, several times."""
        floor = np.where(places.floor == "", "0", places.floor).astype(float)
        distance, nearest = cKDTree(self.coordinates(places.position_m, floor)).query(self.place[self.pool])
        need = {"near_m": places.need[nearest], "apart_m": places.smoothed_m[nearest] * distance}
        n_added = round(ADDED * len(self.half))
        chosen = {name: [self.pool[np.argsort(-each)[:n_added]]] for name, each in need.items()}
        return {"random_m": [self.draw.permutation(self.pool)[:n_added] for _ in range(3)], **chosen}


def measure_row(survey: str, seed: int) -> dict[str, Any]:
    """Plan half of the points, then measure what the others bring."""
    partial = PartialSurvey(load(survey).train, seed)
    half_plan = plan(partial.scans_at(partial.half), run=RunOptions(seed=seed))
    everything = np.concatenate([partial.half, partial.pool])
    now_true_m, all_true_m = (partial.error_m(half_plan, points) for points in (partial.half, everything))
    now = half_plan.curve.at(len(partial.half))
    later = half_plan.curve.at(len(everything))
    gain = half_plan.curve.gain(len(everything) / len(partial.half))
    planned = (len(partial.half), len(everything), now.mean, now_true_m, *later, all_true_m)
    gains = (*gain, now_true_m - all_true_m, half_plan.curve.verdict)

    def error_with(points: np.ndarray) -> float:
        return partial.error_m(half_plan, np.append(partial.half, points))

    chosen = {
        name: float(np.mean([now_true_m - error_with(each) for each in points]))
        for name, points in partial.added_points(half_plan.places).items()
    }
    figures = dict(zip((*PLANNED, *GAINS), (*planned, *gains), strict=True)) | chosen
    return {"survey": survey, "draw": seed} | {
        name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()
    }


def main() -> None:
    """Measure the rows that are missing, then write the tables into the page."""
    rows = read_rows(RESULTS)
    for survey in SETS:
        for seed in range(DRAWS):
            if any((row["survey"], row["draw"]) == (survey, str(seed)) for row in rows):
                continue
            began = time.monotonic()
            rows.append({name: str(value) for name, value in measure_row(survey, seed).items()})
            write_rows(RESULTS, COLUMNS, rows)
            print(f"{survey} {seed}: {time.monotonic() - began:.0f} s", flush=True)
    write_page(PAGE)


if __name__ == "__main__":
    main()
