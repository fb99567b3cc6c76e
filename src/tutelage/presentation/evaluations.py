"""Errors of models on scans whose positions are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tutelage.presentation.console import print_json, show
from tutelage.presentation.wording import number, plain

if TYPE_CHECKING:  # only named in signatures
    from tutelage.evaluation import Evaluation

__all__ = ["show_evaluations"]

_FIGURES = {
    "n": "scans",
    "n_no_position": "no position",
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
    "n_refused": "refused",
}


def show_evaluations(
    found: Sequence[Evaluation], data_set: str, report: Path | None, as_json: bool = False
) -> None:
    """Figures of several models, a row each; columns in which there is nothing to see are left out."""
    rows = [evaluation.figures() | {"level": evaluation.answers.level} for evaluation in found]
    if as_json:
        print_json([_as_row(evaluation, row) for evaluation, row in zip(found, rows, strict=True)])
        return
    shown = {key: heading for key, heading in _FIGURES.items() if any(row[key] is not None for row in rows)}
    if not any(row["n_no_position"] for row in rows):
        shown.pop("n_no_position")
    if all(row["ground_mae_m"] == row["mae_m"] for row in rows):
        shown.pop("ground_mae_m", None)
    table = Table(title=f"2-D error on {plain(data_set)}, in metres of the data set")
    table.add_column("model", no_wrap=True)
    for heading in shown.values():
        table.add_column(heading, justify="right")
    for evaluation, row in zip(found, rows, strict=True):
        figures = {key: f"{row[key]:g}" if key == "level" and row[key] else number(row[key]) for key in shown}
        table.add_row(plain(evaluation.name), *figures.values())
    show(table, whole=True)
    for note in filter(None, (evaluation.note for evaluation in found)):
        show(f"[bold]note:[/] {plain(note)}")
    if report:
        Console().print(f"report: {plain(str(report))}", highlight=False)


def _as_row(evaluation: Evaluation, figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a model; what has to be said beside them, only where there is something."""
    row = {"model": evaluation.name, **figures, "on_training_scans": evaluation.on_training_scans}
    return {**row, "note": evaluation.note} if evaluation.note else row
