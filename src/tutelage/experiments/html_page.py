"""The HTML page of a table: figures, error distributions, bars and intervals; it opens without a network."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

from tutelage.evaluation.web_page import web_page
from tutelage.experiments.buildings import TITLES
from tutelage.experiments.compared_methods import KNN
from tutelage.experiments.groups import CONTROLS, Group
from tutelage.experiments.summary import Summary
from tutelage.experiments.table_wording import (
    TEACHERS,
    Grid,
    answered_line,
    cells_grid,
    how_made,
    label,
    legend,
    missing_line,
    place_title,
    sources_line,
    teachers_grid,
)

__all__ = ["html_page", "plots_of"]

# Okabe and Ito's colours for all kinds of colour vision, one a network.
_COLOURS = {"knn": "#7f7f7f", "dnn": "#0072b2", "cnnloc": "#e69f00", "bayescnn": "#009e73", "baat": "#cc79a7"}
_OTHER_COLOUR = "#d55e00"
# As in the paper's Fig. 2: dashed alone, solid with the framework.
_DASHES = {"alone": "dash", "trained": "solid", "untrained": "dot", "shuffled": "dot"}
_CONTROL_COLOURS = {"own": "#0072b2", "control": "#e69f00", "shuffled": "#009e73"}
_SHARES = np.linspace(0, 1, 201)
_SHOWN_AT_FIRST = {"none", "default", "paper"}


def html_page(summary: Summary) -> str:
    """One page that holds everything it shows."""
    places = summary.places
    sections = [_section(summary, i) for i in range(len(places))]
    sections += [f"<h2>{TITLES[t]}</h2><p>{_inline(missing_line(t))}</p>" for t in summary.missing]
    if summary.teachers:
        teachers = _table(teachers_grid(summary.teachers))
        sections.append(f"<h2>Teachers</h2><p>{_inline(TEACHERS)}</p>{teachers}")
    methods = "".join(f"<li><code>{k}</code>: {_inline(v)}</li>" for k, v in legend(summary.groups).items())
    said = "".join(f"<li>{_inline(sentence)}</li>" for sentence in summary.sentences)
    resources = files(__package__)
    body = Template(resources.joinpath("table_template.html").read_text(encoding="utf-8")).substitute(
        title=_inline(summary.table.title),
        about=_inline(summary.table.about),
        how=_inline(how_made(summary)),
        said=f"<ul>{said}</ul>" if said else "<p>Nothing yet: no cell has its control beside it.</p>",
        sections="\n".join(sections),
        methods=f"<h2>Methods</h2><ul>{methods}</ul>" if methods else "",
    )
    plots = [plots_of(summary, place) for place in places]
    script = resources.joinpath("table.js").read_text(encoding="utf-8")
    return web_page(summary.table.title, body, plots, script)


def _section(summary: Summary, i: int) -> str:
    place = summary.places[i]
    drawn = "".join(f'<div id="{kind}-{i}"></div>' for kind in ("bars", "differences", "cdf"))
    said = f"{sources_line(summary, place)} {answered_line(summary, place)}"
    return (
        f"<h2>{place_title(place, summary.table)}</h2><p>{_inline(said)}</p>"
        f"{drawn}<details><summary>All figures</summary>{_table(cells_grid(summary, place))}</details>"
    )


def _table(grid: Grid) -> str:
    head = "".join(f"<th>{_inline(name)}</th>" for name in grid.head)
    body = "".join("<tr>" + "".join(f"<td>{_inline(c)}</td>" for c in row) + "</tr>" for row in grid.rows)
    return f'<div class="wide left"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _inline(words: str) -> str:
    """Escaped, with the code and the bold of Markdown."""
    marked = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(words))
    return re.sub(r"\*\*([-+0-9][^*]*)\*\*", r"<b>\1</b>", marked)


# -- plots ----------------------------------------------------------------------------------------------


def plots_of(summary: Summary, place: tuple[str, float]) -> dict[str, Any]:
    """Figures of a place, as the plain dictionaries that plotly.js draws: bars, differences, cdf."""
    groups, with_sources = summary.at(place), summary.table.subsets
    names = [label(group, with_sources=with_sources) for group in groups]
    return {
        "bars": _bars(groups, names),
        "differences": _differences(groups, names),
        "cdf": _cdf(summary, groups, names),
    }


def _colour(group: Group) -> str:
    return _COLOURS.get(group.cell.network, _OTHER_COLOUR)


def _bars(groups: list[Group], names: list[str]) -> dict[str, Any]:
    """Mean error of each group, with its spread over seeds; what the paper prints as a mark."""
    bars = {
        "type": "bar",
        "x": names,
        "y": [None if group.n_diverged else round(group.mae_m, 3) for group in groups],
        "marker": {"color": [_colour(group) for group in groups]},
        "error_y": {"type": "data", "array": [round(group.sd_m or 0.0, 3) for group in groups]},
        "name": "here",
        "hovertemplate": "%{y:.2f} m<extra>%{x}</extra>",
    }
    printed = [(n, g.printed.mae_m) for n, g in zip(names, groups, strict=True) if g.printed]
    marks = {
        "type": "scatter",
        "mode": "markers",
        "x": [name for name, _ in printed],
        "y": [mae_m for _, mae_m in printed],
        "marker": {"symbol": "line-ew-open", "size": 18, "color": "#d55e00"},
        "name": "the paper prints",
        "hovertemplate": "%{y:.2f} m printed<extra>%{x}</extra>",
    }
    # A method that diverges would flatten all the others: a bar that is cut says how far it goes.
    known_m = {n: g.mae_m for n, g in zip(names, groups, strict=True) if not g.n_diverged}
    end_m = 2 * float(np.median([*known_m.values()])) if known_m else 1.0
    layout = _layout("Mean error; whiskers: standard deviation over seeds", "m", [0, end_m])
    layout["annotations"] = [
        {"x": name, "y": end_m, "text": f"{value:.3g} m ↑", "showarrow": False, "yanchor": "bottom"}
        for name, value in known_m.items()
        if value > end_m
    ]
    return {"data": [bars, marks] if printed else [bars], "layout": layout}


def _differences(groups: list[Group], names: list[str]) -> dict[str, Any]:
    """Differences from each control with their intervals."""
    traces: list[dict[str, Any]] = []
    for control, words in CONTROLS.items():
        known = [(n, g.against[control]) for n, g in zip(names, groups, strict=True) if control in g.against]
        if control == KNN or not known:
            continue
        means = [against.difference.mean for _, against in known]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"against {words}",
                "x": [name for name, _ in known],
                "y": [round(value, 3) for value in means],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [round(a.difference.high - a.difference.mean, 3) for _, a in known],
                    "arrayminus": [round(a.difference.mean - a.difference.low, 3) for _, a in known],
                },
                "marker": {
                    "size": 9,
                    "symbol": ["circle" if a.holds else "circle-open" for _, a in known],
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


def _cdf(summary: Summary, groups: list[Group], names: list[str]) -> dict[str, Any]:
    """Share of the test scans within each error, all seeds together (Paper, Fig. 2)."""
    traces, ends = [], []
    for name, group in zip(names, groups, strict=True):
        kept = [summary.errors_of(row["cell"]) for row in group.rows.values()]
        known = [each for each in kept if each is not None and not np.isnan(each).all()]
        if not known:
            continue
        errors = np.concatenate(known)
        answered = ~np.isnan(errors)  # of all scans: those without a position are never within any error
        x = np.quantile(errors[answered], _SHARES)
        shown = group.cell.network == KNN or group.cell.method in _SHOWN_AT_FIRST
        ends += [float(x[190])] if shown else []
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": np.round(x, 2).tolist(),
                "y": np.round(_SHARES * answered.mean(), 4).tolist(),
                "visible": True if shown else "legendonly",
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


def _line(group: Group) -> dict[str, Any]:
    """Colour by network, dashes by kind, thin for the paper's recipe."""
    how = group.cell.how
    width = 1.5 if how.recipe == "paper" else 2.5
    return {"color": _colour(group), "dash": _DASHES.get(how.kind, "longdash"), "width": width}


def _layout(title: str, unit: str, span: list[float]) -> dict[str, Any]:
    return {
        "height": 420,
        "title": {"text": title, "font": {"size": 14}},
        "showlegend": True,
        "margin": {"l": 60, "r": 20, "t": 50, "b": 60},
        "xaxis": {"automargin": True},
        "yaxis": {"title": {"text": unit}, "range": span},
    }
