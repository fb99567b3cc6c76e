"""Distil a matcher into a network that a phone could run alone, for the last table of research/matcher.md.

    python -m benchmarks.distilled_matcher

Only training scans take part. Some reference points of a public survey are learnt, and the errors are those
on the others. The network learns the survey's scans and mixed ones in equal parts. Every reading of a mixed
scan comes from one of four scans that were taken near each other. The matcher, which learnt in all other
public sets and on the survey's own points, gives the position of a mixed scan. The control takes the mean of
the four positions. Finished rows of results/distilled_matcher.csv are kept.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

from benchmarks.calibration import pretrained_on_others
from benchmarks.documented.pages import write_page
from benchmarks.result_rows import read_rows, write_rows
from tutelage import FingerprintSet, Localizer, RunOptions, load
from tutelage.data.splits import reference_points, split_by_position

RESULTS = Path("results/distilled_matcher.csv")
PAGE = "research/matcher.md"
SETS = ("tut1", "tut5", "tut7")
SHARES = (0.85, 0.08)
SEEDS = (0, 1)
UPDATES = 2000
MIXED = 4
FEWEST = 4_000
MOST = 20_000
# PARENTS scans make a mixture; all but the first are from AROUND reference points around the first.
PARENTS = 4
AROUND = 9
ERRORS = ("knn_m", "matcher_m", "dnn_m", "dnn_mixed_m", "dnn_taught_m")
COLUMNS = ("survey", "share", "seed", "n_scans", *ERRORS, "moved_m", "seconds")


def mixtures(scans: FingerprintSet, n: int, rng: np.random.Generator) -> FingerprintSet:
    """Mix scans. Each mixture stands at the weighted mean of its parents' positions."""
    parents = parents_of(scans, n, rng)
    weight = rng.dirichlet(np.ones(PARENTS), n)
    readings = [scans.rss_dbm[each].tocoo() for each in parents.T]
    key = np.concatenate([r.row.astype(np.int64) * scans.n_access_points + r.col for r in readings])
    parent = np.repeat(np.arange(PARENTS), [r.nnz for r in readings])
    heard, which = np.unique(key, return_inverse=True)
    row, column = np.divmod(heard, scans.n_access_points)
    drawn = (rng.random(len(heard))[:, None] > weight.cumsum(axis=1)[row]).sum(axis=1)
    kept = drawn[which] == parent  # a drawn parent without this reading gives none
    value = np.concatenate([r.data for r in readings])[kept]
    shape = n, scans.n_access_points
    rss = sparse.csr_array((value, (row[which[kept]], column[which[kept]])), shape=shape)
    place = (weight[..., None] * scans.known_position_m[parents]).sum(axis=1)
    names = np.char.add("mixed ", np.arange(n).astype(np.str_))
    mixed = FingerprintSet(rss, scans.access_points, names, place, scans.frame)
    return mixed[mixed.n_heard > 0]


def parents_of(scans: FingerprintSet, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw rows [n, PARENTS]: a scan, and scans of reference points around it on its floor."""
    point = reference_points(scans)
    floor = np.zeros(len(scans)) if scans.floor is None else np.unique(scans.floor, return_inverse=True)[1]
    place = np.column_stack([scans.known_position_m, 1e6 * floor])
    first_of = np.unique(point, return_index=True)[1]
    around = min(AROUND, len(first_of))
    near = KDTree(place[first_of]).query(place[first_of], around)[1].reshape(len(first_of), around)
    first = rng.integers(len(scans), size=n)
    others = near[point[first][:, None], rng.integers(around, size=(n, PARENTS - 1))]
    by_point = np.argsort(point, kind="stable")
    size = np.bincount(point)
    start = np.cumsum(size) - size
    rows = by_point[start[others] + (rng.random(others.shape) * size[others]).astype(np.int64)]
    return np.column_stack([first, rows])


def enlarge(scans: FingerprintSet, mixed: FingerprintSet) -> FingerprintSet:
    """Repeat the scans until they are as many as the mixed ones, and append these."""
    parts = [scans] * max(1, round(len(mixed) / len(scans))) + [mixed]
    rss = sparse.csr_array(sparse.vstack([part.rss_dbm for part in parts]))
    place = np.concatenate([part.known_position_m for part in parts])
    names = np.arange(len(place)).astype(np.str_)
    return FingerprintSet(rss, scans.access_points, names, place, scans.frame)


def measure_row(survey: str, share: float, seed: int) -> dict[str, Any]:
    """Measure one survey of which a share of the reference points is learnt."""
    began = time.monotonic()
    train = load(survey).train
    heard = train[train.n_heard > 0]
    train_rows, test_rows = split_by_position(heard, fraction=1 - share, seed=seed)
    radio_map = heard[train_rows]
    test_scans = heard[test_rows]
    run = RunOptions(seed=seed, device="cpu")
    network_settings = {"updates": UPDATES, "weight_labels": 0}

    def fit(scans: FingerprintSet, network: str = "dnn", **more: Any) -> Localizer:
        arguments = {"settings": network_settings, **more}
        return Localizer(network, run=run, calibrate=False, **arguments).fit(scans)

    def error_m(model: Localizer) -> float:
        position_m = model.method_.locate(test_scans).position_m
        return float(np.linalg.norm(position_m - test_scans.known_position_m, axis=1).mean())

    pretrained = {"pretrained": pretrained_on_others(survey, 0), "settings": {"fine_tune": True}}
    matcher = fit(radio_map, "matcher", **pretrained)
    n_mixed = int(np.clip(MIXED * len(radio_map), FEWEST, MOST))
    mixed = mixtures(radio_map, n_mixed, np.random.default_rng(seed))
    relocated = replace(mixed, position_m=matcher.method_.locate(mixed).position_m)
    models = (
        fit(radio_map, "knn", settings={}),
        matcher,
        fit(radio_map),
        fit(enlarge(radio_map, mixed)),
        fit(enlarge(radio_map, relocated)),
    )
    errors_m = {name: round(error_m(model), 3) for name, model in zip(ERRORS, models, strict=True)}
    moved_m = np.linalg.norm(relocated.known_position_m - mixed.known_position_m, axis=1).mean()
    seconds = round(time.monotonic() - began)
    key = {"survey": survey, "share": share, "seed": seed, "n_scans": len(radio_map)}
    return {**key, **errors_m, "moved_m": round(float(moved_m), 2), "seconds": seconds}


def main() -> None:
    """Measure the rows that are missing, then write the page."""
    rows = read_rows(RESULTS)
    finished = {(row["survey"], float(row["share"]), int(row["seed"])) for row in rows}
    for survey in SETS:
        for key in [(survey, share, seed) for share in SHARES for seed in SEEDS]:
            if key in finished:
                continue
            rows.append({name: str(value) for name, value in measure_row(*key).items()})
            print(rows[-1], flush=True)
            write_rows(RESULTS, COLUMNS, rows)
    write_page(PAGE)


if __name__ == "__main__":
    main()
