"""Verbs that learn: teachers, models, settings.

What needs PyTorch is imported when a verb runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from tutelage import datasets, presentation
from tutelage.cli.options import (
    GO_ON,
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
    Teachers,
    beside,
    pairs_of,
    require_writable_file,
    stoppable,
)
from tutelage.cli.updating import refuse_what_stays, update_model
from tutelage.errors import BadInputError
from tutelage.model_folder import require_model_path

if TYPE_CHECKING:  # only named in signatures: a wrong option is refused before PyTorch is loaded
    from tutelage.fingerprints import Survey
    from tutelage.scorer import ScorerCard
    from tutelage.teaching import TeacherCard
    from tutelage.training import RunOptions

__all__ = [
    "fit_command",
    "teach_command",
    "teachers_show",
    "tune_command",
]


Load = Callable[[Sequence[str]], "list[Survey]"]
AnyCard: TypeAlias = "ScorerCard | TeacherCard"


def teach_command(
    out: Annotated[Path, typer.Option(help="Teacher file to write.")],
    source: Annotated[
        list[str] | None,
        typer.Option(help=f"Source building: {SOURCE}. Of the scorer several, else all that are here."),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Public set in which the scorer does not learn; repeatable.")
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
    """Expert Training: make a surrogate teacher of a source building, or a scorer teacher of several."""
    from tutelage.training import Budget, RunOptions, clear_checkpoints

    require_writable_file(out)
    options = RunOptions(
        seed=seed,
        device=device,
        budget=Budget(epochs, minutes),
        checkpoint_dir=beside(out, "checkpoint"),
        resume=resume,
        log=beside(out, "metrics.jsonl"),
        progress=not as_json,
    )
    load = partial(datasets.load_several, data_dir=data_dir, not_heard=not_heard, epsg=epsg)
    if network == "scorer":
        if recipe != "default":
            raise BadInputError("the scorer has one recipe, default; the paper does not describe it")
        chosen = source or datasets.shareable_sets(data_dir)
        chosen = datasets.without(chosen, exclude or (), campus=exclude_campus)
        card: AnyCard = _teach_scorer(out, chosen, pairs_of(settings), options, load)
    elif exclude or exclude_campus:
        raise BadInputError("--exclude is for --network scorer; other teachers learn in one building")
    else:
        card = _teach_surrogate(out, source or [], network, recipe, pairs_of(settings), options, load)
    clear_checkpoints(options.checkpoint_dir)
    presentation.show_teachers({str(out): card}, as_json)


def _teach_scorer(
    out: Path, sources: list[str], settings: dict[str, Any], options: RunOptions, load: Load
) -> ScorerCard:
    from tutelage.scorer import ScorerRecipe, teach_scorer

    recipe = ScorerRecipe.checked(settings)
    with stoppable(GO_ON):
        teacher = teach_scorer(load(sources), recipe, options)
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
    from tutelage.learning import checked_choice, split_settings
    from tutelage.teaching import TeachingRecipe, teach

    if len(sources) != 1:
        raise BadInputError(
            f"a surrogate teacher learns in one building, {len(sources) or 'none'} given; see --source"
        )
    of_network, of_recipe = split_settings(network, TeachingRecipe.model_fields, settings)
    checked_choice(network)
    survey = load(sources)[0]
    with stoppable(GO_ON):
        teacher = teach(
            survey, network, recipe=recipe, settings=of_recipe, network_settings=of_network, options=options
        )
    teacher.save(out)
    return teacher.card


def teachers_show(files: list[Path], as_json: Json = False) -> None:
    """What teacher files say of themselves: source, recipe, quality."""
    from tutelage.teacher_names import any_teacher

    presentation.show_teachers({str(file): any_teacher(file).card for file in files}, as_json)


def _named_once(survey: str | None, target: str | None) -> str:
    """The building to learn, which may be named in two ways."""
    if survey and target:
        raise BadInputError(f"two buildings are named, {survey} and --target {target}; keep one")
    if not (survey or target):
        raise BadInputError("no building is named; write, for instance: tutelage fit survey.csv")
    return survey or target or ""


def fit_command(
    survey: Annotated[str | None, typer.Argument(help=f"Building to learn: {SOURCE}.")] = None,
    target: Annotated[str | None, typer.Option(help="The same, as an option.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Model folder to write (else the building's name and -model).")
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="tutor, scorer, knn, a registered network such as dnn, or NAME:FILE of tune. Else tutor, or "
            "dnn if a teacher, a transfer or a recipe is named."
        ),
    ] = None,
    update: Annotated[
        Path | None,
        typer.Option(metavar="MODEL", help="Continue from this model with the scans of --target; see docs."),
    ] = None,
    drop_gone: Annotated[
        bool, typer.Option("--drop-gone", help="With --update: forget what drift finds gone.")
    ] = False,
    teacher: Teachers = None,
    transfer: Annotated[str, typer.Option(help="none, or collective or sequential: from --source.")] = "none",
    source: Annotated[
        list[str] | None, typer.Option(help=f"Building that a transfer learns first: {SOURCE}; repeatable.")
    ] = None,
    recipe: Recipe = "default",
    settings: Settings = None,
    epochs: Epochs = None,
    minutes: Minutes = None,
    calibration: Annotated[
        bool,
        typer.Option(help="Learn how far off answers are, by another fit without some reference points."),
    ] = True,
    seed: Seed = 0,
    device: Device = "auto",
    resume: Resume = False,
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Learn a building: tutor, scorer, k-NN, or a network (Expert Distilling, plain learning or transfer)."""
    from tutelage.learning import checked_transfer
    from tutelage.localizer import Localizer
    from tutelage.training import Budget, clear_checkpoints

    target = _named_once(survey, target)
    out = out or Path(f"{Path(target.rpartition(':')[2]).stem}-model")
    require_model_path(out)
    Budget(epochs, minutes)  # refused before the data are read, for knn as well
    if update is not None:
        changed = {"transfer": transfer != "none", "recipe": recipe != "default"}
        refuse_what_stays(
            {"network": network, "teacher": teacher, "source": source, "set": settings, **changed}
        )
        how = {"epochs": epochs, "minutes": minutes, "seed": seed, "device": device, "resume": resume}
        how |= {"calibrated": calibration, "progress": not as_json}
        load = partial(datasets.load, target, data_dir=data_dir, not_heard=not_heard, epsg=epsg)
        model = update_model(update, load, out, drop_gone=drop_gone, **how)
        presentation.show_fit(model, out, as_json)
        return
    if drop_gone:
        raise BadInputError("--drop-gone goes with --update MODEL, whose access points it forgets")
    given, kind = pairs_of(settings), checked_transfer(transfer, source or (), teacher or ())
    building, *sources = datasets.load_several(
        [target, *(source or ())], data_dir=data_dir, not_heard=not_heard, epsg=epsg
    )
    model = Localizer(
        network,
        teachers=teacher or (),
        transfer=kind or "none",
        sources=sources,
        recipe=recipe,
        settings=given,
        epochs=epochs,
        minutes=minutes,
        seed=seed,
        device=device,
        calibrate=calibration,
        checkpoint_dir=beside(out, "checkpoint"),
        resume=resume,
        log=beside(out, "metrics.jsonl"),
        progress=not as_json,
    )
    with stoppable(GO_ON):
        model.fit(building)
    model.save(out)
    clear_checkpoints(beside(out, "checkpoint"))
    presentation.show_fit(model, out, as_json)


