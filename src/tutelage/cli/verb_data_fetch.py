"""The verb that downloads a public data set."""

from __future__ import annotations

from typing import Annotated

import typer

from tutelage.cli.console import show_pairs
from tutelage.cli.options import DataDir, Json

__all__ = ["data_fetch_command"]


def data_fetch_command(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name from data list. uji_library:1-3 picks months.")
    ],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Download a public data set, verify it and convert it once.

    Files that are already in --data-dir are not downloaded.

    Example: tutelage data fetch tampere
    """
    from tutelage.data import surveys

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
