"""The verb that searches for settings.

What needs PyTorch is imported when the verb runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage import presentation
from tutelage.cli.options import (
    SOURCE,
    DataDir,
    Device,
    Epsg,
    Json,
    Network,
    NotHeard,
    Seed,
    Settings,
    Teachers,
    beside,
    pairs_of,
    require_free_or_own,
    require_writable_file,
    require_writable_page,
    stoppable,
)
from tutelage.data import surveys as datasets

__all__ = ["tune_command"]


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
    from tutelage.networks import NetworkFile, plain_name
    from tutelage.tuning import tune, write_search_report

    out = out or Path(f"{plain_name(network)}.json")
    require_writable_file(out, [target])
    require_free_or_own(out, NetworkFile.load, "network file")
    if report:
        require_writable_page(report, [target])
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
