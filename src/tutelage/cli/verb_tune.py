"""The verb that searches for settings of a network."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutelage.cli.console import show_pairs
from tutelage.cli.options import (
    TEACHING,
    TRAINING,
    Json,
    Length,
    Network,
    Page,
    Reading,
    Settings,
    SurveyName,
    beside,
    pairs_of,
    require_free_or_own,
    require_writable_file,
    require_writable_page,
    stoppable,
    verb,
)

if TYPE_CHECKING:  # only named in signatures
    from tutelage.data.fingerprints import Survey
    from tutelage.networks import NetworkFile
    from tutelage.training import RunOptions

__all__ = ["tune_command"]


@dataclass(frozen=True)
class Search:
    """What is searched, and for how long."""

    network: Network = "dnn"
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPACE",
            help="What to search: architecture, learning, constraints or paper (Appendix A). Repeatable. "
            "Default: architecture if the network has one, else learning.",
        ),
    ] = None
    teachers: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=TEACHING,
            help="Surrogate teachers of every trial, as in fit. Repeatable.",
        ),
    ] = None
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=TRAINING,
            help="Training settings of a network: default, paper or printed. With --search "
            "paper, paper is the default.",
        ),
    ] = None
    settings: Settings = None
    trials: Annotated[
        int, typer.Option(min=1, metavar="N", help="Number of trials, those of an earlier run included.")
    ] = 30
    study: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="SQLite file that keeps the trials. Default: beside --out."),
    ] = None

    def best(self, survey: Survey, study: Path, run: RunOptions) -> NetworkFile:
        """Search, and give the network file of the best trial."""
        from tutelage.tuning import tune

        return tune(
            survey,
            self.network,
            spaces=self.search or (),
            teachers=self.teachers or (),
            recipe=self.recipe,
            settings=pairs_of(self.settings),
            n_trials=self.trials,
            study_file=study,
            run=run,
        )


@verb
def tune_command(
    survey: SurveyName,
    *,
    search: Search,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Save the best settings here, for fit --method NAME:FILE. Default: NAME.json.",
        ),
    ] = None,
    report: Page = None,
    run: Length,
    reading: Reading,
    as_json: Json = False,
) -> None:
    """Search for better settings of a network, on training scans alone.

    Example: tutelage tune survey.csv --network bayescnn --out blocks.json
    Then: tutelage fit survey.csv --method bayescnn:blocks.json
    """
    from tutelage.tuning import write_search_report

    out = _checked_out(out, search.network, survey, report)
    study = search.study or beside(out, "sqlite")
    run_options = run.run(progress=not as_json)  # a wrong length is refused before the data are read
    building = reading.load(survey)
    with stoppable("give the same command again: finished trials are kept"):
        file = search.best(building, study, run_options)
    file.save(out)
    if report:
        write_search_report(study, report, title=f"{file.network} on {building.name}")
    _show_tuned(file, out, survey, search, report, as_json)


def _checked_out(out: Path | None, network: str, survey: str, report: Path | None) -> Path:
    """Give the network file to write, once it and the page may be written."""
    from tutelage.networks import NetworkFile

    out = out or Path(f"{network.partition(':')[0]}.json")
    require_writable_file(out, [survey])
    require_free_or_own(out, NetworkFile.load, "network file")
    if report:
        require_writable_page(report, [survey])
    return out


# -- what it prints ------------------------------------------------------------------------------------


def _show_tuned(
    file: NetworkFile, out: Path, survey: str, search: Search, report: Path | None, as_json: bool
) -> None:
    """Print what a search found, what it gained, and the next command."""
    record = file.search_record
    if record is None:
        raise ValueError("this file is from no search")
    if as_json:
        print(json.dumps({"file": str(out), **file.model_dump(mode="json")}))
        return
    default = record.default_held_out_mae_m
    figures = {
        "network": file.network,
        "settings": file.settings,
        "recipe": file.recipe,
        "held-out error, best": f"{record.held_out_mae_m:.2f} m",
        "held-out error, default": "failed" if default is None else f"{default:.2f} m",
        "trials": f"{record.n_finished} finished, {record.n_pruned} stopped early, {record.n_failed} failed",
        "file": str(out),
        **({"report": str(report)} if report else {}),
    }
    show_pairs(figures, as_json)
    options = [*(("--teachers", teacher) for teacher in search.teachers or ())]
    options += [("--recipe", record.recipe_name)] if record.recipe_name != "default" else []
    words = ["tutelage", "fit", survey, "--method", f"{file.network}:{out}", *chain(*options)]
    print(f"next: {shlex.join([*words, '--out', 'MODEL'])}")
