"""The verb of Expert Training: a surrogate teacher of a source building."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.cards import show_cards
from tutelage.cli.options import (
    Json,
    LongRun,
    Network,
    Reading,
    Recipe,
    Settings,
    SurveyName,
    beside,
    learning_alone,
    pairs_of,
    require_free_or_own,
    require_writable_file,
    verb,
)

__all__ = ["teach_command"]


@verb
def teach_command(
    survey: SurveyName,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Save the teacher here.")],
    network: Network = "dnn",
    settings: Settings = None,
    recipe: Recipe = "default",
    run: LongRun,
    reading: Reading,
    as_json: Json = False,
) -> None:
    """Make a surrogate teacher: a file that hands on what was learnt, but not the data.

    This is the paper's Expert Training.

    Example: tutelage teach survey.csv --out survey.teacher
    Then: tutelage fit other.csv --method dnn --teachers survey.teacher
    """
    from tutelage.methods.network import network_lesson
    from tutelage.methods.teacher_names import read_teacher_file
    from tutelage.networks import network_choice
    from tutelage.paper.expert_training import teach

    require_writable_file(out, [survey])
    require_free_or_own(out, read_teacher_file, "teacher")
    run_options = replace(run.run(progress=not as_json), resume=run.resume, log=beside(out, "metrics.jsonl"))
    changes = pairs_of(settings)
    network_lesson(network_choice(network), recipe, {})  # refuses a slip in a network file, all of its recipe
    building = reading.load(survey)
    with learning_alone(out, resume=run.resume) as checkpoints:
        run_options = replace(run_options, checkpoint_dir=checkpoints)
        teacher = teach(building, network, recipe=recipe, settings=changes, run=run_options)
        teacher.save(out)
    show_cards({str(out): teacher.card}, as_json)
