"""The words and rows of a table's pages, the same in Markdown and in HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean
from typing import NamedTuple

import numpy as np

from tutelage.experiments.budgets import BUDGETS
from tutelage.experiments.buildings import OTHER_SOURCES, PAPER_SOURCES, TITLES
from tutelage.experiments.cells import pretraining_recipe
from tutelage.experiments.compared_methods import BOUND, KNN, WITH_MATCHER
from tutelage.experiments.groups import CONTROLS, Against, Group
from tutelage.experiments.paper_tables import Request, Table
from tutelage.experiments.result_files import Row
from tutelage.experiments.summary import Summary

__all__ = [
    "KNN_SETTINGS",
    "WITHIN_RADIUS",
    "Grid",
    "answered_line",
    "cells_grid",
    "command_line",
    "covered",
    "grid_lines",
    "how_made",
    "label",
    "legend",
    "missing_line",
    "network_title",
    "place_title",
    "sources_line",
    "teachers_grid",
]

_NETWORKS = {
    KNN: "k-NN",
    "dnn": "DNN",
    "cnnloc": "CNNLoc",
    "bayescnn": "BayesCNN",
    "baat": "bAaT",
}
_QUALITY = {
    "source_mae_m": "source network",
    "generator_mae_m": "generator",
    "centroid_mae_m": "centroid",
    "angular_similarity": "cosine",
    "spread": "spread",
    "diversity": "diversity",
}
KNN_SETTINGS = {
    "none": "settings chosen on training data",
    BOUND: "best settings on this very test split (a bound)",
}
WITHIN_RADIUS = "within the 95 % radius"
_FAR_M = 10_000.0
TEACHERS = (
    "Measured on reference points held out of the source's training data, in metres of its data set, mean "
    "over seeds. A collapsed generator has a spread near 0 and the error of the centroid."
)


class Grid(NamedTuple):
    """A table: names of the columns, and rows; `**` stands around what holds."""

    head: list[str]
    rows: list[list[str]]


def grid_lines(grid: Grid) -> str:
    """A grid as Markdown."""
    rows = [grid.head, ["---"] * len(grid.head), *grid.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def network_title(network: str) -> str:
    """A network's name as papers write it."""
    return _NETWORKS.get(network, network)


def place_title(place: tuple[str, float], table: Table) -> str:
    """A target, and the share of its training data where it is not the whole."""
    target, fraction = place
    drawn = "reference points" if table.whole_points else "training scans"
    share = "" if fraction == 1 else f", {fraction:.0%} of the {drawn}"
    return f"{TITLES.get(target, target)}{share}"


def label(group: Group, *, with_sources: bool) -> str:
    """What a plot calls a group."""
    cell = group.cell
    if cell.network == KNN:
        return network_title(KNN) + (", best on test" if cell.method == BOUND else "")
    sources = f" from {_named(cell.sources)}" if with_sources and cell.how.with_sources else ""
    return f"{network_title(cell.network)} {cell.method}{sources}"


def command_line(table: str, request: Request) -> str:
    """The command that makes a page, without where and how fast."""
    options = " ".join(f"--{name} {value}" for name, value in request.options().items())
    return f"tutelage reproduce {table} {options}".strip()


def how_made(summary: Summary) -> str:
    """The command, the budget, and how to read the figures."""
    budget = BUDGETS[summary.budget]
    networks = dict.fromkeys(group.cell.network for group in summary.groups if group.cell.network != KNN)
    lengths = [f"{network_title(name)} {n:,}" for name in networks if (n := budget.updates(name))]
    at_most = labels = ""
    if {*networks} & {*WITH_MATCHER}:
        labels = " (a matcher tells storeys apart by the labels of floors and buildings)"
        lengths.append(f"a pretrained matcher {pretraining_recipe(summary.budget).updates:,}")
        at_most = ", of matcher and blend at most"
    length = f" ({', '.join(lengths)} updates a stage{at_most})" if lengths else ""
    where, opened = (
        (
            "on a fifth of the training reference points, held out,",
            "The test splits stay closed; the held-out points are the same for every cell.",
        )
        if summary.table.held_out
        else (
            "on the standard test split",
            "Each test split was opened once a cell, and no cell chose anything on it"
            + (", but for the bound of k-NN." if summary.table.bound else "."),
        )
    )
    return (
        f"Made by `{command_line(summary.name, summary.request)}`, budget {summary.budget}: "
        f"{budget.words}{length}, positions alone{labels}. Mean 2-D error {where} in metres of the data set; "
        f"± is the standard deviation over seeds. {opened} "
        "The control of trained teachers is as many untrained ones; that of a transfer is the same from the "
        "target itself in the place of its sources. "
        "Differences are error minus the control's (negative is better), paired by seed and scan, with a 95 "
        "% interval from at least 10,000 resamples of scans and seeds; bold where the interval excludes 0, "
        "Holm's correction over the table agrees (0.05), and so does every seed, of three or more. With few "
        "seeds such an interval is too narrow."
    )


def cells_grid(summary: Summary, place: tuple[str, float]) -> Grid:
    """The groups of a place, a row each."""
    with_sources = summary.table.subsets
    controls = [name for name in CONTROLS if any(name in group.against for group in summary.groups)]
    head = ["network", "method", *(["sources"] if with_sources else []), "mean error (m)", "seeds"]
    head += ["median", "75 %", "95 %", *(f"against {CONTROLS[name]}" for name in controls)]
    head += ["the paper", "seconds"]
    rows = [_row_of(group, with_sources, controls) for group in summary.at(place)]
    if any(group.coverage for group in summary.groups):
        head.append(WITHIN_RADIUS)
        rows = [[*row, covered(group)] for row, group in zip(rows, summary.at(place), strict=True)]
    return Grid(head, rows)


