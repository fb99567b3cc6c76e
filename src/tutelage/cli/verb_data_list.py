"""The verb that lists the public data sets."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.table import Table

from tutelage.cli.console import show
from tutelage.cli.options import DataDir, Json

__all__ = ["data_list_command"]


def data_list_command(
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List the public data sets: size, licence, and whether they are on this machine."""
    from tutelage.data import surveys

    sets = surveys.dataset_table(data_dir)
    if as_json:
        print(json.dumps([asdict(each) for each in sets]))
        return
    table = Table()
    table.add_column("name", no_wrap=True)  # to be typed, so whole on a narrow terminal as well
    for heading in ("title", "train", "test", "access points", "MB", "licence", "here"):
        table.add_column(heading, overflow="fold")
    for each in sets:
        counts = [f"{n:,}" for n in (each.n_train, each.n_test, each.n_access_points)]
        size = f"{each.size_bytes / 1e6:.1f}"
        table.add_row(each.name, each.title, *counts, size, each.licence, each.where)
    show(table)
