"""The verb that says which method suits a building."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage import presentation
from tutelage.cli.options import (
    DataDir,
    Device,
    Epochs,
    Epsg,
    Folds,
    Json,
    Minutes,
    NotHeard,
    Page,
    Seed,
    TrainingScans,
    require_writable_page,
    stoppable,
)
from tutelage.data import surveys as datasets
from tutelage.files.model_folder import require_model_path

__all__ = ["compare_command"]


def compare_command(
    survey: TrainingScans,
    network: Annotated[
        list[str] | None,
        typer.Option(help="To compare with k-NN; repeatable. Else matcher, dnn and blend."),
    ] = None,
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            "--teacher",
            "--teachers",
            help="Teacher file or zoo:NAME, repeatable; or all. Networks: with, without, under untrained.",
        ),
    ] = None,
    folds: Folds = 3,
    epochs: Epochs = None,
    minutes: Minutes = None,
    source_too: Annotated[
        bool, typer.Option("--source-too", help="Also of a building in which a teacher learnt.")
    ] = False,
    report: Page = None,
    out: Annotated[
        Path | None, typer.Option(help="Model folder: the recommended method, fitted to all training scans.")
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """k-NN, matcher and networks on reference points held out, with intervals, and which of them to take."""
    from tutelage.evaluation.compare import candidates, compare, write_comparison
    from tutelage.training import Budget, resolve_device

    if report:
        require_writable_page(report, [survey, *(teacher or ())])
    if out:
        require_model_path(out)
    Budget(epochs, minutes)
    resolve_device(device)
    building = datasets.load(survey, data_dir=data_dir, not_heard=not_heard, epsg=epsg)
    chosen = candidates(network or (), teacher or (), None if source_too else building)
    how = {"epochs": epochs, "minutes": minutes, "device": device}
    with stoppable("nothing was written; give the same command again"):
        found = compare(
            building, chosen, n_folds=folds, source_too=source_too, seed=seed, progress=not as_json, **how
        )
        if report:
            write_comparison(found, report)
    presentation.show_comparison(found, report, as_json)
    best = found.recommended.standing.candidate
    by_hand = presentation.fit_words(best, survey, out)
    if out:
        with stoppable(f"the comparison is done, but no model was written; for that: {by_hand}"):
            best.localizer(seed=seed, progress=not as_json, **how).fit(building).save(out)
    if not as_json:
        print(f"model: {out}" if out else f"next: {by_hand}")
