"""Lay out the figures of a table as rows, the same in Markdown and in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

from tutelage.experiments.cell_work import SHARE_COLUMNS
from tutelage.experiments.compared_methods import BOUND, KNN
from tutelage.experiments.groups import CONTROLS, ControlComparison, SeedGroup
from tutelage.experiments.paper_length import share_of_paper_length
from tutelage.experiments.result_files import Row
from tutelage.experiments.sentences import metres_text
from tutelage.experiments.summary import Summary
from tutelage.experiments.table_wording import network_title, place_title

__all__ = [
    "KNN_SETTINGS",
    "SHARES",
    "WITHIN_RADIUS",
    "Grid",
    "cells_grid",
    "coverage_text",
    "grid_lines",
    "shares_text",
    "teachers_grid",
    "unfinished_grid",
]

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
SHARES = "of the gradient"
_NO_FIGURE = "-"


class Grid(NamedTuple):
    """The cells of a table on a page. Differences that hold stand between `**`.

    Parameters
    ----------
    head : list of str
        Names of the columns.
    rows : list of list of str
        The rows.
    """

    head: list[str]
    rows: list[list[str]]


def grid_lines(grid: Grid) -> str:
    """Write a grid as Markdown.

    Parameters
    ----------
    grid : Grid
        The table.

    Returns
    -------
    str
        The text.
    """
    rows = [grid.head, ["---"] * len(grid.head), *grid.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def cells_grid(summary: Summary, place: tuple[str, float]) -> Grid:
    """Return a row for each group of a place.

    Parameters
    ----------
    summary : Summary
        The table.
    place : tuple of str and float
        Target and share of the training data.

    Returns
    -------
    Grid
        The figures.
    """
    with_sources = summary.table.subsets
    controls = [name for name in CONTROLS if any(name in group.comparisons for group in summary.groups)]
    head = ["network", "method", *(["sources"] if with_sources else []), "mean error (m)", "seeds"]
    head += ["median", "75 %", "95 %", *(f"against {CONTROLS[name]}" for name in controls)]
    head += ["the paper", "of its length", "seconds"]
    rows = [_group_row(group, with_sources, controls) for group in summary.at(place)]
    if within_m := summary.table.within_m:
        head.append(f"within {within_m:g} m")
        rows = [[*row, _share_within(summary, g)] for row, g in zip(rows, summary.at(place), strict=True)]
    if any(group.coverage for group in summary.groups):
        head.append(WITHIN_RADIUS)
        rows = [[*row, coverage_text(group)] for row, group in zip(rows, summary.at(place), strict=True)]
    if any(shares_text(group) != _NO_FIGURE for group in summary.groups):
        head.append(SHARES)
        rows = [[*row, shares_text(group)] for row, group in zip(rows, summary.at(place), strict=True)]
    return Grid(head, rows)


def _share_within(summary: Summary, group: SeedGroup) -> str:
    share = summary.share_within(group)
    return "-" if share is None else f"{100 * share:.1f} %"


def shares_text(group: SeedGroup) -> str:
    """Say which share of the gradient on the network each constraint had.

    Parameters
    ----------
    group : SeedGroup
        The seeds of one configuration.

    Returns
    -------
    str
        Percentages; "-" for a group without constraints, or from before they were measured.
    """
    shares = {name: group.share(column) for column, name in SHARE_COLUMNS.items()}
    words = [f"{name} {100 * share:.2g} %" for name, share in shares.items() if share is not None]
    return ", ".join(words) or _NO_FIGURE


def coverage_text(group: SeedGroup) -> str:
    """Say how many test scans lie within their radius.

    Parameters
    ----------
    group : SeedGroup
        The seeds of one configuration.

    Returns
    -------
    str
        A percentage; "-" for a group without radii.
    """
    return _NO_FIGURE if group.coverage is None else f"{100 * group.coverage:.1f} %"


def _group_row(group: SeedGroup, with_sources: bool, controls: Sequence[str]) -> list[str]:
    cell = group.cell
    return [
        network_title(cell.network),
        KNN_SETTINGS[cell.method] if cell.network == KNN else f"`{cell.method}`",
        *([" + ".join(cell.sources) or "-"] if with_sources else []),
        _mean_error(group),
        " / ".join(map(metres_text, group.values("mae_m"))),
        *(metres_text(mean(group.values(name))) for name in ("median_m", "p75_m", "p95_m")),
        *(_difference(group.comparisons.get(name)) for name in controls),
        f"{group.paper_figure.mae_m:.2f}" if group.paper_figure else "-",
        _length(group),
        group.seconds_text,
    ]


def _mean_error(group: SeedGroup) -> str:
    if group.n_diverged:
        return f"{group.n_diverged} diverged"
    spread = "" if group.sd_m is None else f" ± {metres_text(group.sd_m)}"
    return f"{metres_text(group.mae_m)}{spread}{'' if group.converged else ', not converged'}"


def _length(group: SeedGroup) -> str:
    """Write the updates of a stage as a share of the paper's."""
    cell = group.cell
    share = share_of_paper_length(cell.network, cell.target, cell.train_fraction, cell.budget)
    if share is None:
        return "-"
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def _difference(comparison: ControlComparison | None) -> str:
    if comparison is None:
        return "-"
    difference = comparison.difference
    low = metres_text(difference.low, "+")
    high = metres_text(difference.high, "+")
    words = f"{metres_text(difference.mean, '+')} [{low}, {high}]"
    return f"**{words}**" if comparison.holds else words


def teachers_grid(teachers: Sequence[Row]) -> Grid:
    """Return the quality of the teachers, averaged over seeds.

    Parameters
    ----------
    teachers : sequence of Row
        The figures of each teacher.

    Returns
    -------
    Grid
        A row for each configuration.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in teachers:
        key = (row["source"], row["network"], row["recipe"], row["permuted"])
        groups.setdefault(key, []).append(row)
    rows = []
    for (source, network, recipe, permuted), group in sorted(groups.items()):
        by_figure = {name: [float(row[name]) for row in group if row[name]] for name in _QUALITY}
        figures = [f"{mean(values):.2f}" if values else "-" for values in by_figure.values()]
        locations = "permuted" if permuted == "True" else "true"
        rows.append([source, network_title(network), recipe, locations, *figures, str(len(group))])
    return Grid(["source", "network", "recipe", "locations", *_QUALITY.values(), "seeds"], rows)


def unfinished_grid(summary: Summary) -> Grid:
    """Return what is left of a table, and what it will cost.

    Parameters
    ----------
    summary : Summary
        The table.

    Returns
    -------
    Grid
        A row for each part.
    """
    rows = [
        [
            place_title((part.building, part.fraction), summary.table),
            network_title(part.network),
            part.what,
            str(part.n_cells),
            f"{part.updates:,}",
            "-" if part.hours is None else f"{part.hours:.1f}",
        ]
        for part in summary.unfinished
    ]
    return Grid(["building", "network", "what", "cells", "updates of one", "hours of all"], rows)