def covered(group: Group) -> str:
    """How many test scans lie within their radius, "-" where none was learnt."""
    return "-" if group.coverage is None else f"{100 * group.coverage:.1f} %"


def _row_of(group: Group, with_sources: bool, controls: Sequence[str]) -> list[str]:
    cell = group.cell
    spread = "" if group.sd_m is None else f" ± {_metres(group.sd_m)}"
    return [
        network_title(cell.network),
        KNN_SETTINGS[cell.method] if cell.network == KNN else f"`{cell.method}`",
        *([" + ".join(cell.sources) or "-"] if with_sources else []),
        f"{group.n_diverged} diverged" if group.n_diverged else f"{_metres(group.mae_m)}{spread}",
        " / ".join(map(_metres, group.values("mae_m"))),
        *(_metres(mean(group.values(name))) for name in ("median_m", "p75_m", "p95_m")),
        *(_difference(group.against.get(name)) for name in controls),
        f"{group.printed.mae_m:.2f}" if group.printed else "-",
        group.seconds_told,
    ]


def _metres(value: float, sign: str = "") -> str:
    """Centimetres, or the order of magnitude of an answer that ran away."""
    return f"{value:{sign}.2f}" if abs(value) < _FAR_M else f"{value:{sign}.0e}"


def _difference(against: Against | None) -> str:
    if against is None:
        return "-"
    difference = against.difference
    low, high = _metres(difference.low, "+"), _metres(difference.high, "+")
    words = f"{_metres(difference.mean, '+')} [{low}, {high}]"
    return f"**{words}**" if against.holds else words


def sources_line(summary: Summary, place: tuple[str, float]) -> str:
    """Which buildings take part beside the target, and which the paper has; "" for none."""
    groups, (target, _) = summary.at(place), place
    if target in summary.unsourced:
        needed = " and ".join(
            f"`{name}`" for name in OTHER_SOURCES.get(target, PAPER_SOURCES.get(target, ()))
        )
        return f"The files of its sources {needed} are not all here: the methods that need them are left out."
    ours = dict.fromkeys(s for g in groups if g.cell.how.with_sources for s in g.cell.sources)
    if not ours:
        return ""
    papers = PAPER_SOURCES.get(target, ())
    differ = papers and set(papers) != set(ours)
    other = f" The paper's are {_named(papers)}" if differ else ""
    if differ and any(g.printed for g in groups if g.cell.how.with_sources):
        other += "; its figures stand beside ours all the same"
    return f"Sources: {_named(ours)}.{other}{'.' if other else ''}"


def answered_line(summary: Summary, place: tuple[str, float]) -> str:
    """Which scans and which cells take no part in the figures of a place; "" where all do.

    Which scans have no position depends on the training scans: of several draws the largest number is told.
    """
    errors = [summary.errors_of(row["cell"]) for group in summary.at(place) for row in group.rows.values()]
    kept = [each for each in errors if each is not None]
    silent = [(int(np.isnan(each).sum()), len(each)) for each in kept if not np.isnan(each).all()]
    most, n_scans = max(silent, default=(0, 0))
    said = []
    if most:
        said.append(
            f"{most:,} of {n_scans:,} test scans hear no access point that the training scans know (of "
            "several draws the most): they have no position, and take no part in the errors. A difference is "
            "of the scans that have one in all of its draws."
        )
    if lost := len(errors) - len(kept):
        said.append(f"Of {lost} cells the errors of single scans were not kept: no difference is of them.")
    return " ".join(said)


def missing_line(target: str) -> str:
    """Says plainly that a building is not here."""
    return (
        f"Not here: the files of `{target}` were not found, so this part is empty. "
        f"`tutelage data fetch {target}` says what is needed."
    )


def teachers_grid(teachers: Sequence[Row]) -> Grid:
    """The quality of the teachers, seeds together."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in teachers:
        key = (row["source"], row["network"], row["recipe"], row["permuted"])
        groups.setdefault(key, []).append(row)
    rows = []
    for (source, network, recipe, permuted), group in sorted(groups.items()):
        known = {name: [float(row[name]) for row in group if row[name]] for name in _QUALITY}
        figures = [f"{mean(values):.2f}" if values else "-" for values in known.values()]
        locations = "permuted" if permuted == "True" else "true"
        rows.append([source, network_title(network), recipe, locations, *figures, str(len(group))])
    return Grid(["source", "network", "recipe", "locations", *_QUALITY.values(), "seeds"], rows)


def legend(groups: Sequence[Group]) -> dict[str, str]:
    """The methods in use, each with what it is."""
    titles = {}
    for cell in (group.cell for group in groups if group.cell.network != KNN):
        with_matcher = cell.network in WITH_MATCHER
        titles[f"{cell.method} (matcher, blend)" if with_matcher else cell.method] = cell.how.title
    return titles


def _named(buildings: Iterable[str]) -> str:
    *first, last = (TITLES.get(name, name.upper()) for name in buildings)
    return f"{', '.join(first)} and {last}" if first else last
