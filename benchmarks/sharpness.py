"""docs/matcher.md's table of how sharply a teacher that is used as it is weighs, by the points surveyed.

    python -m benchmarks.sharpness

A part of a training split is the radio map, drawn scan by scan or reference point by reference point; scans
of the rest are asked about, of a whole survey those of reference points held out. The teachers, those of
`tutelage reproduce accuracy`, never saw the building. Finished rows of results/sharpness.csv are kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks.calibration import taught_elsewhere
from benchmarks.keeping import keep_rows, kept_rows, put_into_page
from tutelage import FingerprintSet, load
from tutelage.data.splits import reference_points, split_by_position
from tutelage.methods.matcher import Matcher
from tutelage.methods.matcher.matcher_training import errors_m
from tutelage.runtime.candidate_lists import CandidateSearch

RESULTS, PAGE = Path("results/sharpness.csv"), Path("docs/matcher.md")
FRACTIONS = {
    "ujiindoorloc": (0.01, 0.03, 0.1, 0.3, 1.0),
    "tampere": (0.1, 0.3, 1.0),
    "tut1": (0.03, 0.1, 0.3, 1.0),
    "tut6": (0.01, 0.03, 0.1, 0.3, 1.0),
}
SCANS, POINTS = "scans", "points"
SEEDS, ASKED, HELD_OUT = range(6), 600, 0.15
VALUES, LEVEL_AT, POWER = (0.7, 0.85, 1.0, 1.25, 1.5, 2.0), (100, 200), 0.2
COLUMNS = ("survey", "drawn", "fraction", "seed", "n_scans", "n_points", "sharpness", "mae_m")

Row = Mapping[str, Any]


class Place(NamedTuple):
    """A radio map to draw."""

    survey: str
    drawn: str
    fraction: float
    seed: int


def places() -> list[Place]:
    """All of them; of a whole survey nothing is drawn but what is held out, by its points."""
    return [
        Place(survey, drawn, fraction, seed)
        for survey, fractions in FRACTIONS.items()
        for drawn in (SCANS, POINTS)
        for fraction in fractions
        if fraction < 1 or drawn == POINTS
        for seed in SEEDS
    ]


def parted(place: Place) -> tuple[FingerprintSet, FingerprintSet]:
    """A radio map, and at most `ASKED` scans to ask about."""
    train = load(place.survey).train
    train = train[train.n_heard > 0]
    rng = np.random.default_rng(place.seed)
    if place.fraction == 1:
        own, held = split_by_position(train, HELD_OUT, place.seed)
    else:
        group = np.arange(len(train)) if place.drawn == SCANS else reference_points(train)
        groups = rng.permutation(np.unique(group))
        known = np.isin(group, groups[: max(2, round(place.fraction * len(groups)))])
        own, held = np.flatnonzero(known), np.flatnonzero(~known)
    return train[np.sort(own)], train[np.sort(rng.permutation(held)[:ASKED])]


def named_values(n_points: int) -> dict[str, float]:
    """The fixed values, and those that grow with the survey: twice as sharp with 32 times the points."""
    growing = {f"(points / {points})^{POWER:g}": (n_points / points) ** POWER for points in LEVEL_AT}
    return {f"{value:g}": value for value in VALUES} | growing


@torch.inference_mode()
def rows_of(place: Place) -> Iterable[Row]:
    """Of one radio map, all values."""
    own, asked = parted(place)
    teacher = taught_elsewhere(place.survey, place.seed)
    matcher = Matcher.of(own, teacher.network, teacher.card.recipe)
    search = CandidateSearch(matcher.described())
    lists = search.candidates(matcher.representation.transform(asked), matcher.recipe.n_candidates)
    feature, known = torch.as_tensor(lists.feature), torch.ones(lists.row.shape, dtype=torch.bool)
    offset_m = torch.as_tensor(matcher.radio_map.position_m[lists.row] - asked.known_position_m[:, None])
    n_points = int(reference_points(own).max()) + 1
    for name, value in named_values(n_points).items():
        weight = matcher.network.sharpened(value)(feature, known).weight.double()
        error_m = float(errors_m(weight, offset_m).mean())
        figures = {"n_scans": len(own), "n_points": n_points, "sharpness": name, "mae_m": round(error_m, 3)}
        yield place._asdict() | figures


def table(rows: Sequence[Row]) -> Iterable[str]:
    """Mean errors over seeds as Markdown, a row a kind of radio map, by its points."""
    names = list(dict.fromkeys(str(row["sharpness"]) for row in rows))
    yield f"| matcher of other buildings, by `sharpness` | points | {' | '.join(names)} |"
    yield "|---|---|" + "---|" * len(names)
    lines = []
    for (survey, drawn, fraction), group in itertools.groupby(rows, kind):
        own = list(group)
        points = mean(int(row["n_points"]) for row in own)
        title = f"{survey}, {fraction:.0%} of the {drawn}" if fraction < 1 else survey
        means = (mean(float(row["mae_m"]) for row in own if str(row["sharpness"]) == name) for name in names)
        lines.append((points, f"| {title} | {points:.0f} | {' | '.join(f'{each:.2f}' for each in means)} |"))
    yield from (line for _, line in sorted(lines))


def kind(row: Row) -> tuple[str, str, float]:
    """What the seeds of a kind of radio map share."""
    return row["survey"], row["drawn"], float(row["fraction"])


def main() -> None:
    """Make the rows that are missing, then the page."""
    rows: list[Row] = [*kept_rows(RESULTS)]
    order = places()

    def place_of(row: Row) -> int:
        return order.index(Place(*kind(row), int(row["seed"])))

    known = {place_of(row) for row in rows}
    for number in sorted(set(range(len(order))) - known, key=lambda number: order[number].seed):
        rows.extend(rows_of(order[number]))
        print(*order[number], flush=True)
        rows.sort(key=place_of)
        keep_rows(RESULTS, COLUMNS, rows)
    put_into_page(PAGE, RESULTS, table(rows))


if __name__ == "__main__":
    main()
