"""The page of a plan: learning curve, map or bars, and places; it opens without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tutelage.evaluation.confusion import MOST_SHOWN, confusion_figure
from tutelage.evaluation.plan.named_places import NamedPlaces
from tutelage.evaluation.plan.plan_figures import curve_figure, hits_figure, map_figure
from tutelage.evaluation.plan.survey_plan import SurveyPlan
from tutelage.evaluation.plan.surveyed_places import N_NEIGHBOURS, SurveyedPlaces
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
    "place": "place",
    "few_scans": "few scans",
    "hit": "right",
    "taken_for": "most often taken for",
    "taken_for_share": "so often",
}
_SHARES = ("hit", "taken_for_share")


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
    parts = _parts_of_places(plan, places) if isinstance(places, NamedPlaces) else _parts_of_points(places)
    records = [places.record(place) for place in places.first]
    # Columns that say nothing of any place are left out.
    columns = [name for name in _COLUMNS if any(record.get(name) is not None for record in records)]
    write_page(
        path,
        "evaluation/plan/plan_template.html",
        title=f"How much more to survey: {plan.name}",
        figures={"curve": curve_figure(plan.curve), **parts.pop("figures")},
        words=plan.curve.words[0].upper() + plan.curve.words[1:],
        subtitle=_subtitle(plan),
        basis=plan.basis,
        unit=plan.curve.unit,
        head=["", *(_COLUMNS[name] for name in columns)],
        places=_rows(records, columns),
        **parts,
    )


def _parts_of_points(places: SurveyedPlaces) -> dict[str, Any]:
    """Give the map of reference points, and the floors of which one is seen."""
    floors = sorted(set(map(str, places.floor)), key=storey)
    return {
        "figures": {"map": map_figure(places, floors)},
        "n_neighbours": N_NEIGHBOURS,
        "floors": floors,
        "first_shown": str(places.floor[places.first[0]]),  # the map begins where it matters
    }


def _parts_of_places(plan: SurveyPlan, places: NamedPlaces) -> dict[str, Any]:
    """Give the bars of named places, and which are taken for which."""
    return {
        "figures": {
            "hits": hits_figure(places),
            "confusion": confusion_figure([plan.method.name], [places.hits]),
        },
        "most_places": MOST_SHOWN,
    }


def _subtitle(plan: SurveyPlan) -> str:
    curve = plan.curve
    now, unit = curve.at(curve.n_now), curve.error_unit
    what, units, where, answer = {
        "point": ("reference points", "", "at places between them", "position"),
        "walk": ("reference points", "walks", "on other walks", "position"),
        "block": ("places", "blocks of scans", "at other times", "answer"),
    }[curve.unit]
    counted = f"{len(plan.places):,} {what}"
    if units:
        counted += f" {'on' if curve.unit == 'walk' else 'in'} {curve.n_now:,} {units}"
    if plan.n_left_out:
        out = f"{plan.n_left_out} {f'{units} ' if units else ''}left out of the curve"
        counted += f" ({out}: no {answer} at some size)"
    return (
        f"{counted} with {plan.n_scans:,} training scans; {plan.method.method.spec.name}, each size learnt "
        f"{plan.n_repetitions} times. With all {curve.unit}s, the law says {unit.words(now.mean)} "
        f"({unit.interval(now)}) {where}."
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
    if name in _SHARES:
        return f"{value:.0%}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
