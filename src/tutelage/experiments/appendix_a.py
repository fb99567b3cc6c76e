"""Search for the weights of the constraints, as in Appendix A of the paper.

The paper searched on UJIIndoorLoc and chose by the error on its test split. Here `tutelage tune` searches the
same ranges on held-out reference points of the training split. The test split stays closed.
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
from tutelage.experiments.buildings import TITLES, available_buildings, default_sources
from tutelage.experiments.cells import Cell
from tutelage.experiments.compared_methods import KNN, WITH_MATCHER
from tutelage.experiments.executors import Executor
from tutelage.experiments.paper_tables import Request, validate_request
from tutelage.experiments.reproduce import make_teachers
from tutelage.experiments.result_files import TeacherFiles, exclusive_writing
from tutelage.experiments.table_grids import Grid, grid_lines
from tutelage.experiments.table_wording import (
    command_line,
    network_title,
)
from tutelage.files.atomic import atomic_file
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.paper.expert_training import Teacher
from tutelage.training import Budget, RunOptions
from tutelage.tuning import TrialRecord, study_trials, tune, write_search_report

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
    cell : Cell
        The configuration; its method is `paper`.
    request : Request
        The request of the user.
    trials : tuple of TrialRecord
        The trials in their order. The first has the published weights.
    """

    cell: Cell
    request: Request
    trials: tuple[TrialRecord, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each trial.

        Returns
        -------
        list of dict
            The columns of the CSV.
        """
        key = self.cell.key(NAME)
        shared = {name: key[name] for name in _KEY}
        return [shared | _row(number, trial) for number, trial in enumerate(self.trials)]

    def provenance(self) -> str:
        """Describe the command, the budget, and the scans that score a trial.

        Returns
        -------
        str
            The text.
        """
        cell = self.cell
        budget = cell.budget
        return (
            f"Made by `{command_line(NAME, self.request)}`, budget {budget}: {BUDGETS[budget].words}; "
            "the paper's ranges, searched by Bayesian optimisation with the `paper` recipe. "
            f"Target {TITLES[cell.target]}, {network_title(cell.network)}, teachers from "
            f"{' and '.join(TITLES[source] for source in cell.sources)}. "
            "A trial is scored on a fifth of the target's training reference points, held out; the test "
            "split stays closed. The paper chose by the error on the test split."
        )

    def page(self) -> str:
        """Write the search as Markdown, the best trials first.

        Returns
        -------
        str
            The page.
        """
        ranking = sorted(
            (trial.error_m, i) for i, trial in enumerate(self.trials) if trial.error_m is not None
        )
        place = 1 + [i for _, i in ranking].index(0)
        grid = Grid(
            ["trial", *_WEIGHTS.values(), "held-out error (m)"],
            [[str(i), *self._weights(i), f"{error_m:.2f}"] for error_m, i in ranking],
        )
        parts = [
            f"# {_TITLE}",
            self.provenance(),
            f"The published weights and margin (trial 0) have {self.trials[0].error_m:.2f} m here, place "
            f"{place} of {len(ranking)}; the best trial has {ranking[0][0]:.2f} m, the worst "
            f"{ranking[-1][0]:.2f} m. {len(self.trials) - len(ranking)} trials were stopped early, for doing "
            "worse than the median.",
            grid_lines(grid),
        ]
        return "\n\n".join(parts) + "\n"

    def _weights(self, trial: int) -> list[str]:
        settings = self.trials[trial].settings
        return [f"{settings[name]:g}" if name in settings else "-" for name in _WEIGHTS]


def search_weights(
    out: Path,
    executor: Executor,
    request: Request = Request(),  # noqa: B008 - frozen
    *,
    data_dir: str | Path | None = None,
    progress: bool = True,
) -> WeightSearch:
    """Search on one target with one network, and write appendix_a.csv, .md, .json and .html.

    An SQLite file beside them keeps finished trials, which do not run again.

    Parameters
    ----------
    out : Path
        Folder of results.
    executor : Executor
        The place where teachers are made. The trials follow from each other and run in this process.
    request : Request
        At most one target and one network, with sources and a budget. The default target is UJIIndoorLoc, as
        in the paper; the default network is the DNN.
    data_dir : path, optional
        Folder of the public data sets.
    progress : bool
        Whether to show progress bars.

    Returns
    -------
    WeightSearch
        The finished search.

    Raises
    ------
    UnknownNameError
        If a requested name does not exist.
    BadInputError
        If the request cannot be searched, or another command is writing in the folder.
    """
    cell = _cell(request, data_dir)
    with exclusive_writing(out):
        return _run_search(cell, out, executor, request, data_dir, progress)


def _run_search(
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
    n_updates = length.n_steps(len(survey.train), distilling_recipe("paper"))
    tune(
        survey,
        cell.network,
        spaces=("paper",),
        teachers=[Teacher.from_bytes(files.read(teacher)) for teacher in cell.teachers],
        settings=cell.settings,
        n_trials=_TRIALS.get(cell.budget, _MOST_TRIALS),
        study_file=study,
        run=RunOptions(budget=Budget(updates=n_updates), progress=progress),
    )
    search = WeightSearch(cell, request, tuple(study_trials(study)))
    _write(search, out)
    about = search.provenance().replace("`", "")
    write_search_report(study, out / f"{NAME}.html", title=_TITLE, about=about)
    return search


def _cell(request: Request, data_dir: str | Path | None) -> Cell:
    validate_request(request, ("paper",))
    for what, names in (("target", request.targets), ("network", request.networks)):
        if len(names) > 1:
            raise BadInputError(f"{NAME} searches on one {what} at a time; {', '.join(names)} were given")
    target = (request.targets or ("ujiindoorloc",))[0]
    network = (request.networks or ("dnn",))[0]
    if network in (KNN, *WITH_MATCHER):
        raise BadInputError(
            f"{NAME} searches weights of constraints, which {network} has not; name a network"
        )
    if request.n_seeds > 1:
        raise BadInputError(f"{NAME} is one search; leave the seeds out")
    available = available_buildings(data_dir)
    sources = request.sources or default_sources(target, available)
    for building in (target, *sources):
        if building not in available:
            raise BadInputError(
                f"the files of {building} are not here; tutelage data fetch {building} gets them"
            )
    return Cell(target, sources, network, "paper", request.budget or "standard", 1.0, seed=0)


def _row(number: int, trial: TrialRecord) -> dict[str, Any]:
    return {
        **{name: trial.settings.get(name, "") for name in _WEIGHTS},
        "trial": number,
        "held_out_mae_m": "" if trial.error_m is None else round(trial.error_m, 3),
        "ended": trial.ended,
    }


def _write(search: WeightSearch, out: Path) -> None:
    with (
        atomic_file(out / f"{NAME}.csv") as beside,
        beside.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(search.rows())
    plain = {"table": NAME, "command": command_line(NAME, search.request), "trials": search.rows()}
    for suffix, text in (("md", search.page()), ("json", json.dumps(plain, indent=1) + "\n")):
        with atomic_file(out / f"{NAME}.{suffix}") as beside:
            beside.write_text(text, encoding="utf-8")
