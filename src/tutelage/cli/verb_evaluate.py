"""The verb that measures models on scans whose positions or places are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tutelage.cli.console import number, plain, print_json, show
from tutelage.cli.notes import report_notes, tell_radii_left_out
from tutelage.cli.options import (
    AGAIN,
    SURVEY,
    Json,
    Level,
    Page,
    Reading,
    SourceToo,
    require_writable_page,
    stoppable,
    verb,
)

if TYPE_CHECKING:  # only named in signatures
    from tutelage.evaluation import Evaluation
    from tutelage.localizer import Localizer
    from tutelage.runtime.judging import Judge
    from tutelage.runtime.positions import Positions

__all__ = ["evaluate_command", "show_evaluations"]

_HEADINGS = {
    "n": "scans",
    "n_no_position": "no answer",
    "place_hit": "place hit",
    "place_balanced": "balanced",
    "mae_m": "mean",
    "median_m": "median",
    "p75_m": "75 %",
    "p95_m": "95 %",
    "ground_mae_m": "mean, ground",
    "floor_hit": "floor hit",
    "building_hit": "building hit",
    "ipin_p75_m": "IPIN score",
    "evaal_mae_m": "EvAAL score",
    "level": "level",
    "coverage": "coverage",
    "radius_m": "radius",
    "place_set_coverage": "set coverage",
    "place_set_size": "set size",
    "n_refused": "refused",
}


_Models = Annotated[
    list[Path],
    typer.Argument(metavar="MODEL", help="Folders that fit wrote, or .csv files that locate wrote."),
]


@verb
def evaluate_command(
    models: _Models,
    *,
    on: Annotated[
        str,
        typer.Option(
            metavar="SURVEY",
            help=f"Scans with true positions or places: {SURVEY}. Of two splits, the test split.",
        ),
    ],
    report: Page = None,
    level: Level = None,
    source_too: SourceToo = False,
    reading: Reading,
    as_json: Json = False,
) -> None:
    """Measure how far models are off, on scans whose true positions or places are known.

    Example: tutelage evaluate survey-model --on checks.csv --report report.html
    """
    from tutelage.evaluation import DEFAULT_LEVEL, evaluate, write_report
    from tutelage.localizer import Localizer
    from tutelage.runtime.conformal import require_level

    if report:
        require_writable_page(report, [on, *models])
    if level is not None:
        require_level(level)
    answering = [(path, _model_or_positions(path)) for path in models]
    fitted = [(path, model) for path, model in answering if isinstance(model, Localizer)]
    known = [name for _, model in fitted for name in model.access_points_]
    survey = reading.load(on, for_training=False, known=known)
    how: dict[str, Any] = {"source_too": source_too, "level": level, "progress": not as_json}
    with stoppable(AGAIN):
        evaluations = [evaluate(answers, survey, name=str(path), **how) for path, answers in answering]
        if report:
            words: dict[str, Any] = {"title": _title(evaluations, survey.name), "notes": report_notes(fitted)}
            write_report(evaluations, report, data_set=survey.name, **words)
    tell_radii_left_out(_judges(fitted), level or DEFAULT_LEVEL)
    show_evaluations(evaluations, survey.name, report, as_json)


def _judges(models: list[tuple[Path, Localizer]]) -> list[tuple[Path, Judge]]:
    from tutelage.runtime.judging import Judge

    return [(path, Judge(model.calibration_, model.place_calibration_)) for path, model in models]


def _model_or_positions(path: Path) -> Localizer | Positions:
    from tutelage.evaluation import positions_from_csv
    from tutelage.localizer import Localizer

    return positions_from_csv(path) if path.suffix == ".csv" else Localizer.load(path)


def _title(evaluations: Sequence[Evaluation], data_set: str) -> str:
    has_coordinates = any(each.answers.has_coordinates for each in evaluations)
    return f"{'Positions' if has_coordinates else 'Places'} on {data_set}"


# -- what it prints ------------------------------------------------------------------------------------


def show_evaluations(
    evaluations: Sequence[Evaluation], data_set: str, report: Path | None, as_json: bool = False
) -> None:
    """Print figures of several models, a row each; empty columns are left out."""
    rows = [evaluation.figures() | {"level": evaluation.answers.level} for evaluation in evaluations]
    if as_json:
        print_json([_as_row(each, row) for each, row in zip(evaluations, rows, strict=True)])
        return
    headings = {
        key: heading for key, heading in _HEADINGS.items() if any(row[key] is not None for row in rows)
    }
    if not any(row["n_no_position"] for row in rows):
        headings.pop("n_no_position")
    if all(row["ground_mae_m"] == row["mae_m"] for row in rows):
        headings.pop("ground_mae_m", None)
    has_metres = any(row["mae_m"] is not None for row in rows)
    what = "2-D error on {}, in metres of the data set" if has_metres else "Places on {}"
    table = Table(title=what.format(plain(data_set)))
    table.add_column("model", no_wrap=True)
    for heading in headings.values():
        table.add_column(heading, justify="right")
    for evaluation, row in zip(evaluations, rows, strict=True):
        cells = (f"{row[key]:g}" if key == "level" and row[key] else number(row[key]) for key in headings)
        table.add_row(plain(evaluation.name), *cells)
    show(table, whole=True)
    for note in filter(None, (evaluation.note for evaluation in evaluations)):
        show(f"[bold]note:[/] {plain(note)}")
    if report:
        Console().print(f"report: {plain(str(report))}", highlight=False)


def _as_row(evaluation: Evaluation, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Give the figures of a model, with a note where there is one."""
    row = {"model": evaluation.name, **figures, "on_training_scans": evaluation.on_training_scans}
    return {**row, "note": evaluation.note} if evaluation.note else row
