"""The verb that makes what comes with Tutelage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.options import Json, stoppable
from tutelage.cli.verb_zoo_show import zoo_show_command
from tutelage.errors import BadInputError
from tutelage.files.atomic import require_writable_parent

__all__ = ["zoo_make_command"]


def zoo_make_command(
    out: Annotated[Path, typer.Option(help="Folder to write; finished files in it are kept.")],
    network: Annotated[
        list[str] | None,
        typer.Option(help="Registered network, whose teachers are made; repeatable. Else those of the zoo."),
    ] = None,
    matcher: Annotated[
        bool | None,
        typer.Option(
            help="Pretrain the matcher as well, on all sources at once; by default without --network."
        ),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Public data set; repeatable. Else those of the zoo.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Random seed.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, ...")] = "auto",
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of public data sets (else TUTELAGE_DATA).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make what comes with Tutelage: an hour; goes on where it was stopped."""
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
