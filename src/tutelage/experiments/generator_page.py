"""Write the pages of the comparison of generators: Markdown, JSON, and HTML with plots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from tutelage.experiments.budgets import BUDGETS
from tutelage.experiments.buildings import TITLES
from tutelage.experiments.html_page import inline_markup
from tutelage.experiments.pages import page_stem
from tutelage.experiments.paper_tables import Request
from tutelage.experiments.result_files import Row
from tutelage.experiments.table_grids import Grid, grid_lines
from tutelage.experiments.table_wording import command_line, network_title
from tutelage.files.atomic import atomic_file
from tutelage.files.web_page import render_page

__all__ = ["BUDGET", "NAME", "SETTINGS", "GeneratorComparison", "write_comparison"]

NAME = "generators"
BUDGET = "standard"
SETTINGS: dict[str, tuple[Any, ...]] = {
    "generator": ("unconditional", "location"),
    "loss_unit": ("metres", "standardised"),
    "weight_mae": (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0),
}
"""What differs between the teachers: settings of the recipe of Expert Training with their values."""

_TITLE = "Generators: what a surrogate teacher holds"
_ABOUT = (
    "Teachers alone, by the default recipe with other generators: with and without a place as input, with "
    "the generator's error in metres or in standardised units, and with its weight b2 over five decades."
)
_SHOWN = {
    "generator_mae_m": "error (m)",
    "spread": "spread",
    "diversity": "diversity",
    "angular_similarity": "cosine",
    "frechet": "Fréchet",
    "nearest": "nearest",
    "train_seconds": "seconds",
}
_PLOTS = {
    "generator_mae_m": ("Mean error of what is generated", "m"),
    "spread": ("Spread of the generated positions, over that of the true ones", ""),
    "frechet": ("Fréchet distance from the real representations; a constant has 1", ""),
}
_COLOURS = {"unconditional": "#d55e00", "location": "#0072b2"}
_DASHES = {"metres": "solid", "standardised": "dash"}
_READING = (
    "`error` is the mean distance from a place to the position that the source network's Regressor gives to "
    "what is generated for it. `spread` is the standard deviation of these positions over that of the true "
    "ones, 0 for a constant. `diversity` is the share of the variance that noise makes at one place. "
    "`Fréchet` is the distance of Gaussians fitted to generated and real representations over the variance "
    "of the real ones, 1 for a constant at their mean. `nearest` is the distance of generated "
    "representations from the nearest of a training scan, over that of held-out scans; 1 is as near."
)


@dataclass(frozen=True)
class GeneratorComparison:
    """The finished teachers.

    Parameters
    ----------
    request : Request
        The requested part.
    rows : tuple of Row
        The figures of each teacher, by column.
    """

    request: Request
    rows: tuple[Row, ...]

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The source buildings and networks, in order."""
        return list(dict.fromkeys((row["source"], row["network"]) for row in self.rows))

    def of_part(self, part: tuple[str, str]) -> dict[tuple[str, ...], list[Row]]:
        """Return the seeds of each generator of a building and network, by its settings."""
        seeds: dict[tuple[str, ...], list[Row]] = {}
        for row in self.rows:
            if (row["source"], row["network"]) == part:
                seeds.setdefault(tuple(row[name] for name in SETTINGS), []).append(row)
        return seeds

    def provenance(self) -> str:
        """Describe the command, the budget, and what the figures are."""
        budget = self.request.budget or BUDGET
        return (
            f"Made by `{command_line(NAME, self.request)}`, budget {budget}: {BUDGETS[budget].words}. "
            "Figures are means over seeds, in metres of the data set, on reference points held out of the "
            f"source's training data; Fréchet distances are of the training points. {_READING}"
        )

    def sentences(self) -> list[str]:
        """Say for each building and kind of generator which weight is best, by error and by distance."""
        return [
            _best(part, {key: rows for key, rows in self.of_part(part).items() if key[0] == kind})
            for part in self.parts
            for kind in dict.fromkeys(key[0] for key in self.of_part(part))
        ]

    def section(self, part: tuple[str, str]) -> dict[str, Any]:
        """Return title, text and grid of a building and network."""
        generators = self.of_part(part)
        rows = [row for seeds in generators.values() for row in seeds]
        text = (
            f"The source network has {_mean(rows, 'source_mae_m'):.2f} m, a constant answer "
            f"{_mean(rows, 'centroid_mae_m'):.2f} m."
        )
        head = ["generator", "unit of its error", "b2", *_SHOWN.values(), "seeds"]
        lines = [
            [
                *key[:2],
                f"{float(key[2]):g}",
                *(f"{_mean(seeds, name):.2f}" for name in _SHOWN),
                str(len(seeds)),
            ]
            for key, seeds in generators.items()
        ]
        return {"title": _part_title(part), "text": text, "grid": Grid(head, lines)}

    def markdown(self) -> str:
        """Write the comparison as Markdown."""
        sentences = "\n".join(f"- {sentence}" for sentence in self.sentences())
        parts = [
            f"# {_TITLE}",
            _ABOUT,
            self.provenance(),
            "## What the figures say",
            sentences or "Nothing yet.",
        ]
        for part in self.parts:
            section = self.section(part)
            parts += [f"## {section['title']}", section["text"], grid_lines(section["grid"])]
        return "\n\n".join(parts) + "\n"

    def plain(self) -> dict[str, Any]:
        """Return the comparison as plain values for JSON."""
        command = command_line(NAME, self.request)
        return {"table": NAME, "command": command, "sentences": self.sentences(), "teachers": list(self.rows)}

    def html(self) -> str:
        """Write the page with plots. It opens without a network."""
        return render_page(
            "experiments/table_template.html",
            title=_TITLE,
            figures=[self._plots(part) for part in self.parts],
            inline=inline_markup,
            about=_ABOUT,
            provenance=self.provenance(),
            sentences=self.sentences(),
            sections=[self.section(part) for part in self.parts],
            missing=[],
            teachers=None,
            unfinished=None,
            methods=[],
        )

    def _plots(self, part: tuple[str, str]) -> dict[str, Any]:
        return {name: _plot(self.of_part(part), name, *words) for name, words in _PLOTS.items()}


