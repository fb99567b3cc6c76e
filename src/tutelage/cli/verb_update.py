"""The verb that updates a model with recent scans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.made_models import require_unused, show_model, updated_model
from tutelage.cli.options import SURVEY, Json, LongRun, ModelFolder, Reading, beside, verb

__all__ = ["update_command"]


@verb
def update_command(
    model: ModelFolder,
    *,
    scans: Annotated[
        str, typer.Option(metavar="SCANS", help=f"Recent scans, with or without positions: {SURVEY}.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Save the updated model here. Default: MODEL-updated."),
    ] = None,
    drop_gone: Annotated[
        bool,
        typer.Option(
            "--drop-gone",
            help="With positions: forget access points that are gone. Without, this is always done.",
        ),
    ] = False,
    run: LongRun,
    reading: Reading,
    calibration: Annotated[
        bool,
        typer.Option(rich_help_panel="Radii", help="Learn a radius for every answer."),
    ] = True,
    as_json: Json = False,
) -> None:
    """Update a model with recent scans and save the result.

    Scans with positions are added. Without positions, access points that are gone are left out.

    Example: tutelage update survey-model --scans recent.csv
    """
    from tutelage.files.model_folder import require_model_path

    out = out or require_unused(Path(f"{model.resolve().name}-updated"))
    require_model_path(out)
    options = run.run(progress=not as_json)  # a wrong length is refused before the data are read
    options = replace(options, resume=run.resume, log=beside(out, "metrics.jsonl"))
    updated = updated_model(model, scans, reading, options, out, drop_gone=drop_gone, calibrate=calibration)
    show_model(updated, out, as_json)
