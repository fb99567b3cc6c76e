"""The page of a plan: learning curve, map and places; it opens without a network."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from tutelage.evaluation.plan.plan_figures import curve_figure, map_figure
from tutelage.evaluation.plan.survey_plan import SurveyPlan
from tutelage.evaluation.plan.surveyed_places import N_NEIGHBOURS
from tutelage.evaluation.plots import storey
from tutelage.evaluation.web_page import map_page
from tutelage.files.atomic import replaced_file

__all__ = ["write_plan"]

_COLUMNS = {
    "x_m": "x (m)",
    "y_m": "y (m)",
    "lat": "latitude",
    "lon": "longitude",
    "floor": "floor",
    "building": "building",
    "n_scans": "scans",
    "smoothed_error_m": "error with its neighbours (m)",
    "error_m": "error here (m)",
    "nearest_point_m": "nearest other point (m)",
}


def write_plan(plan: SurveyPlan, path: str | Path) -> None:
    """Write one HTML file that holds everything it shows.

    Parameters
    ----------
    plan : as of `plan_survey`
    path : file to write; it appears whole or not at all

    Raises
    ------
    BadInputError, TutelageError
        If it cannot be written.
    """
    places, template = plan.places, files(__package__).joinpath("plan_template.html")
    floors = sorted(set(map(str, places.floor)), key=storey)
    # The map begins where it matters.
    shown = str(places.floor[places.first[0]])
    title = f"How much more to survey: {plan.name}"
    body = Template(template.read_text(encoding="utf-8")).substitute(
        title=escape(title),
        words=escape(plan.curve.words[0].upper() + plan.curve.words[1:]),
        subtitle=escape(_subtitle(plan)),
        n_neighbours=N_NEIGHBOURS,
        floor_options="".join(_option(floor, floor == shown) for floor in floors),
        places=_table([places.record(point) for point in places.first]),
    )
    figures = {"curve": curve_figure(plan.curve), "map": map_figure(places, floors)}
    page = map_page(title, body, figures)
    with replaced_file(path) as beside:
        beside.write_text(page, encoding="utf-8")


def _subtitle(plan: SurveyPlan) -> str:
    out = f" ({plan.n_left_out} left out of the curve: no position at some size)" if plan.n_left_out else ""
    now = plan.curve.at(plan.curve.n_now)
    return (
        f"{len(plan.places):,} reference points{out} with {plan.n_scans:,} training scans; "
        f"{plan.method.network}, each size learnt {plan.n_repetitions} times. With all points, the law says "
        f"{now.mean:.2f} m ({now.low:.2f} to {now.high:.2f}) at places between them."
    )


def _option(floor: str, selected: bool) -> str:
    name = f"floor {floor}" if floor else "floor unknown"
    return f"<option{' selected' if selected else ''}>{escape(name)}</option>"


def _table(records: list[dict[str, Any]]) -> str:
    """The places in order; columns of which none says anything are left out."""
    names = [name for name in _COLUMNS if any(record.get(name) is not None for record in records)]
    head = "".join(f'<th scope="col">{escape(_COLUMNS[name])}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{rank}</th>'
        + "".join(f"<td>{escape(_cell(name, record[name]))}</td>" for name in names)
        + "</tr>"
        for rank, record in enumerate(records, start=1)
    )
    return (
        f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    return (
        f"{value:.6f}"
        if name in ("lat", "lon")
        else f"{value:.2f}"
        if isinstance(value, float)
        else str(value)
    )
