"""Tables of rooms: hits of each method on each set, and how honest their sets are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean

from benchmarks.documented.page_blocks import Row, table_lines

__all__ = ["room_hits", "room_sets"]

_TITLES = {
    "default": "default",
    "matcher": "matcher",
    "pretrained_matcher": "pretrained matcher, nothing learnt here",
    "knn": "k-NN",
    "random_forest": "random forest",
    "svc": "support vector machine",
    "k_neighbours": "k-NN of scikit-learn",
    "gaussian_process": "Gaussian process",
}


def room_hits(rows: Sequence[Row]) -> Iterable[str]:
    """Return the share of right rooms, one row a set."""
    methods = [name for name in _TITLES if any(row["method"] == name for row in rows)]
    head = ["set", "scans learnt", "places", *(_TITLES[name] for name in methods)]
    yield from table_lines(head, (_hit_cells(name, of_set, methods) for name, of_set in _sets(rows).items()))


def room_sets(rows: Sequence[Row]) -> Iterable[str]:
    """Return coverage and size of the sets, and the calibration error, of our methods and the forest."""
    head = ["set", "method", "sets that hold the room", "rooms in a set", "calibration error"]
    shown = ("pretrained_matcher", "knn", "random_forest")
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


def _hit_cells(name: str, rows: Sequence[Row], methods: Sequence[str]) -> list[str]:
    cells = []
    for method in methods:
        hits = [float(row["place_hit"]) for row in rows if row["method"] == method]
        seeds = f" ({len(hits)} seeds)" if len(hits) > 1 else ""
        cells.append(f"{mean(hits):.1%}{seeds}" if hits else "-")
    return [name, f"{int(rows[0]['n_train']):,}", rows[0]["n_places"], *cells]


def _set_cells(name: str, method: str, rows: Sequence[Row]) -> list[str]:
    coverage, size, error = (
        mean(float(row[column]) for row in rows) for column in ("place_set_coverage", "place_set_size", "ece")
    )
    return [name, _TITLES[method], f"{coverage:.1%}", f"{size:.1f}", f"{error:.2f}"]
