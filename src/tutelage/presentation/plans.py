"""How much more to survey, and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from tutelage.presentation.console import show
from tutelage.presentation.wording import interval, number, plain

if TYPE_CHECKING:  # only named in signatures
    from tutelage.evaluation.plan import SurveyPlan

__all__ = ["show_plan"]

_OF_PLACE = {
    "x_m": "x (m)",
    "y_m": "y (m)",
    "floor": "floor",
    "building": "building",
    "smoothed_error_m": "error around (m)",
    "nearest_point_m": "nearest point (m)",
}


def show_plan(found: SurveyPlan, report: Path | None, as_json: bool) -> None:
    """The learning curve, the places that need points most, and the sentence.

    Parameters
    ----------
    report : the page that was written
    """
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    show(_curve(found))
    show(_places(found))
    show(f"{plain(found.name)}: {found.curve.words}")
    if report:
        show(f"report: {plain(str(report))}")


def _curve(found: SurveyPlan) -> Table:
    """What was measured at each number of reference points, and what the law says of all and of twice."""
    curve = found.curve
    table = Table(
        title=f"{found.method.network}: 2-D error at reference points of {plain(found.name)} held out"
    )
    for heading in ("points", "mean (m)", "95 % interval"):
        table.add_column(heading, justify="right")
    for n_points, error in zip(curve.n_points, curve.errors, strict=True):
        table.add_row(f"{n_points:,.0f}", number(error.mean), interval(error))
    for words, n_points in (("all", curve.n_now), ("twice", 2 * curve.n_now)):
        error = curve.at(n_points)
        table.add_row(f"{words}, {n_points:,} (by the law)", number(error.mean), interval(error))
    return table


def _places(found: SurveyPlan) -> Table:
    """The places that need points most, the neediest first."""
    table = Table(
        title="Where more points would help most: around these, away from the points that are there"
    )
    for heading in ("", *_OF_PLACE.values()):
        table.add_column(heading, justify="right")
    for rank, record in enumerate(map(found.places.record, found.places.first), start=1):
        cells = [record[name] for name in _OF_PLACE]
        table.add_row(str(rank), *(plain(c) if isinstance(c, str) else number(c) for c in cells))
    return table
