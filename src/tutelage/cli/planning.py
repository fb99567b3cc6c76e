"""The verb that says how much more to survey, and where."""

from __future__ import annotations

from typing import Annotated

import typer

from tutelage import presentation
from tutelage.cli.options import (
    AGAIN,
    DataDir,
    Device,
    Epochs,
    Epsg,
    Folds,
    Json,
    NotHeard,
    Page,
    Seed,
    TrainingScans,
    require_writable_page,
    stoppable,
)
from tutelage.data import surveys as datasets

__all__ = ["plan_command"]


def plan_command(
    survey: TrainingScans,
    network: Annotated[
        str,
        typer.Option(help="What learns: knn, matcher, blend, a registered network, or NAME:FILE of tune."),
    ] = "knn",
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            "--teacher",
            "--teachers",
            help="Teacher file or zoo:NAME, repeatable; none; all; untrained. Matcher: one.",
        ),
    ] = None,
    folds: Folds = 5,
    rounds: Annotated[int, typer.Option(min=1, help="How often the points are divided anew.")] = 2,
    epochs: Epochs = None,
    minutes: Annotated[float | None, typer.Option(help="Length of each fit in minutes, about.")] = None,
    source_too: Annotated[
        bool, typer.Option("--source-too", help="Also of a building in which the teacher learnt.")
    ] = False,
    report: Page = None,
    seed: Seed = 0,
    device: Device = "auto",
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """How much more to survey, and where: a learning curve over reference points, and a map of the errors."""
    from tutelage.evaluation.plan import plan_survey, planning_method, write_plan
    from tutelage.training import Budget

    if report:
        require_writable_page(report, [survey, *(teacher or ())])
    budget = Budget(epochs, minutes)
    building = datasets.load(survey, data_dir=data_dir, not_heard=not_heard, epsg=epsg)
    method = planning_method(network, teacher or (), budget, None if source_too else building)
    how = {"epochs": epochs, "minutes": minutes, "device": device}
    with stoppable(AGAIN):
        found = plan_survey(
            building,
            method,
            n_folds=folds,
            n_rounds=rounds,
            source_too=source_too,
            seed=seed,
            progress=not as_json,
            **how,
        )
        if report:
            write_plan(found, report)
    presentation.show_plan(found, report, as_json)
