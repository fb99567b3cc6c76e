"""Write the pages of a table: Markdown to read, JSON for machines, HTML with plots."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

from tutelage.experiments.buildings import TITLES
from tutelage.experiments.cell_work import SHARE_COLUMNS
from tutelage.experiments.groups import ControlComparison, SeedGroup
from tutelage.experiments.html_page import html_page
from tutelage.experiments.paper_length import share_of_paper_length
from tutelage.experiments.paper_tables import Request
from tutelage.experiments.summary import Summary
from tutelage.experiments.table_grids import cells_grid, grid_lines, teachers_grid, unfinished_grid
from tutelage.experiments.table_wording import (
    TEACHERS,
    UNFINISHED,
    command_line,
    legend,
    missing_line,
    place_title,
    provenance,
    sources_line,
    unanswered_line,
)
from tutelage.files.atomic import atomic_file

__all__ = ["json_page", "markdown_page", "page_name", "page_stem", "write_pages"]


def page_name(summary: Summary) -> str:
    """Return the name of the page's files: the table's name and the options of the request.

    Parameters
    ----------
    summary : Summary
        The table.

    Returns
    -------
    str
        The name without a suffix.
    """
    return page_stem(summary.name, summary.request, summary.table.budget)


def page_stem(table: str, request: Request, own_budget: str) -> str:
    """Return the name of the files of a page.

    Parameters
    ----------
    table : str
        Name of the table.
    request : Request
        The requested part of it.
    own_budget : str
        The table's own budget, which the name leaves out.

    Returns
    -------
    str
        The name without a suffix.
    """
    options = request.options()
    if options.get("budget") == own_budget:
        del options["budget"]
    if "seeds" in options:
        options["seeds"] += "-seeds"
    return "-".join([table, *options.values()]).replace(",", "-").replace(":", "-").replace("/", "-")


def write_pages(summary: Summary, out: Path) -> None:
    """Write the page as .md, .json and .html. Each file appears whole or not at all.

    Parameters
    ----------
    summary : Summary
        The table.
    out : Path
        Folder for the files.
    """
    pages = {
        "md": markdown_page(summary),
        "json": json.dumps(json_page(summary), indent=1) + "\n",
        "html": html_page(summary),
    }
    for suffix, text in pages.items():
        with atomic_file(out / f"{page_name(summary)}.{suffix}") as beside:
            beside.write_text(text, encoding="utf-8")


def markdown_page(summary: Summary) -> str:
    """Write the whole table as Markdown.

    Parameters
    ----------
    summary : Summary
        The table.

    Returns
    -------
    str
        The page.
    """
    sentences = [f"- {sentence}" for sentence in summary.sentences]
    parts = [
        f"# {summary.table.title}",
        summary.table.about,
        provenance(summary),
        "## What the figures say",
        "\n".join(sentences) or "Nothing yet: no cell has its control beside it.",
    ]
    for place in summary.places:
        parts.append(f"## {place_title(place, summary.table)}")
        parts += [sources_line(summary, place), unanswered_line(summary, place)]
        parts.append(grid_lines(cells_grid(summary, place)))
    for target in summary.missing:
        parts += [f"## {TITLES[target]}", missing_line(target)]
    if summary.teachers:
        parts += ["## Teachers", TEACHERS, grid_lines(teachers_grid(summary.teachers))]
    if summary.unfinished:
        parts += ["## Not finished", UNFINISHED, grid_lines(unfinished_grid(summary))]
    methods = [f"- `{name}`: {title}" for name, title in legend(summary.groups).items()]
    parts += ["## Methods", "\n".join(methods)] if methods else []
    return "\n\n".join(filter(None, parts)) + "\n"


def json_page(summary: Summary) -> dict[str, Any]:
    """Return the table as plain values.

    Parameters
    ----------
    summary : Summary
        The table.

    Returns
    -------
    dict
        Values for JSON.
    """
    return {
        "table": summary.name,
        "command": command_line(summary.name, summary.request),
        "budget": summary.budget,
        "sentences": list(summary.sentences),
        "missing": list(summary.missing),
        "unsourced": list(summary.unsourced),
        "groups": [_plain(group) | _plain_share(summary, group) for group in summary.groups],
        "teachers": list(summary.teachers),
        "unfinished": [part._asdict() for part in summary.unfinished],
    }


def _finite(value: float) -> float | None:
    """JSON has no infinity: the errors of a training that diverged are null."""
    return value if math.isfinite(value) else None


def _plain(group: SeedGroup) -> dict[str, Any]:
    cell = group.cell
    return {
        "target": cell.target,
        "sources": list(cell.sources),
        "network": cell.network,
        "method": cell.method,
        "train_fraction": cell.train_fraction,
        "seeds": sorted(group.rows),
        "n_diverged": group.n_diverged,
        "converged": group.converged,
        "share_of_paper_length": share_of_paper_length(
            cell.network, cell.target, cell.train_fraction, cell.budget
        ),
        "mae_m": [_finite(value) for value in group.values("mae_m")],
        "mean_mae_m": _finite(round(group.mae_m, 4)),
        "sd_mae_m": None if group.sd_m is None else round(group.sd_m, 4),
        **{name: _finite(round(mean(group.values(name)), 3)) for name in ("median_m", "p75_m", "p95_m")},
        "coverage": None if group.coverage is None else round(group.coverage, 4),
        "gradient_shares": {
            name: round(share, 6)
            for column, name in SHARE_COLUMNS.items()
            if (share := group.share(column)) is not None
        },
        "train_seconds": round(mean(group.values("train_seconds")), 1),
        "against": {name: _plain_comparison(each) for name, each in group.comparisons.items()},
        "printed_mae_m": group.paper_figure.mae_m if group.paper_figure else None,
    }


def _plain_share(summary: Summary, group: SeedGroup) -> dict[str, Any]:
    """Return the share of test scans within the error that the table names, if it names one."""
    within_m = summary.table.within_m
    return {f"within_{within_m:g}_m": summary.share_within(group)} if within_m else {}


def _plain_comparison(comparison: ControlComparison) -> dict[str, Any]:
    """Return rounded values, as the last digits differ from machine to machine."""
    figures = asdict(comparison.difference) | {"p_holm": comparison.p_holm}
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return {**rounded, "holds": comparison.holds, "converged": comparison.converged}
