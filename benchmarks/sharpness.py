"""Measure how sharply a pretrained matcher should weigh, by points of the survey, for research/matcher.md.

    python -m benchmarks.sharpness

A part of a training split is the radio map, drawn by scans or by reference points. Scans of the rest are
located. In a whole survey these are the scans of held-out reference points. The pretrained matchers are those
of `tutelage reproduce accuracy` and never saw the building. Finished rows of results/sharpness.csv are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks.calibration import pretrained_on_others
from benchmarks.documented.pages import write_page
from benchmarks.result_rows import read_rows, write_rows
from tutelage import FingerprintSet, load
from tutelage.data.splits import reference_points, split_by_position
from tutelage.methods.matcher.matcher import Matcher
from tutelage.methods.matcher.matcher_training import errors_m
from tutelage.runtime.candidate_lists import CandidateSearch

RESULTS = Path("results/sharpness.csv")
PAGE = "research/matcher.md"
FRACTIONS = {
    "ujiindoorloc": (0.01, 0.03, 0.1, 0.3, 1.0),
    "tampere": (0.1, 0.3, 1.0),
    "tut1": (0.03, 0.1, 0.3, 1.0),
    "tut6": (0.01, 0.03, 0.1, 0.3, 1.0),
}
SCANS = "scans"
POINTS = "points"
SEEDS = range(6)
N_TEST_SCANS = 600
HELD_OUT = 0.15
VALUES = (0.7, 0.85, 1.0, 1.25, 1.5, 2.0)
LEVEL_AT = (100, 200)
POWER = 0.2
COLUMNS = ("survey", "drawn", "fraction", "seed", "n_scans", "n_points", "sharpness", "mae_m")

Row = Mapping[str, Any]


class MapDraw(NamedTuple):
    """A radio map to draw."""

    survey: str
    drawn: str
    fraction: float
    seed: int


def map_draws() -> list[MapDraw]:
    """Return all draws. A whole survey only draws what is held out, by its points."""
    return [
        MapDraw(survey, drawn, fraction, seed)
        for survey, fractions in FRACTIONS.items()
        for drawn in (SCANS, POINTS)
        for fraction in fractions
        if fraction < 1 or drawn == POINTS
        for seed in SEEDS
    ]


def divide(place: MapDraw) -> tuple[FingerprintSet, FingerprintSet]:
    """Return a radio map, and at most `N_TEST_SCANS` scans to locate."""
    train = load(place.survey).train
    train = train[train.n_heard > 0]
    rng = np.random.default_rng(place.seed)
    if place.fraction == 1:
        map_rows, test_rows = split_by_position(train, HELD_OUT, place.seed)
    else:
        group = np.arange(len(train)) if place.drawn == SCANS else reference_points(train)
        groups = rng.permutation(np.unique(group))
        in_map = np.isin(group, groups[: max(2, round(place.fraction * len(groups)))])
        map_rows = np.flatnonzero(in_map)
        test_rows = np.flatnonzero(~in_map)
    return train[np.sort(map_rows)], train[np.sort(rng.permutation(test_rows)[:N_TEST_SCANS])]


def named_values(n_points: int) -> dict[str, float]:
    """Return the fixed values, and those that double with 32 times the points of the survey."""
    growing = {f"(points / {points})^{POWER:g}": (n_points / points) ** POWER for points in LEVEL_AT}
    return {f"{value:g}": value for value in VALUES} | growing


@torch.inference_mode()
def measure_rows(place: MapDraw) -> Iterable[Row]:
    """Measure all values on one radio map."""
    radio_map, test_scans = divide(place)
    pretrained = pretrained_on_others(place.survey, place.seed)
    matcher = Matcher.of(radio_map, pretrained.network, pretrained.card.recipe)
    search = CandidateSearch(matcher.feature_map)
    lists = search.candidates(matcher.representation.transform(test_scans), matcher.recipe.n_candidates)
    feature = torch.as_tensor(lists.feature)
    is_candidate = torch.ones(lists.row.shape, dtype=torch.bool)
    offset_m = torch.as_tensor(matcher.radio_map.position_m[lists.row] - test_scans.known_position_m[:, None])
    n_points = int(reference_points(radio_map).max()) + 1
    for name, value in named_values(n_points).items():
        weight = matcher.network.sharper(value)(feature, is_candidate).weight.double()
        error_m = float(errors_m(weight, offset_m).mean())
        figures = {
            "n_scans": len(radio_map),
            "n_points": n_points,
            "sharpness": name,
            "mae_m": round(error_m, 3),
        }
        yield place._asdict() | figures


def kind(row: Row) -> tuple[str, str, float]:
    """Return what the seeds of a kind of radio map share."""
    return row["survey"], row["drawn"], float(row["fraction"])


def main() -> None:
    """Measure the rows that are missing, then write the page."""
    rows: list[Row] = [*read_rows(RESULTS)]
    order = map_draws()

    def place_of(row: Row) -> int:
        return order.index(MapDraw(*kind(row), int(row["seed"])))

    finished = {place_of(row) for row in rows}
    for number in sorted(set(range(len(order))) - finished, key=lambda number: order[number].seed):
        rows.extend(measure_rows(order[number]))
        print(*order[number], flush=True)
        rows.sort(key=place_of)
        write_rows(RESULTS, COLUMNS, rows)
    write_page(PAGE)


if __name__ == "__main__":
    main()
