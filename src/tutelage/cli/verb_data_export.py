"""The verb that writes a survey in another form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.console import show_pairs
from tutelage.cli.options import SURVEY, Json, Reading, require_writable_file, verb

__all__ = ["data_export_command"]

_KEEPS_EPSG = "geojson"


@verb
def data_export_command(
    survey: Annotated[str, typer.Argument(metavar="SURVEY", help=f"Survey to write: {SURVEY}.")],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="File to write (.csv, .parquet, .geojson), or a folder for comford."
        ),
    ],
    *,
    to: Annotated[
        str | None,
        typer.Option(metavar="FORM", help="table, geojson or comford. Default: by the ending of OUT."),
    ] = None,
    split: Annotated[str, typer.Option(metavar="NAME", help="Scans to write: train, test or both.")] = "both",
    reading: Reading,
    as_json: Json = False,
) -> None:
    """Write a survey in another form, which every command reads as well.

    Example: tutelage data export survey.csv survey.geojson
    """
    from tutelage.data import surveys

    form = surveys.require_exportable(out, to, split)
    if out.is_file():
        require_writable_file(out, [survey])
    building = reading.load(survey, for_training=False)
    written = surveys.export_survey(building, out, form=to, split=split)
    epsg = building.train.frame.epsg
    note = f"a {form.name} does not say that positions are in EPSG:{epsg}; read it with --epsg {epsg}"
    figures = {
        "written": str(out),
        "form": form.name,
        **{f"n_{name}": n for name, n in written.items()},
        "epsg": epsg,
        **({} if form.name == _KEEPS_EPSG or epsg is None else {"note": note}),
    }
    show_pairs(figures, as_json)
