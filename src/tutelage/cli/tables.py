"""Verbs that make tables and the demo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tutelage import presentation
from tutelage.cli.options import DataDir, Json, stoppable

__all__ = [
    "demo_command",
    "reproduce_command",
]


def reproduce_command(
    table: Annotated[str, typer.Argument(help="spine: both phases, both ways; networks: each on its own.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("results"),
    budget: Annotated[str, typer.Option(help="standard or quick.")] = "standard",
    jobs: Annotated[int, typer.Option(min=1, help="Cells at a time, each in its own process.")] = 1,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a results table; finished cells are kept and never run again."""
    from tutelage.experiments.reproduce import reproduce

    with stoppable("give the same command again: finished cells are kept"):
        page, rows = reproduce(table, out, budget=budget, jobs=jobs, data_dir=data_dir)
    typer.echo(json.dumps(rows) if as_json else page)


def demo_command(
    out: Annotated[Path, typer.Option(help="Folder for everything the demo makes.")] = Path("demo"),
    as_json: Json = False,
) -> None:
    """The main job on simulated buildings: survey, teacher, model, evaluation, report. Needs no data."""
    from tutelage.experiments.demo import make_demo, next_commands

    if not as_json:
        typer.echo("Two simulated buildings: a teacher learns the museum, then four models learn the office.")
    found = make_demo(out, progress=not as_json)
    presentation.show_evaluations(found, "the office, a simulated building", out / "report.html", as_json)
    if not as_json:
        typer.echo(next_commands(out))
