"""Which places are taken for which, as a heat map that plotly.js draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tutelage.evaluation.label_hits import LabelHits
from tutelage.evaluation.plots import plain_text

__all__ = ["MOST_SHOWN", "confusion_figure", "most_confused"]

MOST_SHOWN = 40
"""Places in a heat map; of more, those with the most wrong answers."""
_PANEL_PX = (260, 900)
_ROW_PX = 22


def most_confused(hits: LabelHits) -> tuple[np.ndarray, np.ndarray]:
    """Choose the places to show.

    Parameters
    ----------
    hits : LabelHits

    Returns
    -------
    name : ndarray [p] of str
        All places, or the 40 that are most often missed or wrongly answered, sorted.
    count : ndarray [p, p] of int
        As in `LabelHits.confusion`.
    """
    name, count = hits.confusion()
    if len(name) <= MOST_SHOWN:
        return name, count
    wrong = count.sum(axis=0) + count.sum(axis=1) - 2 * np.diagonal(count)
    shown = np.sort(np.argsort(-wrong, kind="stable")[:MOST_SHOWN])
    return name[shown], count[np.ix_(shown, shown)]


def confusion_figure(names: Sequence[str], hits: Sequence[LabelHits]) -> dict[str, Any]:
    """Draw a confusion matrix for each model, one below the other.

    Parameters
    ----------
    names : sequence of str
        Names of the models.
    hits : sequence of LabelHits
        Places of each model.

    Returns
    -------
    dict
        `data` and `layout` for plotly.js.
    """
    matrices = [most_confused(each) for each in hits]
    heights = [int(np.clip(_ROW_PX * len(name), *_PANEL_PX)) for name, _ in matrices]
    layout: dict[str, Any] = {
        "height": sum(heights) + 160 * len(heights),
        "margin": {"l": 160, "r": 20, "t": 50, "b": 120},
        "grid": {"rows": len(heights), "columns": 1, "pattern": "independent", "ygap": 0.35},
        "coloraxis": {"cmin": 0, "cmax": 1, "colorscale": "Blues", "colorbar": {"tickformat": ".0%"}},
        "annotations": [],
    }
    data = []
    for panel, (model, (name, count)) in enumerate(zip(names, matrices, strict=True), start=1):
        data.append(_heat_map(panel, name, count))
        axis = {"type": "category", "automargin": True}
        layout[f"xaxis{panel}"] = {**axis, "title": {"text": "answer"}}
        layout[f"yaxis{panel}"] = {**axis, "title": {"text": "true place"}, "autorange": "reversed"}
        layout["annotations"].append(_heading(panel, model))
    return {"data": data, "layout": layout}


def _heat_map(panel: int, name: np.ndarray, count: np.ndarray) -> dict[str, Any]:
    n_true = count.sum(axis=1, keepdims=True)
    share = np.round(count / np.maximum(n_true, 1), 4)
    labels = [plain_text(str(each)) or "no answer" for each in name]
    return {
        "type": "heatmap",
        "x": labels,
        "y": labels,
        "z": share.tolist(),
        "customdata": count.tolist(),
        "coloraxis": "coloraxis",
        "xaxis": f"x{panel}",
        "yaxis": f"y{panel}",
        "hovertemplate": "true %{y}<br>answered %{x}<br>%{customdata} scans, %{z:.0%}<extra></extra>",
    }


def _heading(panel: int, model: str) -> dict[str, Any]:
    return {
        "text": f"<b>{plain_text(model)}</b>",
        "showarrow": False,
        "xref": f"x{panel} domain",
        "yref": f"y{panel} domain",
        "x": 0,
        "y": 1,
        "yanchor": "bottom",
    }
