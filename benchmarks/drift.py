"""docs/drift.md's tables: what drift tells of the library's months, and what an update is worth.

python -m benchmarks.drift             # results/drift.csv, results/updates.csv and the page
python -m benchmarks.drift --choose    # the powers and the threshold of the estimate, on other sets
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks.keeping import keep_rows, put_into_page
from tutelage import FingerprintSet, Localizer, evaluate, load, measure_drift, updated
from tutelage.data.sparse_rows import csr
from tutelage.data.splits import split_by_position
from tutelage.evaluation.drift.expected_loss import GONE_POWER, RESURVEY_AT, SHIFTED_POWER

MONTHS_CSV, UPDATES_CSV, PAGE = Path("results/drift.csv"), Path("results/updates.csv"), Path("docs/drift.md")
MONTHS, UPDATED_AT = range(2, 26), (6, 12, 18, 24)
CHOSEN_ON = ("tampere", "tut6", "tut7", "dsi1")
KNN = {"metric": "sorensen", "representation": "powed", "k": 10}
SHARES, SEEDS, SCANS, HELD_OUT = (0.1, 0.25, 0.5, 0.75), range(3), 500, 0.2
LARGE = 1.10  # a tenth of the mean error is worth a survey


def month_rows(model: Localizer) -> Iterable[dict[str, Any]]:
    """The first month's model asked about the test scans of all months."""
    first = measured(model, 1)
    for month in MONTHS:
        found = measure_drift(model, load(f"uji_library:{month}"))
        assert found.measured is not None
        common = found.shifts.common_db
        yield {
            "month": month,
            "gone": len(found.gone),
            "shifted": len(found.shifts.shifted),
            "new": len(found.new),
            "common_db": "" if common is None else f"{common:.1f}",
            "refused": f"{found.refused_share:.4f}",
            "estimated": f"{found.loss.factor:.3f}",
            "measured": f"{(found.measured.mae_m or 0) / first:.3f}",
            "mae_m": f"{found.measured.mae_m:.3f}",
            "coverage": f"{found.measured.coverage:.4f}",
            "severity": found.severity,
        }


def update_rows(model: Localizer) -> Iterable[dict[str, Any]]:
    """Each month asked about by the first month's model, by updates of it, and by the month before alone."""
    for month in UPDATED_AT:
        recent = load(f"uji_library:{month - 1}")
        gone = [each.access_point for each in measure_drift(model, recent.train).gone]
        models = {
            "month 1 alone": model,
            "updated": updated(model, recent),
            "updated, gone dropped": updated(model, recent, drop=gone),
            "month before alone": Localizer("knn", device="cpu").fit(recent),
        }
        for name, each in models.items():
            figures = evaluate(each, load(f"uji_library:{month}")).figures()
            kept = {key: f"{figures[key]:.3f}" for key in ("mae_m", "p95_m", "coverage", "radius_m")}
            yield {"month": month, "model": name, **kept}


def measured(model: Localizer, month: int) -> float:
    """Mean error in metres."""
    return float(evaluate(model, load(f"uji_library:{month}")).figures()["mae_m"] or 0)


# -- the tables -------------------------------------------------------------------------------------------


def month_table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Months as Markdown, and how well the estimate follows what was measured."""
    head = (
        "| month | gone | shifted | new | common offset (dB) | refused | loss, estimated | loss, measured | "
    )
    lines = [head + "mean error (m) | coverage | says |", "|" + "---|" * 11]
    for row in rows:
        losses = [f"{float(row[name]) - 1:+.0%}" for name in ("estimated", "measured")]
        shares = [f"{float(row[name]):.1%}" for name in ("refused", "coverage")]
        cells = [row["month"], row["gone"], row["shifted"], row["new"], row["common_db"], shares[0], *losses]
        lines.append("| " + " | ".join(map(str, [*cells, row["mae_m"], shares[1], row["severity"]])) + " |")
    estimated, true = (np.array([float(row[name]) for row in rows]) for name in ("estimated", "measured"))
    within = "median difference {:.1%}, largest {:.1%}".format(
        *np.percentile(abs(estimated - true), [50, 100])
    )
    lines += [
        "",
        f"Estimated against measured: {within}, rank correlation {spearmanr(estimated, true)[0]:.2f}.",
    ]
    return lines


def update_table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Updates as Markdown."""
    lines = ["| asked at month | model | mean error (m) | 95 % (m) | coverage | median radius (m) |"]
    lines.append("|" + "---|" * 6)
    for row in rows:
        figures = [row["mae_m"], row["p95_m"], f"{float(row['coverage']):.1%}", row["radius_m"]]
        lines.append("| " + " | ".join([str(row["month"]), row["model"], *figures]) + " |")
    return lines


