"""Verbs about data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage import presentation
from tutelage.cli.options import DataDir, Epsg, Json, NotHeard, PublicName, Source, require_writable_file
from tutelage.data import surveys as datasets

__all__ = [
    "data_check",
    "data_export",
    "data_fetch",
    "data_list",
]


def data_list(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Public data sets: size, licence, and whether they are here."""
    presentation.show_datasets(datasets.dataset_table(data_dir), as_json)


def data_check(
    source: Source,
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Look a survey over before anything is learnt from it; exit code 1 if something must be mended."""
    from tutelage.data.check import check_survey

    found = check_survey(source, data_dir=data_dir, not_heard=not_heard, epsg=epsg, progress=not as_json)
    presentation.show_check(found, as_json)
    if found.n_errors:
        raise typer.Exit(1)


def data_fetch(name: PublicName, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Download a data set (or find it here), verify it, and convert it once to a compact cache."""
    presentation.show_survey(datasets.fetch(name, data_dir, progress=not as_json), as_json)


def data_export(
    source: Source,
    out: Annotated[Path, typer.Argument(help="To write: .csv, .parquet, .geojson, or a folder for comford.")],
    to: Annotated[
        str | None, typer.Option(help="table, geojson or comford; without it, what the name ends as.")
    ] = None,
    split: Annotated[str, typer.Option(help="train, test or both.")] = "both",
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Write a data set, or your own in another form, so that it can be given in its place."""
    form = datasets.require_exportable(out, to, split)
    if out.is_file():
        require_writable_file(out, [source])
    survey = datasets.load(source, data_dir=data_dir, not_heard=not_heard, epsg=epsg, for_training=False)
    written = datasets.export_survey(survey, out, form=to, split=split)
    presentation.show_written_survey(out, form.name, written, survey.train.frame.epsg, as_json)
