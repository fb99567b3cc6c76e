"""Compare the default with its matcher and with k-NN on many surveys, for research/matcher.md.

    python -m benchmarks.defaults [--only "NAME;NAME"]

Public surveys as they are, and changed into ones that others have: few access points, one to thirty scans a
point, 20 to 500 points, another phone or another day for the test. Matcher and default start from a matcher
that did not learn in the survey's building. Rows of results/defaults.csv that exist are kept.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.calibration import dense_grid, devices_apart, pretrained_on_others, users_apart
from benchmarks.result_rows import read_rows, write_rows
from tutelage import (
    FingerprintSet,
    Localizer,
    PretrainedMatcher,
    RunOptions,
    evaluate,
    load,
    simulated_survey,
)
from tutelage.data.splits import reference_points
from tutelage.data.survey_places import distance_m

RESULTS = Path("results/defaults.csv")
COLUMNS = ("survey", "method", "n", "mae_m", "network_share", "reason", "seconds")
MOST_SCANS = 2000
REACH_M = 5.0
SEED = 0


class Case(NamedTuple):
    """A survey, scans to ask about, and whose matcher may not know the building."""

    train: FingerprintSet
    test: FingerprintSet
    building: str


def whole(name: str) -> Case:
    """Return a public survey with its test split."""
    survey = load(name)
    assert survey.test is not None
    return Case(survey.train, survey.test, name)


def library(month: int) -> Case:
    """Return the library's first month, and the test scans of another."""
    return Case(load("uji_library:1").train, whole(f"uji_library:{month}").test, "uji_library:1")


def few_access_points(case: Case, n: int) -> Case:
    """Keep a few of the access points that the survey hears, drawn by how often it hears them."""
    n_scans = np.bincount(case.train.rss_dbm.indices, minlength=case.train.n_access_points)
    rng = np.random.default_rng(SEED)
    some = rng.choice(
        len(n_scans), min(n, int((n_scans > 0).sum())), replace=False, p=n_scans / n_scans.sum()
    )
    names = [case.train.access_points[j] for j in np.sort(some)]
    return case._replace(train=case.train.aligned_to(names), test=case.test.aligned_to(names))


def few_points(case: Case, n: int) -> Case:
    """Keep a few reference points."""
    point = reference_points(case.train)
    some = np.random.default_rng(SEED).permutation(int(point.max()) + 1)[:n]
    return case._replace(train=case.train[np.isin(point, some)])


def few_scans(case: Case, n: int) -> Case:
    """Keep a few scans of each reference point."""
    point = reference_points(case.train)
    order = np.lexsort((np.random.default_rng(SEED).random(len(point)), point))
    nth = np.arange(len(order)) - np.searchsorted(point[order], point[order])
    return case._replace(train=case.train[np.sort(order[nth < n])])


def one_user(user: str) -> Case:
    """Return one user's scans of UJIIndoorLoc, and test scans near them."""
    case = whole("ujiindoorloc")
    assert case.train.user is not None
    train = case.train[case.train.user == user]
    test = case.test.in_frame(train.frame)
    return case._replace(train=train, test=test[distance_m(train, test) <= REACH_M])


def apart(cut: Callable[[int], tuple[FingerprintSet, dict[str, FingerprintSet]]], building: str) -> Case:
    """Return a survey of some phones or users, and scans of the others."""
    train, tests = cut(SEED)
    return Case(train, next(iter(tests.values())), building)


def simulated(**building: float) -> Case:
    """Return a simulated building; the shipped matcher does not know it."""
    survey = simulated_survey(seed=SEED, **building)
    assert survey.test is not None
    return Case(survey.train, survey.test, "")


