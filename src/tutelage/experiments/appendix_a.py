"""Appendix A of the paper: the search for the weights of the constraints.

The paper searched on UJIIndoorLoc and chose by the error on its test split. Here the same ranges are searched
on reference points held out of the training split, by `tutelage tune`; the test split stays closed.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutelage.data.surveys import load
from tutelage.errors import BadInputError
from tutelage.experiments.budgets import BUDGETS, table_budget
from tutelage.experiments.buildings import TITLES, buildings_here, sources_of
from tutelage.experiments.cells import Cell
from tutelage.experiments.compared_methods import KNN, WITH_MATCHER
from tutelage.experiments.executors import Executor
from tutelage.experiments.paper_tables import Request, require_known
from tutelage.experiments.reproduce import make_teachers
from tutelage.experiments.result_files import TeacherFiles, written_alone
from tutelage.experiments.table_wording import Grid, command_line, grid_lines, network_title
from tutelage.files.atomic import replaced_file
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.paper.expert_training import Teacher
from tutelage.tuning import Tried, tried_in, tune, write_search_report

__all__ = ["NAME", "WeightSearch", "search_weights"]

NAME = "appendix_a"
_TITLE = "Appendix A: the weights of the constraints"
_TRIALS = {"quick": 3}
_MOST_TRIALS = 30
_WEIGHTS = {
    "weight_mae": "lambda 1 (J_MAE)",
    "weight_sim": "lambda 2 (J_Sim)",
    "weight_mi": "lambda 3 (J_MI)",
    "weight_fi": "lambda 4 (J_FI)",
    "margin_rad": "margin (rad)",
}
_KEY = ("experiment", "target", "sources", "network", "budget")
_COLUMNS = (*_KEY, "trial", *_WEIGHTS, "held_out_mae_m", "ended")


@dataclass(frozen=True)
class WeightSearch:
    """A finished search.

    Parameters
    ----------
    cell : what was searched for; its method is `paper`
    request : what was asked for
    trials : in the order in which they were tried; the first has the published weights
    """

    cell: Cell
    request: Request
    trials: tuple[Tried, ...]

    def rows(self) -> list[dict[str, Any]]:
        """A row a trial."""
        key = self.cell.key(NAME)
        shared = {name: key[name] for name in _KEY}
        return [shared | _row(number, trial) for number, trial in enumerate(self.trials)]

    def how_made(self) -> str:
        """The command, the budget, and what a trial is scored on."""
        cell, budget = self.cell, self.cell.budget
        return (
            f"Made by `{command_line(NAME, self.request)}`, budget {budget}: {BUDGETS[budget].words}; "
            "the paper's ranges, searched by Bayesian optimisation with the `paper` recipe. "
            f"Target {TITLES[cell.target]}, {network_title(cell.network)}, teachers from "
            f"{' and '.join(TITLES[source] for source in cell.sources)}. "
            "A trial is scored on a fifth of the target's training reference points, held out; the test "
            "split stays closed. The paper chose by the error on the test split."
        )

    def page(self) -> str:
        """The search as Markdown, the best trials first."""
        known = sorted((trial.error_m, i) for i, trial in enumerate(self.trials) if trial.error_m is not None)
        place = 1 + [i for _, i in known].index(0)
        grid = Grid(
            ["trial", *_WEIGHTS.values(), "held-out error (m)"],
            [[str(i), *self._weights(i), f"{error_m:.2f}"] for error_m, i in known],
        )
        parts = [
            f"# {_TITLE}",
            self.how_made(),
            f"The published weights and margin (trial 0) have {self.trials[0].error_m:.2f} m here, place "
            f"{place} of {len(known)}; the best trial has {known[0][0]:.2f} m, the worst "
            f"{known[-1][0]:.2f} m. {len(self.trials) - len(known)} trials were stopped early, for doing "
            "worse than the median.",
            grid_lines(grid),
        ]
        return "\n\n".join(parts) + "\n"

    def _weights(self, trial: int) -> list[str]:
        asked = self.trials[trial].settings
        return [f"{asked[name]:g}" if name in asked else "-" for name in _WEIGHTS]


def search_weights(
    out: Path,
    executor: Executor,
    request: Request = Request(),  # noqa: B008 - frozen
    *,
    data_dir: str | Path | None = None,
    progress: bool = True,
) -> WeightSearch:
    """Search on one target with one network, and write appendix_a.csv, .md, .json and .html.

    Finished trials are kept in an SQLite file beside them and not run again.

    Parameters
    ----------
    out : folder of results
    executor : where the teachers are made; the trials follow from each other and run here
    request : at most one target (else UJIIndoorLoc, as in the paper), one network (else dnn), sources, budget
    data_dir : folder of public data sets
    progress : show progress bars

    Raises
    ------
    UnknownNameError, BadInputError
        If something asked for does not exist or cannot be searched, or another command is writing in the
        folder.
    """
    cell = _cell(request, data_dir)
    with written_alone(out):
        return _searched(cell, out, executor, request, data_dir, progress)


def _searched(
    cell: Cell,
    out: Path,
    executor: Executor,
    request: Request,
    data_dir: str | Path | None,
    progress: bool,
) -> WeightSearch:
    files = TeacherFiles(out)
    make_teachers(cell.teachers, files, executor, data_dir=data_dir, progress=progress)
    survey = load(cell.target, data_dir=data_dir)
    study = out / f"{NAME}-{cell.target}-{cell.network}-{cell.budget}.sqlite"
    length = table_budget(cell.budget).length(cell.network)
    tune(
        survey,
        cell.network,
        spaces=("paper",),
        teachers=[Teacher.from_bytes(files.read(teacher)) for teacher in cell.teachers],
        settings=cell.settings,
        n_trials=_TRIALS.get(cell.budget, _MOST_TRIALS),
        updates=length.n_steps(len(survey.train), distilling_recipe("paper")),
        study_file=study,
        progress=progress,
    )
    search = WeightSearch(cell, request, tuple(tried_in(study)))
    _write(search, out)
    about = search.how_made().replace("`", "")
    write_search_report(study, out / f"{NAME}.html", title=_TITLE, about=about)
    return search


def _cell(request: Request, data_dir: str | Path | None) -> Cell:
    require_known(request, ("paper",))
    for what, given in (("target", request.targets), ("network", request.networks)):
        if len(given) > 1:
            raise BadInputError(f"{NAME} searches on one {what} at a time; {', '.join(given)} were given")
    target = (request.targets or ("ujiindoorloc",))[0]
    network = (request.networks or ("dnn",))[0]
    if network in (KNN, *WITH_MATCHER):
        raise BadInputError(
            f"{NAME} searches weights of constraints, which {network} has not; name a network"
        )
    if request.n_seeds > 1:
        raise BadInputError(f"{NAME} is one search; leave the seeds out")
    here = buildings_here(data_dir)
    sources = request.sources or sources_of(target, here)
    for building in (target, *sources):
        if building not in here:
            raise BadInputError(
                f"the files of {building} are not here; tutelage data fetch {building} gets them"
            )
    return Cell(target, sources, network, "paper", request.budget or "standard", 1.0, seed=0)


def _row(number: int, trial: Tried) -> dict[str, Any]:
    return {
        **{name: trial.settings.get(name, "") for name in _WEIGHTS},
        "trial": number,
        "held_out_mae_m": "" if trial.error_m is None else round(trial.error_m, 3),
        "ended": trial.ended,
    }


def _write(search: WeightSearch, out: Path) -> None:
    with (
        replaced_file(out / f"{NAME}.csv") as beside,
        beside.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(search.rows())
    plain = {"table": NAME, "command": command_line(NAME, search.request), "trials": search.rows()}
    for suffix, text in (("md", search.page()), ("json", json.dumps(plain, indent=1) + "\n")):
        with replaced_file(out / f"{NAME}.{suffix}") as beside:
            beside.write_text(text, encoding="utf-8")
