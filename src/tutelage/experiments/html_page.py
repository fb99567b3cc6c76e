"""Write the HTML page of a table: figures, error distributions, bars and intervals."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import numpy as np
from markupsafe import Markup

from tutelage.experiments.buildings import TITLES
from tutelage.experiments.compared_methods import KNN
from tutelage.experiments.groups import CONTROLS, SeedGroup
from tutelage.experiments.summary import Summary
from tutelage.experiments.table_grids import cells_grid, teachers_grid, unfinished_grid
from tutelage.experiments.table_wording import (
    TEACHERS,
    UNFINISHED,
    group_label,
    legend,
    missing_line,
    place_title,
    provenance,
    sources_line,
    unanswered_line,
)
from tutelage.files.web_page import render_page

__all__ = ["html_page", "inline_markup", "place_plots"]

# Okabe and Ito's colours for all kinds of colour vision, one a network.
_COLOURS = {"knn": "#7f7f7f", "dnn": "#0072b2", "cnnloc": "#e69f00", "bayescnn": "#009e73", "baat": "#cc79a7"}
_OTHER_COLOUR = "#d55e00"
# As in the paper's Fig. 2: dashed alone, solid with the framework.
_DASHES = {"alone": "dash", "trained": "solid", "untrained": "dot", "shuffled": "dot"}
_CONTROL_COLOURS = {"own": "#0072b2", "control": "#e69f00", "shuffled": "#009e73"}
_SHARES = np.linspace(0, 1, 201)
_SHOWN_AT_FIRST = {"none", "default", "paper"}


def html_page(summary: Summary) -> str:
    """Write the page of a table. It opens without a network.

    Parameters
    ----------
    summary : Summary
        The table.

    Returns
    -------
    str
        The HTML of the whole page.
    """
    sections = [
        {
            "title": place_title(place, summary.table),
            "text": f"{sources_line(summary, place)} {unanswered_line(summary, place)}",
            "grid": cells_grid(summary, place),
        }
        for place in summary.places
    ]
    return render_page(
        "experiments/table_template.html",
        title=summary.table.title,
        figures=[place_plots(summary, place) for place in summary.places],
        inline=inline_markup,
        about=summary.table.about,
        provenance=provenance(summary),
        sentences=summary.sentences,
        sections=sections,
        missing=[(TITLES[target], missing_line(target)) for target in summary.missing],
        teachers=teachers_grid(summary.teachers) if summary.teachers else None,
        teachers_text=TEACHERS,
        unfinished=unfinished_grid(summary) if summary.unfinished else None,
        unfinished_text=UNFINISHED,
        methods=list(legend(summary.groups).items()),
    )


def inline_markup(words: str) -> Markup:
    """Escape a text, and turn the code and the bold of Markdown into HTML.

    Parameters
    ----------
    words : str
        The text.

    Returns
    -------
    Markup
        What a template inserts.
    """
    with_code = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(words))
    return Markup(re.sub(r"\*\*([-+0-9][^*]*)\*\*", r"<b>\1</b>", with_code))


def place_plots(summary: Summary, place: tuple[str, float]) -> dict[str, Any]:
    """Return the plots of a place as the plain dictionaries that plotly.js draws.

    Parameters
    ----------
    summary : Summary
        The table.
    place : tuple of str and float
        Target and share of the training data.

    Returns
    -------
    dict
        The plots "bars", "differences" and "cdf".
    """
    groups = summary.at(place)
    names = [group_label(group, with_sources=summary.table.subsets) for group in groups]
    return {
        "bars": _bars(groups, names),
        "differences": _differences(groups, names),
        "cdf": _cdf(summary, groups, names),
    }


def _colour(group: SeedGroup) -> str:
    return _COLOURS.get(group.cell.network, _OTHER_COLOUR)


def _bars(groups: list[SeedGroup], names: list[str]) -> dict[str, Any]:
    """Plot the mean error of each group, its spread over seeds, and a mark for what the paper prints."""
    bars = {
        "type": "bar",
        "x": names,
        "y": [None if group.n_diverged else round(group.mae_m, 3) for group in groups],
        "marker": {"color": [_colour(group) for group in groups]},
        "error_y": {"type": "data", "array": [round(group.sd_m or 0.0, 3) for group in groups]},
        "name": "here",
        "hovertemplate": "%{y:.2f} m<extra>%{x}</extra>",
    }
    paper_marks = [(n, g.paper_figure.mae_m) for n, g in zip(names, groups, strict=True) if g.paper_figure]
    marks = {
        "type": "scatter",
        "mode": "markers",
        "x": [name for name, _ in paper_marks],
        "y": [mae_m for _, mae_m in paper_marks],
        "marker": {"symbol": "line-ew-open", "size": 18, "color": "#d55e00"},
        "name": "the paper prints",
        "hovertemplate": "%{y:.2f} m printed<extra>%{x}</extra>",
    }
    # A method that diverges would flatten all the others. Its bar is cut and says how far it goes.
    finite_mae_m = {n: g.mae_m for n, g in zip(names, groups, strict=True) if not g.n_diverged}
    end_m = 2 * float(np.median([*finite_mae_m.values()])) if finite_mae_m else 1.0
    layout = _layout("Mean error; whiskers: standard deviation over seeds", "m", [0, end_m])
    layout["annotations"] = [
        {"x": name, "y": end_m, "text": f"{value:.3g} m ↑", "showarrow": False, "yanchor": "bottom"}
        for name, value in finite_mae_m.items()
        if value > end_m
    ]
    return {"data": [bars, marks] if paper_marks else [bars], "layout": layout}


def _differences(groups: list[SeedGroup], names: list[str]) -> dict[str, Any]:
    """Plot the differences from each control with their intervals."""
    traces: list[dict[str, Any]] = []
    for control, words in CONTROLS.items():
        comparisons = [
            (name, group.comparisons[control])
            for name, group in zip(names, groups, strict=True)
            if control in group.comparisons
        ]
        if control == KNN or not comparisons:
            continue
        means = [comparison.difference.mean for _, comparison in comparisons]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"against {words}",
                "x": [name for name, _ in comparisons],
                "y": [round(value, 3) for value in means],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [round(a.difference.high - a.difference.mean, 3) for _, a in comparisons],
                    "arrayminus": [round(a.difference.mean - a.difference.low, 3) for _, a in comparisons],
                },
                "marker": {
                    "size": 9,
                    "symbol": ["circle" if a.holds else "circle-open" for _, a in comparisons],
                    "color": _CONTROL_COLOURS[control],
                },
                "hovertemplate": "%{y:+.2f} m<extra>%{x}</extra>",
            }
        )
    spread: list[float] = [abs(value) for trace in traces for value in trace["y"]]
    # One method that diverges would flatten all the others.
    end_m = max(0.2, 1.5 * float(np.quantile(spread, 0.8))) if spread else 1.0
    title = "Difference from the controls, 95 % intervals; filled where it holds; below 0 is better"
    return {"data": traces, "layout": _layout(title, "m", [-end_m, end_m])}


def _cdf(summary: Summary, groups: list[SeedGroup], names: list[str]) -> dict[str, Any]:
    """Plot the share of the test scans within each error, all seeds together (Paper, Fig. 2)."""
    traces: list[dict[str, Any]] = []
    ends: list[float] = []
    for name, group in zip(names, groups, strict=True):
        by_seed = [summary.scan_errors(row["cell"]) for row in group.rows.values()]
        with_positions = [each for each in by_seed if each is not None and not np.isnan(each).all()]
        if not with_positions:
            continue
        errors = np.concatenate(with_positions)
        # A scan without a position is not within any error, so the curve ends below 1.
        answered = ~np.isnan(errors)
        x = np.quantile(errors[answered], _SHARES)
        visible = group.cell.network == KNN or group.cell.method in _SHOWN_AT_FIRST
        ends += [float(x[190])] if visible else []
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": np.round(x, 2).tolist(),
                "y": np.round(_SHARES * answered.mean(), 4).tolist(),
                "visible": True if visible else "legendonly",
                "line": _line(group),
                "hovertemplate": f"%{{y:.0%}} within %{{x:.1f}} m<extra>{escape(name)}</extra>",
            }
        )
    end_m = max(ends, default=1.0)
    layout = _layout("Share of test scans within each error; click a name to show or hide it", "", [0, 1])
    layout["xaxis"] = {"title": {"text": "2-D error (m)"}, "range": [0, end_m]}
    layout["yaxis"]["tickformat"] = ".0%"
    layout["height"] = 480
    return {"data": traces, "layout": layout}


def _line(group: SeedGroup) -> dict[str, Any]:
    """Return the line: its colour is the network, its dashes the kind; it is thin for the paper's recipe."""
    method = group.cell.learning_method
    width = 1.5 if method.recipe == "paper" else 2.5
    return {"color": _colour(group), "dash": _DASHES.get(method.kind, "longdash"), "width": width}


def _layout(title: str, unit: str, span: list[float]) -> dict[str, Any]:
    return {
        "height": 420,
        "title": {"text": title, "font": {"size": 14}},
        "showlegend": True,
        "margin": {"l": 60, "r": 20, "t": 50, "b": 60},
        "xaxis": {"automargin": True},
        "yaxis": {"title": {"text": unit}, "range": span},
    }
