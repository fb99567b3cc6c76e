"""Where the scans of surveyed walks were taken, by the answers of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from tutelage.serving.heard_scans import HeardScan
from tutelage.serving.served_models import ServedModel
from tutelage.serving.store import LabelledScan, Mark
from tutelage.serving.tracks import smoothed_walk

__all__ = ["on_smoothed_walks"]

_CLICK_RADIUS_M = 0.5  # holds the true position of a click, at any level


def on_smoothed_walks(
    labelled: Sequence[LabelledScan], walks: Iterable[Mark], model: ServedModel, level: float
) -> list[LabelledScan]:
    """Place the scans of walks by a model's answers, smoothed in both directions between the two clicks.

    Parameters
    ----------
    labelled : sequence of LabelledScan
        Scans of a survey.
    walks : iterable of Mark
        Its walks, with times by the clock of the scans. Scans of other marks stay where they are.
    model : ServedModel
        What answers, in the coordinates of the survey. Answers on another floor than the walk are left out.
    level : float
        As in `ServeSettings`.

    Returns
    -------
    list of LabelledScan
        The scans in the same order. Where the model answers none of a walk, they lie on the line between the
        clicks.
    """
    placed = list(labelled)
    for walk in walks:
        rows = [row for row, each in enumerate(placed) if each.mark == walk.id]
        if rows:
            position_m = _smoothed([placed[row] for row in rows], walk, model, level)
            for row, (x_m, y_m) in zip(rows, position_m.tolist(), strict=True):
                placed[row] = replace(placed[row], x_m=x_m, y_m=y_m)
    return placed


def _smoothed(scans: Sequence[LabelledScan], walk: Mark, model: ServedModel, level: float) -> np.ndarray:
    """Return the positions of the scans of one walk, [n, 2]."""
    heard = [HeardScan(each.scan.rss_dbm, each.scan.time_s, each.scan.age_s) for each in scans]
    answers = [
        (answer.x_m, answer.y_m, answer.radius_m) if walk.floor in (None, answer.floor) else (None,) * 3
        for answer in model.locate(heard, level)
    ]
    clicks = [(walk.x_m, walk.y_m, _CLICK_RADIUS_M), (walk.x2_m, walk.y2_m, _CLICK_RADIUS_M)]
    times_s = np.array([walk.start_s, walk.end_s, *(scan.time_s for scan in heard)], dtype=float)
    known = np.array([*clicks, *answers], dtype=float)
    # Of one time, the first: a click comes before the scans.
    moments_s, first, moment = np.unique(times_s, return_index=True, return_inverse=True)
    position_m = smoothed_walk(moments_s, known[first, :2], known[first, 2], level=level)
    return np.asarray(position_m[moment[2:]])
