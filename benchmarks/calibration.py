"""Measure how often radii hold the truth, and the error held out beside the error measured.

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

import numpy as np

from benchmarks.documented.pages import write_page
from benchmarks.result_rows import read_rows, write_rows
from tutelage import (
    FingerprintSet,
    Localizer,
    PretrainedMatcher,
    RunOptions,
    Survey,
    evaluate,
    load,
    simulated_survey,
)
from tutelage.data.place_blocks import walks
from tutelage.data.survey_places import distance_m
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
GONE = (0.0, 0.25, 0.5)
WHOLE_ONLY = {f"uji_library:{month}" for month in MONTHS} - {
    "uji_library:2",
    "uji_library:12",
    "uji_library:25",
}
BY_USER, BY_DEVICE, DENSE, ONE_WALK = "ujiindoorloc by user", "tampere by device", "dense grid", "one walk"
REACH_M = 5.0
MOST_SCANS = 2000
FEWEST_SCANS = 150
COLUMNS = (
    *("survey", "scans", "network", "gone", "level", "seed", "points", "n", "mae_m", "coverage", "radius_m"),
    *("n_refused", "false_refusals", "fit_seconds", "held_out_mae_m", "borrowed"),
)

Row = dict[str, str]


def case(survey: str, seed: int) -> tuple[Survey | FingerprintSet, dict[str, FingerprintSet]]:
    """Return what a model learns, and the sets of scans that it is asked about."""
    if survey in CUT:
        return CUT[survey](seed)
    names = [f"uji_library:{month}" for month in MONTHS] if survey == LIBRARY else [survey]
    return load(survey), {name: _test_split(load(name)) for name in names}


def users_apart(seed: int) -> tuple[FingerprintSet, dict[str, FingerprintSet]]:
    """Learn two thirds of UJIIndoorLoc's users, and ask scans of the others near theirs."""
    train = load("ujiindoorloc").train
    assert train.user is not None
    return _apart(train, train, train.user, 2 / 3, seed, BY_USER)


def devices_apart(seed: int) -> tuple[FingerprintSet, dict[str, FingerprintSet]]:
    """Learn half of Tampere's devices, and ask test scans of the others near theirs."""
    survey = load("tampere")
    assert survey.train.device is not None
    return _apart(survey.train, _test_split(survey), survey.train.device, 1 / 2, seed, BY_DEVICE)


def dense_grid(seed: int) -> tuple[FingerprintSet, dict[str, FingerprintSet]]:
    """Learn a grid of the simulated building, 0.75 m apart, one scan a point."""
    survey = simulated_survey(seed=seed, n_floors=1, n_train=12_800, n_test=1500)
    assert survey.test is not None
    return survey.train[np.arange(seed % 4, len(survey.train), 4)], {DENSE: survey.test}


def one_walk(seed: int) -> tuple[FingerprintSet, dict[str, FingerprintSet]]:
    """Learn one long walk of WiFine, and ask scans of the test walks near it."""
    survey = load("wifine")
    walk = walks(survey.train)
    long = np.flatnonzero(np.bincount(walk) >= FEWEST_SCANS)
    train = survey.train[walk == np.random.default_rng(seed).choice(long)]
    return train, {ONE_WALK: _near(train, _test_split(survey))}


def _apart(
    train: FingerprintSet, test: FingerprintSet, label: np.ndarray, share: float, seed: int, name: str
) -> tuple[FingerprintSet, dict[str, FingerprintSet]]:
    names = np.unique(label)
    learnt = np.random.default_rng(seed).permutation(names)[: round(share * len(names))]
    theirs = test.user if name == BY_USER else test.device
    assert theirs is not None
    part = train[np.isin(label, learnt)]
    return part, {name: _near(part, test[~np.isin(theirs, learnt)])}


def _near(train: FingerprintSet, test: FingerprintSet) -> FingerprintSet:
    test = test.in_frame(train.frame)
    near = test[distance_m(train, test) <= REACH_M]
    return near[np.sort(np.random.default_rng(0).permutation(len(near))[:MOST_SCANS])]


