"""The verb that says how much more to survey, and where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tutelage.cli.console import number, plain, show
from tutelage.cli.options import (
    AGAIN,
    TEACHING,
    Folds,
    Json,
    Length,
    Page,
    Reading,
    SourceToo,
    SurveyName,
    require_writable_page,
    stoppable,
    verb,
)

if TYPE_CHECKING:  # only named in signatures
    from tutelage.data.fingerprints import Survey
    from tutelage.evaluation.compare import Candidate
    from tutelage.evaluation.plan import SurveyPlan

__all__ = ["plan_command"]

_PLACE_HEADINGS = {
    "x_m": "x (m)",
    "y_m": "y (m)",
    "floor": "floor",
    "building": "building",
    "smoothed_error_m": "error around (m)",
    "nearest_point_m": "nearest point (m)",
    "place": "place",
    "n_scans": "scans",
    "hit": "right",
    "taken_for": "most often taken for",
}
_ON = {"point": "at reference points", "walk": "on walks", "block": "in blocks of scans"}


@dataclass(frozen=True)
class Learner:
    """What learns the parts of a survey."""

    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Method whose error is measured: knn (fast), or any other that fit takes.",
        ),
    ] = "knn"
    teachers: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=TEACHING,
            help="Surrogate teachers of a network, as in fit. Repeatable.",
        ),
    ] = None
    pretrained: Annotated[
        str,
        typer.Option(metavar="NAME", help="Weights that matcher and blend start from, as in fit."),
    ] = "zoo"

    def candidate(self, survey: Survey | None) -> Candidate:
        """Make the candidate; of "all" teachers, those that learnt in the survey are left out."""
        from tutelage.evaluation.compare import candidate

        return candidate(self.method, teachers=self.teachers or (), pretrained=self.pretrained, survey=survey)


@verb
def plan_command(
    survey: SurveyName,
    *,
    learner: Learner,
    folds: Folds = 5,
    rounds: Annotated[int, typer.Option(min=1, metavar="N", help="Divide them anew N times.")] = 2,
    report: Page = None,
    source_too: SourceToo = False,
    run: Length,
    reading: Reading,
    as_json: Json = False,
) -> None:
    """Estimate what more reference points, walks or scans of rooms would gain, and show where to take them.

    Example: tutelage plan survey.csv --report plan.html
    """
    from tutelage.evaluation.plan import plan, write_plan

    if report:
        require_writable_page(report, [survey, *(learner.teachers or ())])
    run_options = run.run(progress=not as_json)
    building = reading.load(survey)
    candidate = learner.candidate(None if source_too else building)
    with stoppable(AGAIN):
        survey_plan = plan(
            building, candidate, n_folds=folds, n_rounds=rounds, source_too=source_too, run=run_options
        )
        if report:
            write_plan(survey_plan, report)
    _show_plan(survey_plan, report, as_json)


# -- what it prints ------------------------------------------------------------------------------------


def _show_plan(survey_plan: SurveyPlan, report: Path | None, as_json: bool) -> None:
    """Print the learning curve, the places that need points most, and the sentence."""
    if as_json:
        print(json.dumps(survey_plan.as_dict()))
        return
    show(_curve(survey_plan))
    if len(survey_plan.places.first):
        show(_places(survey_plan))
    show(f"{plain(survey_plan.name)}: {survey_plan.curve.words}")
    if survey_plan.basis:
        show(plain(survey_plan.basis))
    if report:
        show(f"report: {plain(str(report))}")


def _curve(survey_plan: SurveyPlan) -> Table:
    """Show what was measured at each size, and what the law says of the whole survey and of twice as much."""
    curve = survey_plan.curve
    method = survey_plan.method.method.spec.name
    unit = curve.error_unit
    title = f"{method}: {unit.quantity} {_ON[curve.unit]} of {plain(survey_plan.name)} held out"
    table = Table(title=title)
    for heading in (f"{curve.unit}s", f"mean ({unit.symbol})", "95 % interval"):
        table.add_column(heading, justify="right")
    for n_points, error in zip(curve.n_points, curve.errors, strict=True):
        table.add_row(f"{n_points:,.0f}", unit.number(error.mean), unit.interval(error))
    for words, n_points in (("all", curve.n_now), ("twice", 2 * curve.n_now)):
        error = curve.at(n_points)
        table.add_row(f"{words}, {n_points:,} (by the law)", unit.number(error.mean), unit.interval(error))
    return table


def _places(survey_plan: SurveyPlan) -> Table:
    """Show the places that need points most, the neediest first."""
    is_named = survey_plan.curve.unit == "block"
    units, where = ("scans", "of") if is_named else (f"{survey_plan.curve.unit}s", "around")
    table = Table(title=f"Where more {units} would help most: {where} these places")
    places = survey_plan.places
    records = [places.record(place) for place in places.first]
    headings = {name: heading for name, heading in _PLACE_HEADINGS.items() if is_named or name != "n_scans"}
    shown = [name for name in headings if any(record.get(name) is not None for record in records)]
    for heading in ("", *(headings[name] for name in shown)):
        table.add_column(heading, justify="right")
    for rank, record in enumerate(records, start=1):
        table.add_row(str(rank), *(_cell(name, record[name]) for name in shown))
    return table


def _cell(name: str, value: str | float | None) -> str:
    if name == "hit" and value is not None:
        return f"{value:.0%}"
    return plain(value) if isinstance(value, str) else number(value)
