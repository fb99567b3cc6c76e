"""Measure drift: over the months of the library, with access points taken away, and what an update is worth.

python -m benchmarks.drift             # results/drift.csv, gone.csv, updates.csv and their pages
python -m benchmarks.drift --choose    # the powers and the threshold of the estimate, on other sets
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.documented.pages import write_page
from benchmarks.result_rows import write_rows
from tutelage import FingerprintSet, Localizer, RunOptions, evaluate, load, measure_drift, update
from tutelage.data.sparse_rows import csr
from tutelage.data.splits import split_by_position
from tutelage.evaluation.drift.expected_loss import GONE_POWER, RESURVEY_AT, SHIFTED_POWER

MONTHS_CSV = Path("results/drift.csv")
GONE_CSV = Path("results/gone.csv")
UPDATES_CSV = Path("results/updates.csv")
PAGES = ("research/drift.md", "docs/guides/drift.md")
GONE_SETS = ("tampere", "tut5", "tut6", "tut7", "dsi1", "uji_library:1")
GONE_SHARES = (0.0, 0.25, 0.5, 0.75)
TEST_SCANS = 1500
MONTHS = range(2, 26)
UPDATE_MONTHS = (6, 12, 18, 24)
CHOICE_SETS = ("tampere", "tut6", "tut7", "dsi1")
KNN = {"metric": "sorensen", "representation": "powed", "k": 10}
SHARES = (0.1, 0.25, 0.5, 0.75)
SEEDS = range(3)
SCANS = 500
HELD_OUT = 0.2
LARGE = 1.10  # a tenth of the mean error is worth a survey


def month_rows(model: Localizer) -> Iterable[dict[str, Any]]:
    """Measure the drift of every month's test scans from the model of the first month."""
    first = mean_error_m(model, 1)
    for month in MONTHS:
        drift = measure_drift(model, load(f"uji_library:{month}"))
        assert drift.measured is not None
        common = drift.shifts.common_db
        yield {
            "month": month,
            "gone": len(drift.gone),
            "shifted": len(drift.shifts.shifted),
            "new": len(drift.new),
            "common_db": "" if common is None else f"{common:.1f}",
            "refused": f"{drift.refused_share:.4f}",
            "estimated": f"{drift.loss.factor:.3f}",
            "measured": f"{(drift.measured.mae_m or 0) / first:.3f}",
            "mae_m": f"{drift.measured.mae_m:.3f}",
            "coverage": f"{drift.measured.coverage:.4f}",
            "severity": drift.severity,
        }


def update_rows(model: Localizer) -> Iterable[dict[str, Any]]:
    """Evaluate the first month's model, its updates, and a model of the month before alone."""
    for month in UPDATE_MONTHS:
        recent = load(f"uji_library:{month - 1}")
        gone = [each.access_point for each in measure_drift(model, recent.train).gone]
        models = {
            "month 1 alone": model,
            "updated": update(model, recent),
            "updated, gone dropped": update(model, recent, drop=gone),
            "month before alone": Localizer("knn", run=RunOptions(device="cpu")).fit(recent),
        }
        for name, each in models.items():
            figures = evaluate(each, load(f"uji_library:{month}")).figures()
            columns = {key: f"{figures[key]:.3f}" for key in ("mae_m", "p95_m", "coverage", "radius_m")}
            yield {"month": month, "model": name, **columns}


def mean_error_m(model: Localizer, month: int) -> float:
    """Return the mean error in metres."""
    return float(evaluate(model, load(f"uji_library:{month}")).figures()["mae_m"] or 0)


def gone_rows() -> Iterable[dict[str, Any]]:
    """Take access points from test scans, and compare what drift says with what k-NN loses."""
    for name in GONE_SETS:
        model = Localizer("knn", run=RunOptions(device="cpu")).fit(load(name))
        bare = model.without_calibration()
        test = load(name).test
        assert test is not None
        some = np.random.default_rng(0).permutation(len(test))[:TEST_SCANS]
        scans = test[np.sort(some)].aligned_to(model.access_points_)
        heard = {scans.access_points[j] for j in np.unique(scans.rss_dbm.indices)}
        before = float(evaluate(bare, scans).figures()["mae_m"] or 0)
        for share in GONE_SHARES:
            for seed in SEEDS if share else (0,):
                gone = _drawn(model.access_points_, share, seed)
                left = scans.aligned_to([each for each in scans.access_points if each not in gone])
                drift = measure_drift(model, left)
                found = {each.access_point for each in drift.gone}
                figures = evaluate(model, left).figures()
                after = float(evaluate(bare, left).figures()["mae_m"] or 0)
                common = drift.shifts.common_db
                yield {
                    "survey": name,
                    "share": share,
                    "seed": seed,
                    "taken": len(gone & heard),
                    "found": len(found & gone),
                    "others_found": len(found - gone),
                    "common_db": "" if common is None else f"{common:.1f}",
                    "estimated": f"{drift.loss.factor:.3f}",
                    "measured": f"{after / before:.3f}",
                    "refused": f"{drift.refused_share:.4f}",
                    "coverage": f"{figures['coverage']:.4f}",
                }