# -- choosing ---------------------------------------------------------------------------------------------


def choose() -> None:
    """Loss over share for access points taken away or shifted by 8 dB, and the threshold that tells 10 %.

    Of training scans at reference points held out: no test split is touched.
    """
    trials: dict[str, list[tuple[float, float]]] = {"gone": [], "shifted": []}
    for name in CHOSEN_ON:
        train = load(name).train
        heard = train[train.n_heard > 0]
        rest, held = split_by_position(heard, fraction=HELD_OUT, seed=0)
        model = Localizer("knn", settings=KNN, calibrate=False).fit(heard[rest])
        some = np.random.default_rng(0).choice(held, min(SCANS, len(held)), replace=False)
        asked = heard[some].aligned_to(model.access_points_)
        before = _error_m(model, asked)
        n_hearing = np.bincount(asked.rss_dbm.indices, minlength=asked.n_access_points)
        for share in SHARES:
            for seed in SEEDS:
                rng = np.random.default_rng(seed)
                hit = rng.random(asked.n_access_points) < share
                offset = np.where(hit, rng.choice([-8.0, 8.0], len(hit)), 0.0)
                lost = float(n_hearing[hit].sum() / n_hearing.sum())
                trials["gone"].append((lost, _error_m(model, _without(asked, hit)) / before))
                trials["shifted"].append((lost, _error_m(model, _shifted(asked, offset)) / before))
    for kind, found in trials.items():
        powers = [np.log(loss) / -np.log1p(-share) for share, loss in found]
        print(f"{kind}: power {np.median(powers):.2f}, quartiles {np.percentile(powers, [25, 75]).round(2)}")
    powers = {"gone": GONE_POWER, "shifted": SHIFTED_POWER}
    pairs = [((1 - share) ** -powers[kind], loss) for kind in trials for share, loss in trials[kind]]
    estimate, loss = np.array(pairs).T
    for threshold in sorted({*np.arange(1.02, 1.21, 0.02).round(2).tolist(), RESURVEY_AT}):
        told, large = estimate >= threshold, loss >= LARGE
        shares = told[large].mean(), told[~large].mean()
        chosen = " (the rule)" if threshold == RESURVEY_AT else ""
        print("{}: of losses over 10 % {:.0%} told, of others {:.0%}{}".format(threshold, *shares, chosen))


def _error_m(model: Localizer, asked: FingerprintSet) -> float:
    heard = asked[asked.n_heard > 0].in_frame(model.frame_)
    apart = model.method_.locate(heard).position_m - heard.known_position_m
    return float(np.linalg.norm(apart, axis=1).mean())


def _without(asked: FingerprintSet, hit: np.ndarray) -> FingerprintSet:
    return asked.aligned_to([name for name, gone in zip(asked.access_points, hit, strict=True) if not gone])


def _shifted(asked: FingerprintSet, offset_db: np.ndarray) -> FingerprintSet:
    rss = asked.rss_dbm
    moved = np.clip(rss.data + offset_db[rss.indices], -119.0, 0.0)
    return FingerprintSet(
        csr(moved, rss.indices, rss.indptr, rss.shape[1]),
        asked.access_points,
        asked.scan_id,
        asked.position_m,
        asked.frame,
    )


def main() -> None:
    """Make both tables, or what the estimate is chosen on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--choose", action="store_true")
    if parser.parse_args().choose:
        choose()
        return
    model = Localizer("knn", device="cpu").fit(load("uji_library:1"))
    months, updates = list(month_rows(model)), list(update_rows(model))
    for file, rows, lines in (
        (MONTHS_CSV, months, month_table(months)),
        (UPDATES_CSV, updates, update_table(updates)),
    ):
        keep_rows(file, list(rows[0]), rows)
        put_into_page(PAGE, file, ["", *lines, ""])


if __name__ == "__main__":
    main()
