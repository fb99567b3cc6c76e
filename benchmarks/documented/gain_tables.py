"""Tables of gains: what a method gains over its controls, counted over all places of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from statistics import mean, median
from typing import NamedTuple

from benchmarks.documented.page_blocks import Row, Table, table_lines
from benchmarks.documented.titles import NETWORKS

__all__ = ["MATCHERS", "TEACHERS", "Comparison", "gain_table", "source_table"]


class Comparison(NamedTuple):
    """A method of some networks, against a control that the groups name."""

    title: str
    networks: tuple[str, ...]
    method: str
    control: str


_ALL_NETWORKS = tuple(NETWORKS)
_UNTRAINED, _PERMUTED = "untrained teachers", "teachers of permuted locations"
_TEACHER_CONTROLS = {"control": _UNTRAINED, "shuffled": _PERMUTED, "own": "own data alone"}
_TRANSFER_CONTROLS = {"control": "the same from the target itself", "own": "own data alone"}

TEACHERS = [
    *(
        Comparison(f"surrogate teachers, {recipe} recipe, against {words}", _ALL_NETWORKS, recipe, control)
        for recipe in ("default", "paper")
        for control, words in _TEACHER_CONTROLS.items()
    ),
    *(
        Comparison(f"{method} transfer, against {words}", _ALL_NETWORKS, method, control)
        for method in ("sequential", "collective")
        for control, words in _TRANSFER_CONTROLS.items()
    ),
    Comparison("network on its own data alone, against k-NN", _ALL_NETWORKS, "none", "knn"),
]
"""The questions of Tables 1 and 4."""

MATCHERS = [
    Comparison("matcher trained on your map alone, against k-NN", ("matcher",), "none", "knn"),
    Comparison("matcher pretrained on other buildings, against k-NN", ("matcher",), "others", "knn"),
    Comparison(
        "matcher pretrained on other buildings, against your map alone", ("matcher",), "others", "own"
    ),
    Comparison("matcher pretrained and fine-tuned, against k-NN", ("matcher",), "both", "knn"),
    Comparison("matcher pretrained and fine-tuned, against your map alone", ("matcher",), "both", "own"),
    Comparison("blend trained on your map alone, against k-NN", ("blend",), "none", "knn"),
    Comparison("blend, pretrained and fine-tuned, against k-NN", ("blend",), "both", "knn"),
    Comparison("blend, pretrained and fine-tuned, against your map alone", ("blend",), "both", "own"),
]
"""The questions of matcher and blend."""

_MIDDLES: Mapping[str, Callable[[list[float]], float]] = {"mean": mean, "median": median}


def gain_table(comparisons: Sequence[Comparison], *, middle: str = "mean") -> Table:
    """Return what makes a table with a row a comparison. Networks that did not converge count apart.

    Parameters
    ----------
    comparisons : sequence of Comparison
        Those that no group answers are left out.
    middle : {"mean", "median"}
        The first figure. One place with a large difference moves the mean, but hardly the median.

    Returns
    -------
    callable
        Turns the groups of a table of experiments into lines.
    """

    def table(groups: Sequence[Row]) -> list[str]:
        head = [
            "comparison",
            f"gain (m), {middle}",
            "least",
            "most",
            "significantly better",
            "significantly worse",
            "did not converge",
            f"{middle} with those",
        ]
        lines = [*filter(None, (_gain_cells(groups, each, _MIDDLES[middle]) for each in comparisons))]
        if all(line[-2] == "0" for line in lines):
            head, lines = head[:-2], [line[:-2] for line in lines]
        return table_lines(head, lines)

    return table


def _gain_cells(
    groups: Sequence[Row], comparison: Comparison, middle: Callable[[list[float]], float]
) -> list[str] | None:
    differences = [
        group["against"][comparison.control]
        for group in groups
        if group["network"] in comparison.networks
        and group["method"] == comparison.method
        and comparison.control in group["against"]
    ]
    converged = [difference for difference in differences if difference["converged"]]
    if not converged:
        return None
    gains = [-difference["mean"] for difference in converged]
    better = sum(difference["holds"] and difference["mean"] < 0 for difference in converged)
    worse = sum(difference["holds"] and difference["mean"] > 0 for difference in converged)
    figures = [_metres(each) for each in (middle(gains), min(gains), max(gains))]
    counts = [f"{n} of {len(gains)}" for n in (better, worse)]
    with_others = _metres(middle([-difference["mean"] for difference in differences]))
    return [comparison.title, *figures, *counts, str(len(differences) - len(converged)), with_others]


def _metres(gain: float) -> str:
    # The groups are rounded to 0.1 mm: a half goes up, as the figure before that rounding did.
    rounded = Decimal(repr(round(gain, 6))).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{float(rounded) + 0.0:+.2f}"  # adding 0 turns -0.0 into 0.0


def source_table(groups: Sequence[Row]) -> list[str]:
    """Return how far the choice of sources moves the error, beside the spread of seeds.

    Parameters
    ----------
    groups : sequence of mapping
        Groups of Table 3.

    Returns
    -------
    list of str
        A row a method.
    """
    titles = {"default": "teachers, default recipe", "paper": "teachers, paper recipe"}
    titles["sequential"] = "sequential transfer"
    lines = []
    for method, title in titles.items():
        subsets = list(_subsets([group for group in groups if group["method"] == method]))
        spans = [max(errors) - min(errors) for errors in (_mean_errors(each) for each in subsets)]
        seeds = mean(group["sd_mae_m"] for subset in subsets for group in subset)
        lines.append([title, *(f"{each:.2f}" for each in (mean(spans), min(spans), max(spans), seeds))])
    head = ["method", "the choice moves the error by (m), mean", "least", "most", "spread of seeds (m)"]
    return table_lines(head, lines)


def _subsets(groups: Sequence[Row]) -> Iterable[list[Row]]:
    """Return the groups of each place and network that have several choices of sources."""
    by_place: dict[tuple[str, float, str], list[Row]] = {}
    for group in groups:
        key = (group["target"], group["train_fraction"], group["network"])
        by_place.setdefault(key, []).append(group)
    return [subset for subset in by_place.values() if len(subset) > 1]


def _mean_errors(groups: Sequence[Row]) -> list[float]:
    return [group["mean_mae_m"] for group in groups]
