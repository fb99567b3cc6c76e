"""Tables of rooms: hits of each method on each set, and how honest their sets are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean

from benchmarks.documented.page_blocks import Row, table_lines

__all__ = ["room_hits", "room_hits_later", "room_sets"]

_TITLES = {
    "default": "default",
    "pretrained_matcher": "pretrained matcher, nothing learnt here",
    "fine_tuned_matcher": "fine-tuned matcher",
    "fine_tuned_blend": "fine-tuned blend",
    "knn": "k-NN",
    "random_forest": "random forest",
    "svc": "support vector machine",
    "k_neighbours": "k-NN of scikit-learn",
    "gaussian_process": "Gaussian process",
}


def room_hits(rows: Sequence[Row]) -> Iterable[str]:
    """Return the share of right rooms with seed 0, one row a set."""
    yield from _hits([row for row in rows if row["seed"] == "0"])


def room_hits_later(rows: Sequence[Row]) -> Iterable[str]:
    """Return the share of right rooms with other seeds, one row a set and seed."""
    yield from _hits([row for row in rows if row["seed"] != "0"])


def _hits(rows: Sequence[Row]) -> Iterable[str]:
    methods = [name for name in _TITLES if any(row["method"] == name for row in rows)]
    cells = [
        [name, seed, *_hit_cells([row for row in of_set if row["seed"] == seed], methods)]
        for name, of_set in _sets(rows).items()
        for seed in sorted({row["seed"] for row in of_set})
    ]
    yield from table_lines(
        ["set", "seed", "scans learnt", "places", *(_TITLES[name] for name in methods)], cells
    )


def room_sets(rows: Sequence[Row]) -> Iterable[str]:
    """Return coverage and size of the sets, and the calibration error, means over the seeds."""
    head = ["set", "method", "seeds", "sets that hold the room", "rooms in a set", "calibration error"]
    ours = ("default", "pretrained_matcher", "fine_tuned_matcher", "fine_tuned_blend", "knn")
    shown = (*ours, "random_forest")
    yield from table_lines(
        head,
        (
            _set_cells(name, method, [row for row in of_set if row["method"] == method])
            for name, of_set in _sets(rows).items()
            for method in shown
            if any(row["method"] == method and row["place_set_size"] for row in of_set)
        ),
    )


def _sets(rows: Sequence[Row]) -> dict[str, list[Row]]:
    sets: dict[str, list[Row]] = {}
    for row in rows:
        sets.setdefault(row["set"], []).append(row)
    return sets


def _hit_cells(rows: Sequence[Row], methods: Sequence[str]) -> list[str]:
    hit = {row["method"]: f"{float(row['place_hit']):.1%}" for row in rows}
    return [
        f"{int(rows[0]['n_train']):,}",
        rows[0]["n_places"],
        *(hit.get(method, "-") for method in methods),
    ]


def _set_cells(name: str, method: str, rows: Sequence[Row]) -> list[str]:
    coverage, size, error = (
        mean(float(row[column]) for row in rows) for column in ("place_set_coverage", "place_set_size", "ece")
    )
    return [name, _TITLES[method], str(len(rows)), f"{coverage:.1%}", f"{size:.1f}", f"{error:.2f}"]
