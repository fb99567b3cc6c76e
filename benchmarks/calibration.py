"""Measure how often radii hold the truth, and how that ages, for a table of research/calibration.md.

    python -m benchmarks.calibration [--networks knn,matcher,blend] [--surveys tut5,...] [--seeds 5]

Rows of results/calibration.csv are kept where a survey, network and seed is measured in full, else made anew.
A matcher or blend starts from a matcher that did not learn in the survey. The shipped one learnt in all
surveys.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.documented.pages import write_page
from benchmarks.result_rows import read_rows, write_rows
from tutelage import Localizer, PretrainedMatcher, RunOptions, evaluate, load
from tutelage.experiments.buildings import matcher_sources
from tutelage.experiments.cell_work import TeachJob, teach_cell
from tutelage.experiments.cells import Cell
from tutelage.experiments.compared_methods import WITH_MATCHER
from tutelage.experiments.result_files import TeacherFiles

RESULTS = Path("results/calibration.csv")
PAGE = "research/calibration.md"
SETS = ("ujiindoorloc", "tampere", "tut1", "tut5", "tut6", "tut7", "dsi1", "wifine")
LIBRARY = "uji_library:1"
MONTHS = (1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 25)
LEVELS = (0.5, 0.8, 0.95)
OWN_MAP = {"matcher": "fine_tune", "blend": "matcher.fine_tune"}
COLUMNS = (
    *("survey", "scans", "network", "level", "seed", "points", "n", "mae_m", "coverage", "radius_m"),
    *("n_refused", "false_refusals", "fit_seconds", "held_out_mae_m"),
)

Row = dict[str, str]


def test_sets(survey: str) -> list[str]:
    """Return the names of the test sets for a model of the survey."""
    return [f"uji_library:{month}" for month in MONTHS] if survey == LIBRARY else [survey]


def pretrained_on_others(survey: str, seed: int) -> PretrainedMatcher:
    """Return the pretrained matcher of `tutelage reproduce accuracy`. It is made if its file is missing."""
    name = survey.partition(":")[0]
    (cell,) = Cell(name, matcher_sources(name), "matcher", "others", "full", 1.0, seed).teachers
    files = TeacherFiles(RESULTS.parent)
    if cell not in files:
        files.add(cell, teach_cell(TeachJob(cell, None)))
    return PretrainedMatcher.from_bytes(files.read(cell), name="the pretrained matcher")


def measure_rows(survey: str, network: str, seed: int) -> Iterable[dict[str, Any]]:
    """Fit once and evaluate on the survey's test scans, for the library also on those of later months."""
    has_matcher = network in WITH_MATCHER
    model = Localizer(
        network,
        pretrained=pretrained_on_others(survey, seed) if has_matcher else "zoo",
        settings={OWN_MAP[network]: True} if has_matcher else {},
        run=RunOptions(seed=seed, device="cpu"),
    ).fit(load(survey))
    calibration = model.calibration_
    assert calibration is not None
    for scans in test_sets(survey):
        on = load(scans)
        for level in LEVELS:
            figures = evaluate(model, on, level=level, source_too=True).figures()
            yield {
                "survey": survey,
                "scans": scans,
                "network": network,
                "level": level,
                "seed": seed,
                "points": calibration.n_points,
                **{name: figures[name] for name in ("n", "mae_m", "coverage", "radius_m", "n_refused")},
                "false_refusals": calibration.false_refusals,
                "fit_seconds": model.lineage_.fit_seconds,
                "held_out_mae_m": calibration.held_out_mae_m,
            }


def run_rows(rows: Sequence[Row], survey: str, network: str, seed: int) -> list[Row]:
    """Return the rows of one fit."""
    run = (survey, network, str(seed))
    return [row for row in rows if (row["survey"], row["network"], row["seed"]) == run]


def is_finished(rows: Sequence[Row], survey: str, network: str, seed: int) -> bool:
    """Return whether a fit has all of its rows."""
    measured = {(row["scans"], float(row["level"])) for row in run_rows(rows, survey, network, seed)}
    return measured >= {(scans, level) for scans in test_sets(survey) for level in LEVELS}


def main() -> None:
    """Measure the rows that are missing, then write the page."""
    rows: list[Row] = read_rows(RESULTS)
    committed = max((int(row["seed"]) + 1 for row in rows), default=1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default="knn")
    parser.add_argument("--surveys", default=",".join((*SETS, LIBRARY)))
    parser.add_argument("--seeds", type=int, default=committed, help="0 to N - 1; else as many as there are")
    arguments = parser.parse_args()
    for network in arguments.networks.split(","):
        for survey in arguments.surveys.split(","):
            for seed in range(arguments.seeds):
                if is_finished(rows, survey, network, seed):
                    continue
                began = time.monotonic()
                before = run_rows(rows, survey, network, seed)
                rows = [row for row in rows if row not in before]
                new_rows = measure_rows(survey, network, seed)
                rows += [{name: str(value) for name, value in row.items()} for row in new_rows]
                write_rows(RESULTS, COLUMNS, rows)
                print(f"{survey} {network} {seed}: {time.monotonic() - began:.0f} s", flush=True)
    write_page(PAGE)


if __name__ == "__main__":
    main()
