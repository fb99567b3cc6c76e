"""Verbs that learn: teachers, models, settings.

What needs PyTorch is imported when a verb runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
from tutelage.model_folder import require_model_path

__all__ = [
    "fit_command",
    "teach_command",
    "teachers_show",
    "tune_command",
]


def teach_command(
    source: Annotated[str, typer.Option(help=f"Source building: {SOURCE}.")],
    out: Annotated[Path, typer.Option(help="Teacher file to write.")],
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
    """Expert Training: make a surrogate teacher of a source building."""
    from tutelage.learning import checked_choice, split_settings
    from tutelage.teaching import TeachingRecipe, teach
    from tutelage.training import Budget, RunOptions, clear_checkpoints

    require_writable_file(out)
    of_network, of_recipe = split_settings(network, TeachingRecipe.model_fields, pairs_of(settings))
    checked_choice(network)
    options = RunOptions(
        seed=seed,
        device=device,
        budget=Budget(epochs, minutes),
        checkpoint_dir=beside(out, "checkpoint"),
        resume=resume,
        log=beside(out, "metrics.jsonl"),
        progress=not as_json,
    )
    survey = datasets.load(source, data_dir=data_dir, not_heard=not_heard, epsg=epsg)
    with stoppable(GO_ON):
        teacher = teach(
            survey, network, recipe=recipe, settings=of_recipe, network_settings=of_network, options=options
        )
    teacher.save(out)
    clear_checkpoints(options.checkpoint_dir)
    presentation.show_teachers({str(out): teacher.card}, as_json)


def teachers_show(files: list[Path], as_json: Json = False) -> None:
    """What teacher files say of themselves: source, recipe, quality."""
    from tutelage.teaching import Teacher

    presentation.show_teachers({str(file): Teacher.load(file).card for file in files}, as_json)


def fit_command(
    target: Annotated[str, typer.Option(help=f"Building to learn: {SOURCE}.")],
    out: Annotated[Path, typer.Option(help="Model folder to write.")],
    network: Network = "dnn",
    teacher: Teachers = None,
    transfer: Annotated[str, typer.Option(help="none, or collective or sequential: from --source.")] = "none",
    source: Annotated[
        list[str] | None, typer.Option(help=f"Building that a transfer learns first: {SOURCE}; repeatable.")
    ] = None,
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
    """Learn a building: Expert Distilling with teachers, plain learning without, transfer, or k-NN."""
    from tutelage.learning import checked_transfer
    from tutelage.localizer import Localizer
    from tutelage.training import Budget, clear_checkpoints

    require_model_path(out)
    # Refused before the data are read, for knn as well.
    Budget(epochs, minutes)
    given, kind = pairs_of(settings), checked_transfer(transfer, source or (), teacher or ())
    survey, *sources = datasets.load_several(
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
        checkpoint_dir=beside(out, "checkpoint"),
        resume=resume,
        log=beside(out, "metrics.jsonl"),
        progress=not as_json,
    )
    with stoppable(GO_ON):
        model.fit(survey)
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