def _test_split(survey: Survey) -> FingerprintSet:
    assert survey.test is not None
    return survey.test


def without_some(scans: FingerprintSet, share: float, seed: int) -> FingerprintSet:
    """Take a share of all access points from scans."""
    names = scans.access_points
    order = np.random.default_rng(seed).permutation(len(names))
    gone = {names[j] for j in order[: round(share * len(names))]}
    return scans.aligned_to([name for name in names if name not in gone])


def pretrained_on_others(survey: str, seed: int) -> PretrainedMatcher:
    """Return the pretrained matcher of `tutelage reproduce accuracy`. It is made if its file is missing."""
    name = survey.partition(":")[0]
    (cell,) = Cell(name, matcher_sources(name), "matcher", "others", "full", 1.0, seed).teachers
    files = TeacherFiles(RESULTS.parent)
    if cell not in files:
        files.add(cell, teach_cell(TeachJob(cell, None)))
    return PretrainedMatcher.from_bytes(files.read(cell), name="the pretrained matcher")


def measure_rows(survey: str, network: str, seed: int) -> Iterable[dict[str, Any]]:
    """Fit once and evaluate on all scans to ask about, whole and without some access points."""
    has_matcher = network in WITH_MATCHER
    learnt, asked = case(survey, seed)
    model = Localizer(
        network,
        pretrained=pretrained_on_others(survey, seed) if has_matcher else "zoo",
        settings={OWN_MAP[network]: True} if has_matcher else {},
        run=RunOptions(seed=seed, device="cpu"),
    ).fit(learnt)
    calibration = model.calibration_
    assert calibration is not None
    for scans, on in asked.items():
        for gone in GONE:
            if gone and scans in WHOLE_ONLY:
                continue
            left = without_some(on, gone, seed) if gone else on
            for level in LEVELS:
                figures = evaluate(model, left, level=level).figures()
                yield {
                    "survey": survey,
                    "scans": scans,
                    "network": network,
                    "gone": gone,
                    "level": level,
                    "seed": seed,
                    "points": calibration.n_points,
                    **{name: figures[name] for name in ("n", "mae_m", "coverage", "radius_m", "n_refused")},
                    "false_refusals": calibration.false_refusals,
                    "fit_seconds": model.lineage_.fit_seconds,
                    "held_out_mae_m": calibration.held_out_mae_m,
                    "borrowed": calibration.borrowed_factor,
                }


def run_rows(rows: Sequence[Row], survey: str, network: str, seed: int) -> list[Row]:
    """Return the rows of one fit."""
    run = (survey, network, str(seed))
    return [row for row in rows if (row["survey"], row["network"], row["seed"]) == run]


CUT = {BY_USER: users_apart, BY_DEVICE: devices_apart, DENSE: dense_grid, ONE_WALK: one_walk}


def main() -> None:
    """Measure the rows that are missing, then write the page."""
    rows: list[Row] = read_rows(RESULTS)
    committed = max((int(row["seed"]) + 1 for row in rows), default=1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default="knn")
    parser.add_argument("--surveys", default=",".join((*SETS, LIBRARY, *CUT)))
    parser.add_argument("--seeds", type=int, default=committed, help="0 to N - 1; else as many as there are")
    arguments = parser.parse_args()
    for network in arguments.networks.split(","):
        for survey in arguments.surveys.split(","):
            for seed in range(arguments.seeds):
                if run_rows(rows, survey, network, seed):  # a fit's rows are written together
                    continue
                began = time.monotonic()
                new_rows = measure_rows(survey, network, seed)
                rows += [{name: str(value) for name, value in row.items()} for row in new_rows]
                write_rows(RESULTS, COLUMNS, rows)
                print(f"{survey} {network} {seed}: {time.monotonic() - began:.0f} s", flush=True)
    write_page(PAGE)


if __name__ == "__main__":
    main()
