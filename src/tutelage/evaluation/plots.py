"""Error distributions and error maps, as the plain dictionaries that plotly.js draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from tutelage.evaluation.metrics import Evaluation, error_cdf

__all__ = ["cdf_figure", "error_map", "floors_of", "plain_text", "scatter_kind", "storey"]

# Okabe and Ito's colours for all kinds of colour vision, without the black and the yellow that vanish
# on a dark or a light page; dashes tell models apart once the colours repeat.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9")
_DASHES = ("solid", "dash", "dot", "dashdot")
_MAX_SVG_POINTS = 2000  # beyond this a browser draws faster with WebGL
_MAP_WIDTH_PX = 1040
_PANEL_HEIGHT_PX = (240, 600)


def scatter_kind(n_points: int) -> str:
    """Choose the trace type that a browser draws fast.

    Parameters
    ----------
    n_points : int
        Points of the plot.

    Returns
    -------
    str
        "scatter" for few points, "scattergl" for many.
    """
    return "scattergl" if n_points > _MAX_SVG_POINTS else "scatter"


def plain_text(words: str) -> str:
    """Escape a text for plotly.js, which reads its texts as HTML but does not know &quot;.

    Parameters
    ----------
    words : str
        Any text.

    Returns
    -------
    str
        HTML that shows the text.
    """
    return escape(words, quote=False)


def _percentile_m(errors_m: np.ndarray, q: float) -> float:
    """Compute a percentile of errors, a metre at least, so that no scale is empty."""
    errors_m = errors_m[~np.isnan(errors_m)]
    return max(1.0, float(np.percentile(errors_m, q))) if len(errors_m) else 1.0


def cdf_figure(names: Sequence[str], evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Draw the share of the answered scans within each error, one line a model.

    Parameters
    ----------
    names : sequence of str
        Names of the models.
    evaluations : sequence of Evaluation
        One evaluation a model.

    Returns
    -------
    dict
        `data` and `layout` for plotly.js.
    """
    # A single stray answer would squeeze every line to the left edge.
    end_m = 1.05 * max(_percentile_m(e.errors_m, 99) for e in evaluations)
    layout = {
        "height": 420,
        "hovermode": "x unified",
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 70, "r": 20, "t": 40, "b": 60},
        "xaxis": {"title": {"text": "2-D error (m)"}, "range": [0, end_m]},
        "yaxis": {"title": {"text": "share of answered scans"}, "range": [0, 1.01], "tickformat": ".0%"},
    }
    lines = [_cdf_line(i, *pair) for i, pair in enumerate(zip(names, evaluations, strict=True))]
    return {"data": lines, "layout": layout}


