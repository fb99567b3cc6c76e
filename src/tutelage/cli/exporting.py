"""The verb that writes a model for the runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage import presentation
from tutelage.cli.options import AGAIN, SOURCE, DataDir, Epsg, Json, Model, NotHeard, stoppable
from tutelage.data import surveys as datasets

__all__ = ["export_command"]


def export_command(
    model: Model,
    out: Annotated[Path, typer.Option(help="FILE.zip, or a folder to make.")],
    scans: Annotated[
        str | None,
        typer.Option(
            help="Survey whose training scans both are asked about, and on whose test split the cost of int8 "
            f"is measured: {SOURCE}. Without it: scans drawn at random."
        ),
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Keep the network's weights in eight bits.")] = False,
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Write a model for tutelage.runtime and phones, held against the library."""
    from tutelage.export import export_model, require_export_path

    require_export_path(out)
    survey = scans and datasets.load(scans, data_dir=data_dir, not_heard=not_heard, epsg=epsg)
    with stoppable(AGAIN):
        card = export_model(model, out, scans=survey or None, int8=int8, progress=not as_json)
    presentation.show_export(card, out, as_json)
