"""Learning curve, map of points and bars of places, as the plain dictionaries that plotly.js draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tutelage.evaluation.plan.learning_curve import Estimate, LearningCurve
from tutelage.evaluation.plan.named_places import NamedPlaces
from tutelage.evaluation.plan.surveyed_places import SurveyedPlaces
from tutelage.evaluation.plots import plain_text, scatter_kind

__all__ = ["curve_figure", "hits_figure", "map_figure"]

# Okabe and Ito's colours for all kinds of colour vision.
_LAW = "#0072b2"
_BAND = "rgba(0, 114, 178, 0.15)"
_PLACES = "#d55e00"
_HEIGHT_PX = 560
_BAR_PX = 22
_LONG = {"point": "reference points", "walk": "walks", "block": "blocks of scans"}


def curve_figure(curve: LearningCurve) -> dict[str, Any]:
    """Draw errors with intervals, the law through them, and dashed its continuation.

    Parameters
    ----------
    curve : LearningCurve
        The curve.

    Returns
    -------
    dict
        `data` and `layout` for plotly.js.
    """
    unit = curve.error_unit
    measured = np.linspace(curve.n_points[0], curve.n_points[-1], 40)
    beyond = np.linspace(curve.n_points[-1], 2 * curve.n_now, 40)
    extrapolated = [curve.at(n) for n in beyond]
    mean = [error.mean for error in curve.errors]
    points = {
        "type": "scatter",
        "mode": "markers",
        "name": "measured, with 95 % intervals",
        "x": _rounded(curve.n_points),
        "y": _rounded(mean, unit.scale),
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": _rounded([error.high - error.mean for error in curve.errors], unit.scale),
            "arrayminus": _rounded([error.mean - error.low for error in curve.errors], unit.scale),
        },
        "marker": {"size": 8, "color": _PLACES},
        "hovertemplate": _hover(curve, ""),
    }
    lines = [
        _line(curve, "fitted", measured, [float(curve.law.error_m(n)) for n in measured], "solid"),
        _line(curve, "extrapolated", beyond, [error.mean for error in extrapolated], "dash"),
    ]
    layout = {
        "height": _HEIGHT_PX,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 60, "r": 20, "t": 60, "b": 60},
        "xaxis": {"title": {"text": f"{_LONG[curve.unit]} learnt"}, "rangemode": "tozero"},
        "yaxis": {
            "title": {"text": f"{unit.mean} at {curve.unit}s held out ({unit.symbol})"},
            "rangemode": "tozero",
        },
        "shapes": [_survey_line(curve.n_now)],
        "annotations": [_survey_label(curve.n_now)],
    }
    return {"data": [_band(beyond, extrapolated, unit.scale), points, *lines], "layout": layout}


def _hover(curve: LearningCurve, name: str) -> str:
    unit = curve.error_unit
    return f"%{{x:.0f}} {curve.unit}s: %{{y:.{unit.decimals}f}} {unit.symbol}<extra>{name}</extra>"


def _line(
    curve: LearningCurve, name: str, n_points: np.ndarray, error: Sequence[float], dash: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": _rounded(n_points),
        "y": _rounded(error, curve.error_unit.scale),
        "line": {"color": _LAW, "width": 2, "dash": dash},
        "hovertemplate": _hover(curve, name),
    }


def _band(n_points: np.ndarray, estimates: Sequence[Estimate], scale: float) -> dict[str, Any]:
    """Fill the area between the ends of the intervals."""
    low = [each.low for each in estimates]
    high = [each.high for each in reversed(estimates)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": _rounded([*n_points, *n_points[::-1]]),
        "y": _rounded([*low, *high], scale),
        "fill": "toself",
        "fillcolor": _BAND,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _survey_line(n_points: int) -> dict[str, Any]:
    ends = {"x0": n_points, "x1": n_points, "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "line", **ends, "line": {"color": "#888888", "width": 1, "dash": "dot"}}


def _survey_label(n_points: int) -> dict[str, Any]:
    place = {"x": n_points, "y": 1, "yref": "paper", "xanchor": "left", "yanchor": "top"}
    return {**place, "text": "the survey", "showarrow": False}


# -- map ----------------------------------------------------------------------------------------------


def map_figure(places: SurveyedPlaces, floors: Sequence[str]) -> dict[str, Any]:
    """Draw the map of a plan, of which one floor is seen at a time; one metre is as long in x as in y.

    Parameters
    ----------
    places : SurveyedPlaces
        The reference points.
    floors : sequence of str
        Floors to draw.

    Returns
    -------
    dict
        `layout` for plotly.js, and `floors`: for each floor the traces to show in it.
    """
    axis = {"nticks": 6, "tickformat": ".0f", "zeroline": False}
    return {
        "layout": {
            "height": _HEIGHT_PX,
            "showlegend": False,
            "margin": {"l": 70, "r": 20, "t": 20, "b": 60},
            "coloraxis": {
                "cmin": 0,
                "cmax": round(max(1.0, float(np.percentile(places.smoothed_m, 95))), 2),
                "colorscale": "Viridis",
                "colorbar": {"thickness": 14, "title": {"text": "error (m)", "side": "right"}},
            },
            "xaxis": axis,
            "yaxis": axis | {"scaleanchor": "x"},
        },
        "floors": [_floor_traces(places, floor) for floor in floors],
    }


def _floor_traces(places: SurveyedPlaces, floor: str) -> list[dict[str, Any]]:
    """Draw reference points, coloured by smoothed error, and numbered rings around the neediest."""
    on_floor = np.flatnonzero(places.floor == floor)
    ranks = [(rank, i) for rank, i in enumerate(places.first.tolist(), start=1) if places.floor[i] == floor]
    x, y = np.round(places.position_m[on_floor], 3).T.tolist()
    points = {
        "type": scatter_kind(len(places)),
        "mode": "markers",
        "x": x,
        "y": y,
        "customdata": [_hover_words(places, i) for i in on_floor.tolist()],
        "marker": {
            "size": 8,
            "color": _rounded(places.smoothed_m[on_floor]),
            "coloraxis": "coloraxis",
            "symbol": ["x" if np.isnan(places.error_m[i]) else "circle" for i in on_floor],
        },
        "hovertemplate": "%{x:.2f}, %{y:.2f}<br>%{marker.color:.2f} m with its neighbours"
        "<br>here %{customdata[0]}<br>nearest other point %{customdata[1]}"
        "<br>building %{customdata[2]}<extra></extra>",
    }
    rings = {
        "type": "scatter",
        "mode": "markers+text",
        "x": _rounded([places.position_m[i, 0] for _, i in ranks]),
        "y": _rounded([places.position_m[i, 1] for _, i in ranks]),
        "text": [str(rank) for rank, _ in ranks],
        "textposition": "top center",
        "marker": {"size": 16, "symbol": "circle-open", "color": _PLACES, "line": {"width": 2}},
        "hoverinfo": "skip",
    }
    return [points, rings]


def _hover_words(places: SurveyedPlaces, point: int) -> list[str]:
    error_m = places.error_m[point]
    gap_m = places.gap_m[point]
    return [
        "no position" if np.isnan(error_m) else f"{error_m:.2f} m",
        "none on this floor" if np.isnan(gap_m) else f"{gap_m:.2f} m",
        plain_text(str(places.building[point])) or "–",
    ]


def _rounded(values: Sequence[float] | np.ndarray, scale: float = 1.0) -> list[float]:
    return [round(scale * float(value), 3) for value in values]


# -- places -------------------------------------------------------------------------------------------


def hits_figure(places: NamedPlaces) -> dict[str, Any]:
    """Draw a bar for each place, as long as its share of right answers; the neediest is on top.

    Parameters
    ----------
    places : NamedPlaces
        The places.

    Returns
    -------
    dict
        `data` and `layout` for plotly.js.
    """
    order = np.argsort(-places.need, kind="stable")
    hits = np.nan_to_num(places.hit[order])
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": _rounded(hits),
        "y": [plain_text(str(name)) for name in places.name[order]],
        "customdata": [[int(places.n_scans[i]), _confusion_words(places, i)] for i in order.tolist()],
        "marker": {"color": [_PLACES if i in places.first else _LAW for i in order.tolist()]},
        "hovertemplate": "<b>%{y}</b><br>%{x:.1%} right<br>%{customdata[0]} scans"
        "<br>%{customdata[1]}<extra></extra>",
    }
    layout = {
        "height": 120 + _BAR_PX * len(places),
        "margin": {"l": 160, "r": 20, "t": 20, "b": 60},
        "xaxis": {"title": {"text": "right places held out"}, "range": [0, 1], "tickformat": ".0%"},
        "yaxis": {"type": "category", "automargin": True, "autorange": "reversed"},
    }
    return {"data": [bars], "layout": layout}


def _confusion_words(places: NamedPlaces, place: int) -> str:
    if np.isnan(places.hit[place]):
        return "too few scans to hold any out"
    if not places.taken_for[place]:
        return "never mistaken"
    return f"taken for {plain_text(str(places.taken_for[place]))} in {places.taken_share[place]:.0%}"
