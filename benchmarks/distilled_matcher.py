"""docs/matcher.md's last table: a matcher distilled into a network that a phone could run alone.

    python -m benchmarks.distilled_matcher

Training scans alone. Of a public survey some reference points are learnt, and the errors are of the others.
The network learns the survey's scans and mixed ones, in equal parts: every reading of a mixed scan is that of
one of four scans that were taken near each other. Where it belongs is said by the matcher, taught in all other
public sets and the points learnt; the control takes the mean of the four places. Finished rows of
results/distilled_matcher.csv are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

from benchmarks.calibration import taught_elsewhere
from benchmarks.keeping import keep_rows, kept_rows, put_into_page
from tutelage import FingerprintSet, Localizer, load
from tutelage.data.splits import reference_points, split_by_position

RESULTS, PAGE = Path("results/distilled_matcher.csv"), Path("docs/matcher.md")
SETS, SHARES, SEEDS = ("tut1", "tut5", "tut7"), (0.85, 0.08), (0, 1)
UPDATES, MIXED, FEWEST, MOST = 2000, 4, 4_000, 20_000
PARENTS, AROUND = 4, 9  # scans of a mixture, and the reference points around the first that the others are of
ERRORS = ("knn_m", "matcher_m", "dnn_m", "dnn_mixed_m", "dnn_taught_m")
COLUMNS = ("survey", "share", "seed", "n_scans", *ERRORS, "moved_m", "seconds")


def mixtures(scans: FingerprintSet, n: int, rng: np.random.Generator) -> FingerprintSet:
    """Scans that nobody took, each at the weighted mean of its parents' places."""
    parents = parents_of(scans, n, rng)
    weight = rng.dirichlet(np.ones(PARENTS), n)
    readings = [scans.rss_dbm[each].tocoo() for each in parents.T]
    key = np.concatenate([r.row.astype(np.int64) * scans.n_access_points + r.col for r in readings])
    parent = np.repeat(np.arange(PARENTS), [r.nnz for r in readings])
    heard, which = np.unique(key, return_inverse=True)
    row, column = np.divmod(heard, scans.n_access_points)
    drawn = (rng.random(len(heard))[:, None] > weight.cumsum(axis=1)[row]).sum(axis=1)
    kept = drawn[which] == parent  # nothing, where the parent that was drawn heard nothing
    value = np.concatenate([r.data for r in readings])[kept]
    shape = n, scans.n_access_points
    rss = sparse.csr_array((value, (row[which[kept]], column[which[kept]])), shape=shape)
    place = (weight[..., None] * scans.known_position_m[parents]).sum(axis=1)
    names = np.char.add("mixed ", np.arange(n).astype(np.str_))
    mixed = FingerprintSet(rss, scans.access_points, names, place, scans.frame)
    return mixed[mixed.n_heard > 0]


def parents_of(scans: FingerprintSet, n: int, rng: np.random.Generator) -> np.ndarray:
    """[n, PARENTS] rows: any scan, and scans of reference points around it, on its floor."""
    point = reference_points(scans)
    floor = np.zeros(len(scans)) if scans.floor is None else np.unique(scans.floor, return_inverse=True)[1]
    place = np.column_stack([scans.known_position_m, 1e6 * floor])
    first_of = np.unique(point, return_index=True)[1]
    around = min(AROUND, len(first_of))
    near = KDTree(place[first_of]).query(place[first_of], around)[1].reshape(len(first_of), around)
    first = rng.integers(len(scans), size=n)
    others = near[point[first][:, None], rng.integers(around, size=(n, PARENTS - 1))]
    by_point, size = np.argsort(point, kind="stable"), np.bincount(point)
    start = np.cumsum(size) - size
    rows = by_point[start[others] + (rng.random(others.shape) * size[others]).astype(np.int64)]
    return np.column_stack([first, rows])


def enlarged(scans: FingerprintSet, mixed: FingerprintSet) -> FingerprintSet:
    """The scans, as often as makes them as many as the mixed ones, and these."""
    parts = [scans] * max(1, round(len(mixed) / len(scans))) + [mixed]
    rss = sparse.csr_array(sparse.vstack([part.rss_dbm for part in parts]))
    place = np.concatenate([part.known_position_m for part in parts])
    names = np.arange(len(place)).astype(np.str_)
    return FingerprintSet(rss, scans.access_points, names, place, scans.frame)


def row_of(survey: str, share: float, seed: int) -> dict[str, Any]:
    """One survey, of which a share of the reference points is learnt."""
    began = time.monotonic()
    train = load(survey).train
    heard = train[train.n_heard > 0]
    rest, held = split_by_position(heard, fraction=1 - share, seed=seed)
    own, asked = heard[rest], heard[held]
    every: dict[str, Any] = {"calibrate": False, "device": "cpu", "seed": seed}
    of_network = {"updates": UPDATES, "weight_labels": 0}

    def learnt(scans: FingerprintSet, network: str = "dnn", **how: Any) -> Localizer:
        return Localizer(network, **{"settings": of_network, **every, **how}).fit(scans)

    def error_m(model: Localizer) -> float:
        found = model.method_.locate(asked).position_m
        return float(np.linalg.norm(found - asked.known_position_m, axis=1).mean())

    taught = {"teachers": taught_elsewhere(survey, 0), "settings": {"fine_tune": True}}
    matcher = learnt(own, "matcher", **taught)
    n_mixed = int(np.clip(MIXED * len(own), FEWEST, MOST))
    mixed = mixtures(own, n_mixed, np.random.default_rng(seed))
    placed = replace(mixed, position_m=matcher.method_.locate(mixed).position_m)
    models = (
        learnt(own, "knn", settings={}),
        matcher,
        learnt(own),
        learnt(enlarged(own, mixed)),
        learnt(enlarged(own, placed)),
    )
    errors_m = {name: round(error_m(model), 3) for name, model in zip(ERRORS, models, strict=True)}
    moved_m = np.linalg.norm(placed.known_position_m - mixed.known_position_m, axis=1).mean()
    seconds = round(time.monotonic() - began)
    key = {"survey": survey, "share": share, "seed": seed, "n_scans": len(own)}
    return {**key, **errors_m, "moved_m": round(float(moved_m), 2), "seconds": seconds}


def table(rows: list[dict[str, str]]) -> Iterable[str]:
    """Means over seeds as Markdown, a row a survey and share."""
    yield (
        "| survey, share of its reference points learnt | scans | k-NN | matcher | DNN | DNN, mixed scans at "
        "the mean place (control) | DNN, mixed scans where the matcher puts them |"
    )
    yield "|---|---|---|---|---|---|---|"
    for survey in SETS:
        for share in SHARES:
            group = [row for row in rows if (row["survey"], float(row["share"])) == (survey, share)]
            if group:
                means = [f"{np.mean([float(row[name]) for row in group]):.2f}" for name in ERRORS]
                yield f"| {survey.upper()}, {share:.0%} | {group[0]['n_scans']} | {' | '.join(means)} |"


def main() -> None:
    """Make the rows that are missing, then the page."""
    rows = kept_rows(RESULTS)
    known = {(row["survey"], float(row["share"]), int(row["seed"])) for row in rows}
    for survey in SETS:
        for key in [(survey, share, seed) for share in SHARES for seed in SEEDS]:
            if key in known:
                continue
            rows.append({name: str(value) for name, value in row_of(*key).items()})
            print(rows[-1], flush=True)
            keep_rows(RESULTS, COLUMNS, rows)
    put_into_page(PAGE, RESULTS, table(rows))


if __name__ == "__main__":
    main()
