"""The verb that shows the main job on simulated buildings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.options import Json
from tutelage.cli.verb_evaluate import show_evaluations

__all__ = ["demo_command"]


def demo_command(
    out: Annotated[Path, typer.Option(help="Folder for everything the demo makes.")] = Path("demo"),
    as_json: Json = False,
) -> None:
    """Show the main job on simulated buildings: survey, teacher, models, evaluation and report."""
    from tutelage.experiments.demo import make_demo, next_commands, require_demo_folder

    require_demo_folder(out)
    if not as_json:
        typer.echo("Two simulated buildings: a teacher learns the museum, then five models meet the office.")
    evaluations = make_demo(out, progress=not as_json)
    show_evaluations(evaluations, "the office, a simulated building", out / "report.html", as_json)
    if not as_json:
        typer.echo(next_commands(out))
