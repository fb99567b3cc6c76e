"""The pages of a table: Markdown to read, JSON for machines, HTML with plots."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

from tutelage.experiments.buildings import TITLES
from tutelage.experiments.html_page import html_page
from tutelage.experiments.summary import Group, Summary
from tutelage.experiments.wording import (
    TEACHERS,
    cells_grid,
    grid_lines,
    how_made,
    legend,
    missing_line,
    place_title,
    sources_line,
    teachers_grid,
)
from tutelage.files import replaced_file

__all__ = ["json_page", "markdown_page", "write_pages"]


def write_pages(summary: Summary, out: Path) -> None:
    """Write NAME.md, NAME.json and NAME.html; each appears whole or not at all."""
    pages = {
        "md": markdown_page(summary),
        "json": json.dumps(json_page(summary), indent=1) + "\n",
        "html": html_page(summary),
    }
    for suffix, text in pages.items():
        with replaced_file(out / f"{summary.name}.{suffix}") as beside:
            beside.write_text(text, encoding="utf-8")


def markdown_page(summary: Summary) -> str:
    """The whole table as Markdown."""
    said = [f"- {sentence}" for sentence in summary.sentences]
    parts = [
        f"# {summary.table.title}",
        summary.table.about,
        how_made(summary),
        "## What the figures say",
        "\n".join(said) or "Nothing yet: no cell has its control beside it.",
    ]
    for place in summary.places:
        parts += [f"## {place_title(place)}", sources_line(summary, place)]
        parts.append(grid_lines(cells_grid(summary, place)))
    for target in summary.missing:
        parts += [f"## {TITLES[target]}", missing_line(target)]
    if summary.teachers:
        parts += ["## Teachers", TEACHERS, grid_lines(teachers_grid(summary.teachers))]
    methods = [f"- `{name}`: {title}" for name, title in legend(summary.groups).items()]
    parts += ["## Methods", "\n".join(methods)] if methods else []
    return "\n\n".join(filter(None, parts)) + "\n"


def json_page(summary: Summary) -> dict[str, Any]:
    """The table as plain values."""
    return {
        "table": summary.name,
        "budget": summary.budget,
        "sentences": list(summary.sentences),
        "missing": list(summary.missing),
        "unsourced": list(summary.unsourced),
        "groups": [_plain(group) for group in summary.groups],
        "teachers": list(summary.teachers),
    }


def _finite(value: float) -> float | None:
    """JSON has no infinity: the errors of a training that diverged are null."""
    return value if math.isfinite(value) else None


def _plain(group: Group) -> dict[str, Any]:
    cell = group.cell
    return {
        "target": cell.target,
        "sources": list(cell.sources),
        "network": cell.network,
        "method": cell.method,
        "train_fraction": cell.train_fraction,
        "seeds": sorted(group.rows),
        "n_diverged": group.n_diverged,
        "mae_m": [_finite(value) for value in group.values("mae_m")],
        "mean_mae_m": _finite(round(group.mae_m, 4)),
        "sd_mae_m": None if group.sd_m is None else round(group.sd_m, 4),
        **{name: _finite(round(mean(group.values(name)), 3)) for name in ("median_m", "p75_m", "p95_m")},
        "train_seconds": round(mean(group.values("train_seconds")), 1),
        "against": {
            name: {**asdict(each.difference), "p_holm": each.p_holm, "holds": each.holds}
            for name, each in group.against.items()
        },
        "printed_mae_m": group.printed.mae_m if group.printed else None,
    }