CASES: dict[str, Callable[[], Case]] = {
    "Tampere": lambda: whole("tampere"),
    "Tampere, half of the devices, others ask": lambda: apart(devices_apart, "tampere"),
    "library, 12 months later": lambda: library(12),
    "library, 3 scans a point": lambda: few_scans(library(2), 3),
    "DSI1": lambda: whole("dsi1"),
    "TUT6, 100 points": lambda: few_points(whole("tut6"), 100),
    "UJIIndoorLoc, 100 points": lambda: few_points(whole("ujiindoorloc"), 100),
    "UJIIndoorLoc, user 1": lambda: one_user("1"),
    "UJIIndoorLoc, user 11": lambda: one_user("11"),
    "UJIIndoorLoc, user 14": lambda: one_user("14"),
    "Tampere, 30 access points": lambda: few_access_points(whole("tampere"), 30),
    "Tampere, 100 points": lambda: few_points(whole("tampere"), 100),
    "simulated office": lambda: simulated(),
    "TUT6, 500 points": lambda: few_points(whole("tut6"), 500),
    "TUT6, 30 access points": lambda: few_access_points(few_points(whole("tut6"), 500), 30),
    "DSI1, 1 scan a point": lambda: few_scans(whole("dsi1"), 1),
    "DSI1, 30 access points": lambda: few_access_points(whole("dsi1"), 30),
    "library, 20 points": lambda: few_points(library(2), 20),
    "library, 1 scan a point": lambda: few_scans(library(2), 1),
    "library, 30 scans a point, another phone": lambda: few_scans(library(25), 30),
    "UJIIndoorLoc, 500 points, 1 scan a point": lambda: few_scans(few_points(whole("ujiindoorloc"), 500), 1),
    "UJIIndoorLoc, 30 access points, 500 points": lambda: few_access_points(
        few_points(whole("ujiindoorloc"), 500), 30
    ),
    "UJIIndoorLoc, two thirds of the users, others ask": lambda: few_scans(
        apart(users_apart, "ujiindoorloc"), 5
    ),
    "simulated, 20 points": lambda: simulated(n_train=80),
    "simulated dense grid": lambda: apart(dense_grid, ""),
}


def rows_of(name: str) -> list[dict[str, str]]:
    """Fit k-NN, the matcher and the default, and ask each about the same scans."""
    case = CASES[name]()
    some = np.sort(np.random.default_rng(SEED).permutation(len(case.test))[:MOST_SCANS])
    start = pretrained_on_others(case.building, SEED) if case.building else "zoo"
    rows: list[dict[str, str]] = []
    for method in ("knn", "matcher", "blend"):
        began = time.monotonic()
        model = _fit(method, case.train, start)
        row = {
            "survey": name,
            "method": "default" if method == "blend" else method,
            "n": str(len(some)),
            "mae_m": f"{evaluate(model, case.test[some]).figures()['mae_m']:.3f}",
            "network_share": "" if model.lineage_.share is None else f"{model.lineage_.share:.3f}",
            "reason": model.lineage_.share_reason or "",
            "seconds": f"{time.monotonic() - began:.0f}",
        }
        rows.append(row)
    return rows


def _fit(method: str, train: FingerprintSet, start: PretrainedMatcher | str) -> Localizer:
    run = RunOptions(seed=SEED, device="cpu", progress=False)
    if method == "knn":
        return Localizer(method, run=run, calibrate=False).fit(train)
    own_map = {"matcher": "fine_tune", "blend": "matcher.fine_tune"}[method]
    return Localizer(method, pretrained=start, settings={own_map: True}, run=run, calibrate=False).fit(train)


def main() -> None:
    """Measure the surveys that are missing."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="names of surveys, separated by semicolons")
    only = [name for name in parser.parse_args().only.split(";") if name]
    rows = read_rows(RESULTS)
    for name in only or CASES:
        if any(row["survey"] == name for row in rows):
            continue
        new = rows_of(name)
        rows += new
        write_rows(RESULTS, COLUMNS, rows)
        print(name, *(f"{row['method']} {row['mae_m']}" for row in new), new[-1]["reason"], flush=True)


if __name__ == "__main__":
    main()
