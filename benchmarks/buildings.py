"""Find out which of the Tampere sets are surveys of one building, for a table of research/data.md.

    python -m benchmarks.buildings

Their access points have other names in each, but an access point is heard in the same places in every survey
of its building. Of training scans the mean strength in each cell of 8 m and floor is an access point's
footprint; one of the other survey whose footprint correlates with it by 0.8 or more is taken for the same.
Then the other survey's test scans are located in the first one's radio map, by the access points matched.
The control lays the other survey over the first turned by 180 degrees, where nothing should match.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from benchmarks.documented.pages import write_page
from benchmarks.result_rows import write_rows
from tutelage import FingerprintSet, Localizer, evaluate, load

RESULTS = Path("results/buildings.csv")
PAGE = "research/data.md"
# Two surveys, and the shift of the second one's coordinates. TUT1 has an origin of its own.
PAIRS = (("tampere", "tut6", (0, 0)), ("tampere", "tut1", (114, 30)), ("tut7", "tut5", (0, 0)))
CELL_M = 8.0
LIKENESS = 0.8
FEWEST_CELLS = 6
FAINTEST_DBM = -105.0
COLUMNS = (
    *("first", "other", "access_points", "matched", "matched_turned"),
    *("n", "median_m", "mean_m", "floor_hit", "chance_m"),
)


class Footprints(NamedTuple):
    """Mean strength [cells, access points] in each cell, with the cells' names."""

    cell: list[tuple[int, ...]]
    strength: np.ndarray


def footprints(scans: FingerprintSet, position_m: np.ndarray) -> Footprints:
    """Return the footprints of the access points of `scans`, taken at `position_m` [n, 2]."""
    floor = np.asarray(scans.floor).astype(int)
    cells = np.column_stack([np.floor(position_m / CELL_M).astype(int), floor])
    names, cell = np.unique(cells, axis=0, return_inverse=True)
    strength = scans.rss_dbm.copy()
    strength.data = strength.data - FAINTEST_DBM
    cell = cell.ravel()
    n = len(scans)
    mean = sparse.csr_array((1 / np.bincount(cell)[cell], (cell, np.arange(n))), shape=(len(names), n))
    return Footprints([tuple(name) for name in names.tolist()], (mean @ strength).toarray())


def match(first: Footprints, other: Footprints) -> tuple[np.ndarray, int]:
    """Return pairs [p, 2] of access points, one of each survey, and how many could be matched."""
    common = sorted({*first.cell} & {*other.cell})
    one, two = (each.strength[[each.cell.index(cell) for cell in common]] for each in (first, other))
    wide = [np.flatnonzero((strength > 0).sum(axis=0) >= FEWEST_CELLS) for strength in (one, two)]
    if not all(map(len, wide)):
        return np.empty((0, 2), dtype=int), len(wide[1])
    likeness = np.corrcoef(one[:, wide[0]].T, two[:, wide[1]].T)[: len(wide[0]), len(wide[0]) :]
    best = likeness.argmax(axis=0)
    is_same = likeness.max(axis=0) >= LIKENESS
    return np.column_stack([wide[0][best], wide[1]])[is_same], len(wide[1])


def measure_row(first: str, other: str, shift_m: tuple[float, float]) -> dict[str, Any]:
    """Measure what two surveys have in common."""
    one = load(first)
    two = load(other)
    one_m = one.train.absolute_position_m
    two_m = two.train.absolute_position_m + shift_m
    footprint = footprints(one.train, one_m)
    pairs, n = match(footprint, footprints(two.train, two_m))
    turned, _ = match(footprint, footprints(two.train, two_m.min(axis=0) + two_m.max(axis=0) - two_m))
    # Every access point of the other survey by itself: of two that match one of the first, both stay.
    names = tuple(two.train.access_points[column] for column in pairs[:, 1])
    radio_map = replace(one.train, rss_dbm=one.train.rss_dbm[:, pairs[:, 0]], access_points=names)
    settings = {"metric": "sorensen", "representation": "positive", "k": 5}
    model = Localizer("knn", settings=settings, calibrate=False).fit(radio_map[radio_map.n_heard > 0])
    assert two.test is not None
    test_scans = replace(two.test, position_m=two.test.known_position_m + shift_m)
    figures = evaluate(model, test_scans).figures()
    anywhere = np.random.default_rng(0).integers(len(one_m), size=len(test_scans))
    chance_m = np.linalg.norm(one_m[anywhere] - test_scans.absolute_position_m, axis=1)
    return {
        "first": first,
        "other": other,
        "access_points": n,
        "matched": len(pairs),
        "matched_turned": len(turned),
        **{name: figures[name] for name in ("n", "median_m", "floor_hit")},
        "mean_m": figures["mae_m"],
        "chance_m": round(float(np.median(chance_m)), 1),
    }


def main() -> None:
    """Measure the rows and write the page."""
    rows = [measure_row(*pair) for pair in PAIRS]
    write_rows(RESULTS, COLUMNS, rows)
    write_page(PAGE)


if __name__ == "__main__":
    main()
