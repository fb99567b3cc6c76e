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

__all__ = ["pretrain_command"]

_Surveys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SURVEY",
        help=f"Surveys to learn from, each one {SURVEY}. Default: all public sets that are here and may "
        "be shared.",
    ),
]


@verb
def pretrain_command(
    surveys: _Surveys = None,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Save it here, for fit --pretrained FILE.")],
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="SET", help="Leave out the building of this public set. Repeatable."),
    ] = None,
    exclude_campus: Annotated[
        bool, typer.Option("--exclude-campus", help="Leave out the other buildings of its campus too.")
    ] = False,
    settings: Settings = None,
    run: LongRun,
    reading: Reading,
    as_json: Json = False,
) -> None:
    """Pretrain a matcher on several buildings, for use in another one.

    Example: tutelage pretrain --exclude tampere --out others.matcher
    Then: tutelage fit tampere --pretrained others.matcher
    """
    from tutelage.data import surveys as survey_data
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
