"""Measure which training scans are refused, and what their positions would have been worth.

    python -m benchmarks.refusal    # results/refusal.csv and a table of research/calibration.md

k-NN learns a part of each survey's training scans. Scans at held-out places are located as they are, without
some access points, and as a phone 6 dB fainter hears them. Scans of other users, of later months, of another
floor and of other buildings are located too. Limits are compared: until the error to expect is some multiple
of the mean error, and the limit by unlikeness alone that the package had before (the similarity that 99 % of
the held-out scans exceed, squared). No test split is touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.calibration import without_some
from benchmarks.documented.pages import write_page
from benchmarks.result_rows import write_rows
from tutelage import FingerprintSet, Localizer, RunOptions, load, simulated_survey
from tutelage.data.hold_out import hold_out
from tutelage.data.sparse_rows import csr
from tutelage.data.splits import split_by_position
from tutelage.methods.calibration import trial
from tutelage.runtime.landmarks import nearest_distance

RESULTS = Path("results/refusal.csv")
PAGE = "research/calibration.md"
MULTIPLES = (2.0, 3.0, 4.0)
RULE = trial.USELESS
OLD = "unlikeness alone"
SETS = ("tampere", "tut6", "dsi1")
GONE = (0.25, 0.5, 0.75)
SEEDS = range(2)
USERS = 3
HELD_OUT = 0.2
MOST_SCANS = 1000
FAINTER_DB = 6.0
KNN = {"metric": "sorensen", "representation": "powed", "k": 5}

Asked = dict[str, FingerprintSet]


def surveys(seed: int) -> Iterator[tuple[str, FingerprintSet, Asked]]:
    """Yield what is learnt, and what is asked about."""
    train = load("ujiindoorloc").train
    assert train.building is not None
    home, away = train[train.building == "0"], train[train.building != "0"]
    assert home.user is not None
    users = np.random.default_rng(seed).permutation(np.unique(home.user))
    users = users[: min(USERS, len(users) - 1)]
    is_other = np.isin(home.user, users)
    asked = changed("other users", home[is_other], seed)
    yield (
        "UJIIndoorLoc, a building",
        home[~is_other],
        {**asked, "elsewhere: other buildings": _some(away, seed)},
    )
    for name in SETS:
        train = load(name).train
        rest, held_out = split_by_position(train, fraction=HELD_OUT, seed=seed)
        yield name, train[rest], changed("held-out places", train[held_out], seed)
        floors = np.unique(train.floor) if train.floor is not None else []
        if len(floors) > 2:
            is_top = train.floor == floors[-1]
            yield (
                f"{name}, a floor missing",
                train[~is_top],
                {"elsewhere: that floor": _some(train[is_top], seed)},
            )
    first = load("uji_library:1").train
    yield "library, month 1", first, changed("month 18", load("uji_library:18").train, seed)
    office = simulated_survey(seed=seed, n_floors=1, n_train=6400)
    rest, held_out = split_by_position(office.train, fraction=HELD_OUT, seed=seed)
    yield "simulated dense grid", office.train[rest], changed("held-out places", office.train[held_out], seed)


def changed(name: str, scans: FingerprintSet, seed: int) -> Asked:
    """Return scans as they are, without some access points, and as a phone that hears less."""
    scans = _some(scans, seed)
    gone = {f"{share:.0%} gone": without_some(scans, share, seed) for share in GONE}
    return {name: scans, **gone, f"{FAINTER_DB:g} dB fainter": _fainter(scans)}


def _fainter(scans: FingerprintSet) -> FingerprintSet:
    rss = scans.rss_dbm
    data = np.maximum(rss.data - FAINTER_DB, -119.0).astype(rss.data.dtype)
    return replace(scans, rss_dbm=csr(data, rss.indices, rss.indptr, rss.shape[1]))


def _some(scans: FingerprintSet, seed: int) -> FingerprintSet:
    scans = scans[scans.n_heard > 0]
    return scans[np.sort(np.random.default_rng(seed).permutation(len(scans))[:MOST_SCANS])]


def limits(model: Localizer, learnt: FingerprintSet) -> dict[str, float]:
    """Return how unlike every landmark a scan may be, by each rule."""
    found = {}
    for multiple in MULTIPLES:
        trial.USELESS = multiple
        each = Localizer("knn", settings=KNN, run=model.run).fit(learnt).calibration_
        assert each is not None
        found[f"{multiple:g} x"] = each.farthest
    trial.USELESS = RULE
    usable_scans = learnt[learnt.n_heard > 0]
    division = hold_out(usable_scans, HELD_OUT, 0)
    marks = trial.landmarks_of(usable_scans[division.rest], learnt.access_points)
    held_out = usable_scans[division.held_out]
    similarity = 1 - nearest_distance(marks.similarity(held_out.rss_of(learnt.access_points)))
    return {**found, OLD: 1 - float(np.quantile(similarity, 0.01)) ** 2}


def rows_of(name: str, learnt: FingerprintSet, asked: Asked, seed: int) -> Iterator[dict[str, str]]:
    """Yield a row for each rule and kind of scans."""
    run = RunOptions(seed=seed, device="cpu", progress=False)
    model = Localizer("knn", settings=KNN, run=run).fit(learnt)
    calibration = model.calibration_
    assert calibration is not None
    by_rule = limits(model, learnt)
    for kind, scans in asked.items():
        known = scans.in_frame(model.frame_).aligned_to(model.access_points_)
        known = known[known.n_heard > 0]
        unlike = nearest_distance(calibration.landmarks.similarity(known.rss_dbm))
        answers = model.without_calibration().predict(known)
        error_m = np.linalg.norm(model.method_.locate(known).position_m - known.known_position_m, axis=1)
        radius_m = calibration.judge(known.rss_dbm, model.method_.locate(known).position_m, 0.95).radius_m
        for rule, farthest in by_rule.items():
            is_refused = (unlike > farthest) | ~answers.answered
            yield {
                "survey": name,
                "scans": kind,
                "rule": rule,
                "seed": str(seed),
                "n": str(len(known)),
                "refused": f"{is_refused.mean():.4f}",
                "answered_m": _mean(error_m[~is_refused]),
                "refused_m": _mean(error_m[is_refused]),
                "coverage": _mean((error_m <= radius_m)[~is_refused]),
            }


def _mean(values: np.ndarray) -> str:
    return f"{values.mean():.3f}" if len(values) else ""


def main() -> None:
    """Write the rows and the page."""
    rows = [
        row
        for seed in SEEDS
        for name, learnt, asked in surveys(seed)
        for row in rows_of(name, learnt, asked, seed)
    ]
    write_rows(RESULTS, list(rows[0]), rows)
    write_page(PAGE)


if __name__ == "__main__":
    main()
