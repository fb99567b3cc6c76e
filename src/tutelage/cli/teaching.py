"""Verbs about teachers: teach one, list and show what they say of themselves, make the zoo.

What needs PyTorch is imported when a verb runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from tutelage import presentation
from tutelage.cli.options import (
    SOURCE,
    DataDir,
    Device,
    Epochs,
    Epsg,
    Json,
    Minutes,
    Network,
    NotHeard,
    Recipe,
    Resume,
    Seed,
    Settings,
    beside,
    learning,
    pairs_of,
    require_free_or_own,
    require_writable_file,
    stoppable,
)
from tutelage.data import surveys as datasets
from tutelage.errors import BadInputError
from tutelage.files.atomic import require_writable_parent

if TYPE_CHECKING:  # only named in signatures: a wrong option is refused before PyTorch is loaded
    from tutelage.data.fingerprints import Survey
    from tutelage.methods.matcher import MatcherCard
    from tutelage.paper.expert_training import TeacherCard
    from tutelage.training import RunOptions

__all__ = [
    "teach_command",
    "teachers_list",
    "teachers_make",
    "teachers_show",
]


Load = Callable[[Sequence[str]], "list[Survey]"]
AnyCard: TypeAlias = "MatcherCard | TeacherCard"


def teach_command(
    out: Annotated[Path, typer.Option(help="Teacher file to write.")],
    source: Annotated[
        list[str] | None,
        typer.Option(help=f"Source building: {SOURCE}. Of the matcher several, else all that are here."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="Public set in whose building it does not learn; repeatable."),
    ] = None,
    exclude_campus: Annotated[
        bool, typer.Option("--exclude-campus", help="Nor in others of the same campus.")
    ] = False,
    network: Network = "dnn",
    recipe: Recipe = "default",
    settings: Settings = None,
    epochs: Epochs = None,
    minutes: Minutes = None,
    seed: Seed = 0,
    device: Device = "auto",
    resume: Resume = False,
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Expert Training: make a surrogate teacher of a source building, or a pretrained matcher of several."""
    from tutelage.methods.teachers.teacher_names import any_teacher
    from tutelage.training import Budget, RunOptions

    require_writable_file(out, source or ())
    require_free_or_own(out, any_teacher, "teacher")
    load = partial(datasets.load_several, data_dir=data_dir, not_heard=not_heard, epsg=epsg)
    options = RunOptions(
        seed=seed,
        device=device,
        budget=Budget(epochs, minutes),
        resume=resume,
        log=beside(out, "metrics.jsonl"),
        progress=not as_json,
    )
    chosen = source or []
    if network == "matcher":
        if recipe != "default":
            raise BadInputError("the matcher has one recipe, default; the paper does not describe it")
        chosen = source or datasets.shareable_sets(data_dir)
        chosen = datasets.without(chosen, exclude or (), campus=exclude_campus)
    elif exclude or exclude_campus:
        raise BadInputError("--exclude is for --network matcher; other teachers learn in one building")
    with learning(out, resume=resume) as checkpoints:
        options = replace(options, checkpoint_dir=checkpoints)
        if network == "matcher":
            card: AnyCard = _teach_matcher(out, chosen, pairs_of(settings), options, load)
        else:
            card = _teach_surrogate(out, chosen, network, recipe, pairs_of(settings), options, load)
    presentation.show_teachers({str(out): card}, as_json)


def _teach_matcher(
    out: Path, sources: list[str], settings: dict[str, Any], options: RunOptions, load: Load
) -> MatcherCard:
    from tutelage.methods.matcher import MatcherRecipe, pretrain

    recipe = MatcherRecipe.for_pretraining(settings)
    teacher = pretrain(load(sources), recipe, options, privacy=True)
    teacher.save(out)
    return teacher.card


def _teach_surrogate(
    out: Path,
    sources: list[str],
    network: str,
    recipe: str,
    settings: dict[str, Any],
    options: RunOptions,
    load: Load,
) -> TeacherCard:
    from tutelage.methods.learning import checked_choice, split_settings
    from tutelage.paper.expert_training import TeachingRecipe, teach

    if len(sources) != 1:
        raise BadInputError(
            f"a surrogate teacher learns in one building, {len(sources) or 'none'} given; see --source"
        )
    of_network, of_recipe = split_settings(network, TeachingRecipe.model_fields, settings)
    checked_choice(network)
    survey = load(sources)[0]
    teacher = teach(
        survey, network, recipe=recipe, settings=of_recipe, network_settings=of_network, options=options
    )
    teacher.save(out)
    return teacher.card


def teachers_list(as_json: Json = False) -> None:
    """Teachers that come with Tutelage: source, licence, quality, privacy."""
    from tutelage.methods.teachers.shelf import zoo_list

    presentation.show_zoo(zoo_list(), as_json)


def teachers_show(
    teachers: Annotated[list[str], typer.Argument(metavar="TEACHER...", help="Files, or names of the zoo.")],
    as_json: Json = False,
) -> None:
    """What teachers say of themselves: source, recipe, quality."""
    from tutelage.methods.teachers.teacher_names import any_teacher

    presentation.show_teachers({teacher: any_teacher(teacher).card for teacher in teachers}, as_json)


def teachers_make(
    out: Annotated[Path, typer.Option(help="Folder to write; finished teachers in it are kept.")],
    network: Annotated[
        list[str] | None,
        typer.Option(help="matcher or a registered network; repeatable. Else those of the zoo."),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Public data set; repeatable. Else those of the zoo.")
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make the teachers that come with Tutelage: an hour; goes on where it was stopped."""
    from tutelage.methods.teachers.zoo_making import make_zoo

    if out.is_file():
        raise BadInputError(f"{out} is a file; name a folder to write teachers to")
    require_writable_parent(out)
    with stoppable("give the same command again: finished teachers are kept"):
        files = make_zoo(
            out,
            networks=network,
            sources=source,
            seed=seed,
            device=device,
            data_dir=data_dir,
            progress=not as_json,
        )
    teachers_show([str(file) for file in files], as_json)
