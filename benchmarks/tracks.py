"""Measure tracks on WiFine's walks: raw answers beside smoothed ones, and beside what others do.

    python -m benchmarks.tracks [--methods knn,matcher]

A method learns the training walks, with cells of 5 m as places. Settings of tracks were chosen on the
validation walks. The test walks are asked about once. The same answers go through every track. Scans that
the method does not answer are left out. Rows of results/tracks.csv that exist are kept.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calibration import pretrained_on_others
from benchmarks.compared_tracks import COMPARED, cell_names
from benchmarks.documented.pages import write_page
from benchmarks.result_rows import read_rows, write_rows
from benchmarks.track_figures import Estimate, Walk, track_figures
from tutelage import FingerprintSet, Localizer, Positions, RunOptions, load
from tutelage.data.sets.cached_sets import require_files
from tutelage.data.sets.public_sets import public_dataset
from tutelage.data.sets.wifine import read_split
from tutelage.serving.answers import Answer

RESULTS = Path("results/tracks.csv")
PAGE = "research/tracks.md"
COLUMNS = (
    *("split", "method", "track", "n_walks", "n", "hours", "mean_m", "p95_m", "jumps", "floor_switches"),
    *("place_switches", "place_flaps", "floor_right", "place_right", "standing_m", "lag_s", "floor_lag_s"),
    *("coverage", "microseconds"),
)
SETTINGS: dict[str, dict[str, Any]] = {"knn": {}, "matcher": {"fine_tune": True}}


def split_scans() -> dict[str, FingerprintSet]:
    """Return the scans of the training, validation and test walks, in one frame."""
    survey = load("wifine")
    assert survey.test is not None
    validation = replace(public_dataset("wifine"), files={"val/*.csv": ""})
    files = require_files(validation, None, progress=True)
    return {
        "training": survey.train,
        "validation": read_split(files, "val", frame=survey.train.frame),
        "test": survey.test,
    }


def in_cells(scans: FingerprintSet) -> FingerprintSet:
    """Return scans with square cells as their places."""
    assert scans.floor is not None
    return replace(scans, place=cell_names(scans.floor, scans.absolute_position_m))


def fitted(method: str, train: FingerprintSet) -> Localizer:
    """Fit a method to the training walks."""
    pretrained = "zoo" if method == "knn" else pretrained_on_others("wifine", 0)
    run = RunOptions(seed=0, device="cpu", progress=False)
    return Localizer(method, pretrained=pretrained, settings=SETTINGS[method], run=run).fit(in_cells(train))


def walks_of(scans: FingerprintSet, located: Positions, method: str) -> list[Walk]:
    """Return the walks of a split, each with its raw answers."""
    assert scans.user is not None
    assert scans.time is not None
    answered = located.answered
    walks = []
    for name in np.unique(scans.user).tolist():
        rows = np.flatnonzero((scans.user == name) & answered)
        rows = rows[np.argsort(scans.time[rows], kind="stable")]
        of_walk = in_cells(scans[rows])
        assert of_walk.floor is not None
        truth = Estimate(of_walk.absolute_position_m, of_walk.floor, of_walk.known_place)
        walks.append(Walk(name, _answers(located, scans.time.astype(np.int64) / 1000, rows, method), truth))
    return walks


def _answers(located: Positions, time_s: np.ndarray, rows: np.ndarray, method: str) -> list[Answer]:
    position_m = located.absolute_position_m
    assert located.radius_m is not None
    assert located.floor is not None
    assert located.places is not None
    assert located.places.probability is not None
    return [
        Answer(
            float(time_s[i]),
            model=method,
            reason="",
            n_heard=1,
            n_known=1,
            x_m=float(position_m[i, 0]),
            y_m=float(position_m[i, 1]),
            radius_m=float(located.radius_m[i]),
            level=located.level,
            floor=str(located.floor[i]),
            place=str(located.places.best[i]),
            place_probability=float(located.places.probability[i].max()),
        )
        for i in rows.tolist()
    ]


def measured_row(split: str, method: str, track: str, walks: list[Walk]) -> dict[str, str]:
    """Send the answers of a split's walks through a track."""
    began = time.perf_counter()
    estimates = [COMPARED[track](walk) for walk in walks]
    seconds = time.perf_counter() - began
    n = sum(len(walk.answers) for walk in walks)
    figures = track_figures(walks, estimates)
    return {
        "split": split,
        "method": method,
        "track": track,
        "n_walks": str(len(walks)),
        "n": str(n),
        "hours": f"{sum(walk.time_s[-1] - walk.time_s[0] for walk in walks) / 3600:.3f}",
        **{name: "" if np.isnan(value) else f"{value:.4f}" for name, value in figures.items()},
        "microseconds": f"{seconds / n * 1e6:.1f}",
    }


def main() -> None:
    """Measure the rows that are missing; each is written at once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--methods", default="knn")
    splits = split_scans()
    for method in parser.parse_args().methods.split(","):
        existing = {(row["split"], row["method"], row["track"]) for row in read_rows(RESULTS)}
        missing = [
            (split, track)
            for split in ("validation", "test")
            for track in COMPARED
            if (split, method, track) not in existing
        ]
        model = fitted(method, splits["training"]) if missing else None
        for split in dict.fromkeys(split for split, _ in missing):
            assert model is not None
            walks = walks_of(splits[split], model.predict(splits[split]), method)
            for track in [track for of_split, track in missing if of_split == split]:
                row = measured_row(split, method, track, walks)
                write_rows(RESULTS, COLUMNS, [*read_rows(RESULTS), row])
                print(*(f"{column} {row[column]}" for column in COLUMNS if row[column]), flush=True)
    write_page(PAGE)


if __name__ == "__main__":
    main()
