"""The verb that makes what comes with Tutelage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.options import DataDir, Device, Json, Seed, stoppable
from tutelage.cli.verb_zoo_show import zoo_show_command
from tutelage.errors import BadInputError

__all__ = ["zoo_make_command"]

_Network = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Make teachers of this network. Repeatable. Default: as in the zoo."),
]


def zoo_make_command(
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Write the files here. Finished files in it are kept.")
    ],
    network: _Network = None,
    matcher: Annotated[
        bool | None,
        typer.Option(help="Also pretrain the matcher, on all sources. Default: only without --network."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="SET", help="Public set to learn from. Repeatable. Default: as in the zoo."),
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make the teachers and the matcher that come with Tutelage.

    This takes about an hour. Give the same command again to continue after a stop.
    """
    from tutelage.files.atomic import require_writable_parent
    from tutelage.methods.teachers.zoo_making import make_zoo
    from tutelage.training import RunOptions

    if out.is_file():
        raise BadInputError(f"{out} is a file; name a folder to write teachers to")
    require_writable_parent(out)
    with stoppable("give the same command again: finished files are kept"):
        files = make_zoo(
            out,
            networks=network,
            matcher=matcher,
            sources=source,
            data_dir=data_dir,
            run=RunOptions(seed=seed, device=device, progress=not as_json),
        )
    zoo_show_command([str(file) for file in files], as_json)
