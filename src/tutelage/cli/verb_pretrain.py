"""The verb that pretrains a matcher on several buildings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.cards import show_cards
from tutelage.cli.options import (
    SURVEY,
    Json,
    LongRun,
    Reading,
    Settings,
    beside,
    learning_alone,
    pairs_of,
    require_free_or_own,
    require_writable_file,
    verb,
)
from tutelage.data import surveys as survey_data

__all__ = ["pretrain_command"]


@verb
def pretrain_command(
    out: Annotated[Path, typer.Option(help="File to write, for fit --pretrained FILE.")],
    run: LongRun,
    reading: Reading,
    surveys: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SURVEY",
            help=f"Buildings to learn in, each of them {SURVEY}; without any, all public sets that are here.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="Public set in whose building it does not learn; repeatable."),
    ] = None,
    exclude_campus: Annotated[
        bool, typer.Option("--exclude-campus", help="Exclude other buildings of the same campus as well.")
    ] = False,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Pretrain a matcher on several buildings, to be used in another one."""
    from tutelage.methods.matcher.pretrained import pretrain
    from tutelage.methods.teacher_names import read_teacher_file

    require_writable_file(out, surveys or ())
    require_free_or_own(out, read_teacher_file, "pretrained matcher")
    run_options = replace(run.run(progress=not as_json), resume=run.resume, log=beside(out, "metrics.jsonl"))
    names = surveys or survey_data.shareable_sets(reading.data_dir)
    names = survey_data.exclude_buildings(names, exclude or (), campus=exclude_campus)
    changes = pairs_of(settings)
    with learning_alone(out, resume=run.resume) as checkpoints:
        run_options = replace(run_options, checkpoint_dir=checkpoints)
        matcher = pretrain(reading.load_several(names), settings=changes, privacy=True, run=run_options)
        matcher.save(out)
    show_cards({str(out): matcher.card}, as_json)
