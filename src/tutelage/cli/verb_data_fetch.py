"""The verb that downloads a public data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.console import show_pairs
from tutelage.cli.options import Json
from tutelage.data import surveys

__all__ = ["data_fetch_command"]


def data_fetch_command(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="As data list shows it; uji_library:1-3 picks months.")
    ],
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of public data sets (else TUTELAGE_DATA).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Download a data set (or find it here), verify it, and convert it once to a compact cache."""
    survey = surveys.fetch(name, data_dir, progress=not as_json)
    figures = {
        "name": survey.name,
        "n_train": len(survey.train),
        "n_test": 0 if survey.test is None else len(survey.test),
        "access_points": survey.train.n_access_points,
        "heard_per_scan": round(float(survey.train.n_heard.mean()), 1),
        "licence": survey.licence,
    }
    show_pairs(figures, as_json)
