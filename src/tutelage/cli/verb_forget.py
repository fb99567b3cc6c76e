"""The verb that removes what the service knows of a device."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tutelage.cli.console import show_pairs
from tutelage.cli.options import Json
from tutelage.cli.store_option import StoreUrl, open_store

__all__ = ["forget_command"]


def forget_command(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="Id of the device, as it names itself.")],
    store: StoreUrl = None,
    as_json: Json = False,
) -> None:
    """Remove a device and its track from the store of the service.

    Its survey scans stay, as the map is made of them, but no longer say which device took them.

    Example: tutelage forget adas-phone
    """
    with open_store(store, make=False) as opened:
        forgotten = asdict(opened.forget(device))
    names = {
        "device": "forgotten device",
        "n_track_points": "track points removed",
        "n_survey_scans": "survey scans kept without its name",
        "n_survey_sessions": "survey sessions kept without its name",
    }
    show_pairs(forgotten if as_json else {names[key]: value for key, value in forgotten.items()}, as_json)