def _drawn(names: Sequence[str], share: float, seed: int) -> set[str]:
    order = np.random.default_rng(seed).permutation(len(names))
    return {names[j] for j in order[: round(share * len(names))]}


# -- choosing ---------------------------------------------------------------------------------------------


def choose() -> None:
    """Choose the powers and the threshold of the estimate.

    Access points are removed or shifted by 8 dB in training scans at held-out reference points. No test split
    is touched.
    """
    trials: dict[str, list[tuple[float, float]]] = {"gone": [], "shifted": []}
    for name in CHOICE_SETS:
        train = load(name).train
        heard = train[train.n_heard > 0]
        train_rows, test_rows = split_by_position(heard, fraction=HELD_OUT, seed=0)
        model = Localizer("knn", settings=KNN, calibrate=False).fit(heard[train_rows])
        some = np.random.default_rng(0).choice(test_rows, min(SCANS, len(test_rows)), replace=False)
        scans = heard[some].aligned_to(model.access_points_)
        before = _error_m(model, scans)
        n_hearing = np.bincount(scans.rss_dbm.indices, minlength=scans.n_access_points)
        for share in SHARES:
            for seed in SEEDS:
                rng = np.random.default_rng(seed)
                hit = rng.random(scans.n_access_points) < share
                offset = np.where(hit, rng.choice([-8.0, 8.0], len(hit)), 0.0)
                lost = float(n_hearing[hit].sum() / n_hearing.sum())
                trials["gone"].append((lost, _error_m(model, _without(scans, hit)) / before))
                trials["shifted"].append((lost, _error_m(model, _shifted(scans, offset)) / before))
    for kind, losses in trials.items():
        powers = [np.log(loss) / -np.log1p(-share) for share, loss in losses]
        print(f"{kind}: power {np.median(powers):.2f}, quartiles {np.percentile(powers, [25, 75]).round(2)}")
    power_by_kind = {"gone": GONE_POWER, "shifted": SHIFTED_POWER}
    pairs = [((1 - share) ** -power_by_kind[kind], loss) for kind in trials for share, loss in trials[kind]]
    estimates, measured = np.array(pairs).T
    for threshold in sorted({*np.arange(1.02, 1.21, 0.02).round(2).tolist(), RESURVEY_AT}):
        is_reported = estimates >= threshold
        is_large = measured >= LARGE
        shares = (is_reported[is_large].mean(), is_reported[~is_large].mean())
        chosen = " (the rule)" if threshold == RESURVEY_AT else ""
        print(f"{threshold}: of losses over 10 % {shares[0]:.0%} told, of others {shares[1]:.0%}{chosen}")


def _error_m(model: Localizer, scans: FingerprintSet) -> float:
    heard = scans[scans.n_heard > 0].in_frame(model.frame_)
    apart = model.method_.locate(heard).position_m - heard.known_position_m
    return float(np.linalg.norm(apart, axis=1).mean())


def _without(scans: FingerprintSet, hit: np.ndarray) -> FingerprintSet:
    return scans.aligned_to([name for name, gone in zip(scans.access_points, hit, strict=True) if not gone])


def _shifted(scans: FingerprintSet, offset_db: np.ndarray) -> FingerprintSet:
    rss = scans.rss_dbm
    moved = np.clip(rss.data + offset_db[rss.indices], -119.0, 0.0)
    return FingerprintSet(
        csr(moved, rss.indices, rss.indptr, rss.shape[1]),
        scans.access_points,
        scans.scan_id,
        scans.position_m,
        scans.frame,
    )


def main() -> None:
    """Write the tables, or print what chooses the estimate."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--choose", action="store_true")
    if parser.parse_args().choose:
        choose()
        return
    model = Localizer("knn", run=RunOptions(device="cpu")).fit(load("uji_library:1"))
    months = list(month_rows(model))
    updates = list(update_rows(model))
    gone = list(gone_rows())
    for file, rows in ((MONTHS_CSV, months), (UPDATES_CSV, updates), (GONE_CSV, gone)):
        write_rows(file, list(rows[0]), rows)
    for page in PAGES:
        write_page(page)


if __name__ == "__main__":
    main()
