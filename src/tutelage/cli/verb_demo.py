"""The verb that shows the main job on simulated buildings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.options import Json
from tutelage.cli.verb_evaluate import show_evaluations

__all__ = ["demo_command"]


def demo_command(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Write everything here.")] = Path("demo"),
    as_json: Json = False,
) -> None:
    """Run the main job on two simulated buildings: fit, evaluate, report."""
    from tutelage.experiments.demo import make_demo, next_command, require_demo_folder

    require_demo_folder(out)
    if not as_json:
        typer.echo("A simulated office is learnt by five models. One has a teacher from a simulated museum.")
    evaluations = make_demo(out, progress=not as_json)
    show_evaluations(evaluations, "the office, a simulated building", out / "report.html", as_json)
    if not as_json:
        typer.echo(next_command(out))
