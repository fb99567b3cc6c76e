"""The page of a plan: learning curve, map and places; it opens without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tutelage.evaluation.plan.plan_figures import curve_figure, map_figure
from tutelage.evaluation.plan.survey_plan import SurveyPlan
from tutelage.evaluation.plan.surveyed_places import N_NEIGHBOURS
from tutelage.evaluation.plots import storey
from tutelage.files.web_page import write_page

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
    """Write a plan as a single HTML file.

    Parameters
    ----------
    plan : SurveyPlan
        What `plan` returned.
    path : str or Path
        File to write. It appears whole or not at all.

    Raises
    ------
    BadInputError, TutelageError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from tutelage import plan, simulated_survey, write_plan
    >>> survey = simulated_survey(n_train=120, n_access_points=10)
    >>> survey_plan = plan(survey, n_folds=2, n_rounds=1)
    >>> folder = tempfile.TemporaryDirectory()
    >>> page = Path(folder.name) / "plan.html"
    >>> write_plan(survey_plan, page)
    >>> page.read_text(encoding="utf-8")[:15]
    '<!DOCTYPE html>'
    >>> folder.cleanup()
    """
    places = plan.places
    floors = sorted(set(map(str, places.floor)), key=storey)
    records = [places.record(point) for point in places.first]
    # Columns that say nothing of any place are left out.
    columns = [name for name in _COLUMNS if any(record.get(name) is not None for record in records)]
    write_page(
        path,
        "evaluation/plan/plan_template.html",
        title=f"How much more to survey: {plan.name}",
        figures={"curve": curve_figure(plan.curve), "map": map_figure(places, floors)},
        words=plan.curve.words[0].upper() + plan.curve.words[1:],
        subtitle=_subtitle(plan),
        basis=plan.basis,
        unit=plan.curve.unit,
        n_neighbours=N_NEIGHBOURS,
        floors=floors,
        first_shown=str(places.floor[places.first[0]]),  # the map begins where it matters
        head=["", *(_COLUMNS[name] for name in columns)],
        places=_rows(records, columns),
    )


def _subtitle(plan: SurveyPlan) -> str:
    curve = plan.curve
    now = curve.at(curve.n_now)
    is_walked = curve.unit == "walk"
    walks = f" on {curve.n_now:,} walks" if is_walked else ""
    out = f"{plan.n_left_out} {'walks ' if is_walked else ''}left out of the curve: no position at some size"
    return (
        f"{len(plan.places):,} reference points{walks}{f' ({out})' if plan.n_left_out else ''} with "
        f"{plan.n_scans:,} training scans; {plan.method.method.spec.name}, each size learnt "
        f"{plan.n_repetitions} times. With all {curve.unit}s, the law says {now.mean:.2f} m "
        f"({now.low:.2f} to {now.high:.2f}) {'on other walks' if is_walked else 'at places between them'}."
    )


def _rows(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[list[str]]:
    """List rank and figures of each place."""
    return [
        [str(rank), *(_cell(name, record[name]) for name in columns)]
        for rank, record in enumerate(records, start=1)
    ]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name in ("lat", "lon"):
        return f"{value:.6f}"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