def tune_command(
    target: Annotated[str, typer.Option(help=f"Building whose training scans are used: {SOURCE}.")],
    network: Network = "dnn",
    out: Annotated[
        Path | None, typer.Option(help="Network file to write, for fit --network NAME:FILE (else NAME.json).")
    ] = None,
    search: Annotated[
        list[str] | None,
        typer.Option(help="architecture, learning, constraints or paper (Appendix A); repeatable."),
    ] = None,
    teacher: Teachers = None,
    recipe: Annotated[str | None, typer.Option(help="default, or paper (as --search paper takes).")] = None,
    settings: Settings = None,
    trials: Annotated[int, typer.Option(min=1, help="In all, with those of an earlier run.")] = 30,
    epochs: Annotated[int | None, typer.Option(help="Length of a trial in passes over the data.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="The same in minutes; neither: a quarter of the recipe's updates.")
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    study: Annotated[Path | None, typer.Option(help="SQLite file of the trials (else beside --out).")] = None,
    report: Annotated[Path | None, typer.Option(help="HTML page of the search to write.")] = None,
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Search architecture, settings of learning or weights of constraints, on training data alone."""
    from tutelage.networks import plain_name
    from tutelage.tuning import tune, write_search_report

    out = out or Path(f"{plain_name(network)}.json")
    for file in (out, report):
        if file:
            require_writable_file(file)
    study = study or beside(out, "sqlite")
    survey = datasets.load(target, data_dir=data_dir, not_heard=not_heard, epsg=epsg)
    with stoppable("give the same command again: finished trials are kept"):
        found = tune(
            survey,
            network,
            spaces=search or (),
            teachers=teacher or (),
            recipe=recipe,
            settings=pairs_of(settings),
            n_trials=trials,
            epochs=epochs,
            minutes=minutes,
            seed=seed,
            device=device,
            study_file=study,
            progress=not as_json,
        )
    found.save(out)
    if report:
        write_search_report(study, report, title=f"{found.network} on {survey.name}")
    presentation.show_tuned(found, out, (target, teacher or ()), report, as_json)