def _cdf_line(i: int, name: str, evaluation: Evaluation) -> dict[str, Any]:
    x, share = error_cdf(evaluation.errors_m)
    return {
        "type": scatter_kind(len(x)),
        "mode": "lines",
        "name": plain_text(name),
        "x": [0.0, *np.round(x, 3).tolist()],
        "y": [0.0, *np.round(share, 5).tolist()],
        "line": {
            "shape": "hv",
            "width": 2,
            "color": _COLOURS[i % len(_COLOURS)],
            "dash": _DASHES[i // len(_COLOURS) % len(_DASHES)],
        },
        "hovertemplate": "%{y:.1%} within %{x:.2f} m",
    }


# -- maps -------------------------------------------------------------------------------------------


def _true_floor(evaluation: Evaluation) -> np.ndarray:
    floor = evaluation.truth.floor
    return np.full(len(evaluation), "") if floor is None else floor


def floors_of(evaluations: Sequence[Evaluation]) -> list[str]:
    """List all true floors: the numbered from the lowest up, then the named, then "" for unknown.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        Evaluations that share a map.

    Returns
    -------
    list of str
        Floors in the order of `storey`.
    """
    return sorted({str(floor) for e in evaluations for floor in _true_floor(e)}, key=storey)


def storey(floor: str) -> tuple[bool, float, bool, str]:
    """Make the key that sorts floors: the numbered from the lowest up, then the named, then "" for unknown.

    Parameters
    ----------
    floor : str
        Label of a floor.

    Returns
    -------
    tuple
        Key for `sorted`.
    """
    try:
        return False, float(floor), False, floor
    except ValueError:
        return True, 0.0, floor == "", floor


def error_map(
    names: Sequence[str], evaluations: Sequence[Evaluation], floors: Sequence[str]
) -> dict[str, Any]:
    """Draw a map of the errors, one panel a model, of which one floor is seen at a time.

    Parameters
    ----------
    names : sequence of str
        Names of the models.
    evaluations : sequence of Evaluation
        One evaluation a model.
    floors : sequence of str
        Floors to draw.

    Returns
    -------
    dict
        `layout` for plotly.js, and `floors`: for each floor the traces to show in it.
    """
    kind = scatter_kind(sum(map(len, evaluations)))
    panels = list(enumerate(evaluations, start=1))
    return {
        "layout": _map_layout(names, evaluations),
        "floors": [
            [trace for panel, e in panels for trace in _panel(panel, e, floor, kind)] for floor in floors
        ],
    }


def _panel(number: int, evaluation: Evaluation, floor: str, kind: str) -> list[dict[str, Any]]:
    """Draw dots coloured by error where there is an answer, crosses where there is none."""
    answers = evaluation.answers
    on_floor = _true_floor(evaluation) == floor
    with_answer = on_floor & answers.answered
    without_answer = on_floor & ~answers.answered
    ids = np.array([plain_text(str(name)) for name in evaluation.truth.scan_id], dtype=object)
    points = [f"{x:.2f}, {y:.2f}" for x, y in answers.absolute_position_m[with_answer]]
    labels = np.full(len(answers), "") if answers.floor is None else answers.floor
    answer_floors = [plain_text(str(label)) or "–" for label in labels[with_answer]]
    reasons = [plain_text(str(reason)) for reason in answers.reason[without_answer]]

    def trace(rows: np.ndarray, **rest: Any) -> dict[str, Any]:
        x, y = np.round(evaluation.truth.absolute_position_m[rows], 3).T.tolist()
        axes = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        return {"type": kind, "mode": "markers", "x": x, "y": y, **axes, **rest}

    return [
        trace(
            with_answer,
            customdata=list(zip(ids[with_answer], points, answer_floors, strict=True)),
            marker={
                "size": 7,
                "color": np.round(evaluation.errors_m[with_answer], 3).tolist(),
                "coloraxis": "coloraxis",
            },
            hovertemplate="<b>%{customdata[0]}</b><br>true %{x:.2f}, %{y:.2f}<br>answered %{customdata[1]}"
            "<br>answered floor %{customdata[2]}<br>error %{marker.color:.2f} m<extra></extra>",
        ),
        trace(
            without_answer,
            customdata=list(zip(ids[without_answer], reasons, strict=True)),
            marker={"size": 8, "symbol": "x", "color": "#888888"},
            hovertemplate="<b>%{customdata[0]}</b><br>no position: %{customdata[1]}<extra></extra>",
        ),
    ]


def _map_layout(names: Sequence[str], evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Lay panels out side by side in two columns, zooming together, one metre as long in x as in y."""
    columns = min(2, len(evaluations))
    rows = math.ceil(len(evaluations) / columns)
    true_m = np.concatenate([e.truth.absolute_position_m for e in evaluations])
    width_m, height_m = np.maximum(np.ptp(true_m, axis=0), 1.0)
    panel_px = float(np.clip(_MAP_WIDTH_PX / columns * height_m / width_m, *_PANEL_HEIGHT_PX))
    layout: dict[str, Any] = {
        "height": round(rows * (panel_px + 70) + 110),
        "showlegend": False,
        "margin": {"l": 80, "r": 20, "t": 40, "b": 110},
        "grid": {"rows": rows, "columns": columns, "pattern": "independent", "xgap": 0.15, "ygap": 0.2},
        "coloraxis": _error_colours(evaluations),
        "annotations": [],
    }
    for panel, name in enumerate(names, start=1):
        axis = {"nticks": 6, "tickformat": ".0f", "zeroline": False}
        layout[f"xaxis{panel}"] = axis | ({"matches": "x"} if panel > 1 else {})
        layout[f"yaxis{panel}"] = axis | ({"matches": "y"} if panel > 1 else {"scaleanchor": "x"})
        layout["annotations"].append(
            {
                "text": f"<b>{plain_text(name)}</b>",
                "showarrow": False,
                "xref": f"x{panel} domain",
                "yref": f"y{panel} domain",
                "x": 0,
                "y": 1,
                "yanchor": "bottom",
            }
        )
    return layout


def _error_colours(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Make the colour scale that all panels and floors share, its bar below the panels."""
    all_errors_m = np.concatenate([e.errors_m for e in evaluations])
    return {
        "cmin": 0,
        "cmax": round(_percentile_m(all_errors_m, 95), 2),
        "colorscale": "Viridis",
        "colorbar": {
            "orientation": "h",
            "y": 0,
            "yanchor": "bottom",
            "yref": "container",
            "thickness": 14,
            "title": {"text": "error (m)", "side": "right"},
        },
    }