def write_comparison(comparison: GeneratorComparison, out: Path) -> None:
    """Write the pages as .md, .json and .html. Each file appears whole or not at all.

    Parameters
    ----------
    comparison : GeneratorComparison
        The finished teachers.
    out : Path
        Folder for the files.
    """
    pages = {
        "md": comparison.markdown(),
        "json": json.dumps(comparison.plain(), indent=1) + "\n",
        "html": comparison.html(),
    }
    stem = page_stem(NAME, comparison.request, BUDGET)
    for suffix, text in pages.items():
        with atomic_file(out / f"{stem}.{suffix}") as beside:
            beside.write_text(text, encoding="utf-8")


def _mean(rows: Sequence[Row], name: str) -> float:
    return mean(float(row[name]) for row in rows)


def _best(part: tuple[str, str], generators: dict[tuple[str, ...], list[Row]]) -> str:
    """Say which of the generators of one kind has the smallest error, and which the smallest distance."""
    by_error, by_distance = (
        min(generators, key=lambda key: _mean(generators[key], name))
        for name in ("generator_mae_m", "frechet")
    )
    error_m = _mean(generators[by_error], "generator_mae_m")
    distance = _mean(generators[by_distance], "frechet")
    return (
        f"{_part_title(part)}, {by_error[0]}: the smallest error is {error_m:.2f} m "
        f"({_weight_words(by_error)}), the smallest Fréchet distance {distance:.2f} "
        f"({_weight_words(by_distance)})."
    )


def _weight_words(key: tuple[str, ...]) -> str:
    _, unit, weight = key
    return f"b2 = {float(weight):g}, {unit}"


def _part_title(part: tuple[str, str]) -> str:
    source, network = part
    title = TITLES.get(source, source)
    return title if network == "dnn" else f"{title}, {network_title(network)}"


def _plot(generators: dict[tuple[str, ...], list[Row]], name: str, title: str, unit: str) -> dict[str, Any]:
    """Plot a figure over b2, a line for each kind of generator and unit."""
    lines: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for (kind, loss_unit, weight), rows in generators.items():
        lines.setdefault((kind, loss_unit), []).append((float(weight), round(_mean(rows, name), 4)))
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": f"{kind}, {loss_unit}",
            "x": [weight for weight, _ in points],
            "y": [value for _, value in points],
            "line": {"color": _COLOURS[kind], "dash": _DASHES[loss_unit]},
        }
        for (kind, loss_unit), points in lines.items()
    ]
    layout = {
        "height": 380,
        "title": {"text": title, "font": {"size": 14}},
        "xaxis": {"type": "log", "title": {"text": "b2"}},
        "yaxis": {"title": {"text": unit}, "rangemode": "tozero"},
    }
    return {"data": traces, "layout": layout}
