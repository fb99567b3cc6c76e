"""Compare surrogate teachers on their own: what a generator holds of its source building.

The paper gives no value for b2, the weight of the generator's error in Algorithm 2. What a teacher learns
depends on it, on the unit of that error, and on whether the generator knows a place.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

from tutelage.errors import BadInputError
from tutelage.experiments.budgets import table_budget
from tutelage.experiments.buildings import available_buildings
from tutelage.experiments.cell_work import TeachJob, checkpoint_dir, teach_cell
from tutelage.experiments.cells import TeacherCell
from tutelage.experiments.compared_methods import KNN, WITH_MATCHER
from tutelage.experiments.executors import Executor
from tutelage.experiments.generator_page import (
    BUDGET,
    NAME,
    SETTINGS,
    GeneratorComparison,
    write_comparison,
)
from tutelage.experiments.paper_tables import Request, validate_request
from tutelage.experiments.reproduce import progress_bar
from tutelage.experiments.result_files import CellFile, exclusive_writing
from tutelage.paper.expert_training import Quality
from tutelage.training import clear_checkpoints

__all__ = ["NAME", "compare_generators", "plan_teachers"]

_SOURCES = ("tampere", "tut6", "dsi1")
_N_SEEDS = 3
_KEY = ("experiment", "source", "network", *SETTINGS, "budget", "seed")
_COLUMNS = (*_KEY, *Quality.model_fields, "train_seconds", "commit", "cell")


def compare_generators(
    out: Path,
    executor: Executor,
    request: Request = Request(),  # noqa: B008 - frozen
    *,
    data_dir: str | Path | None = None,
    progress: bool = True,
    run: bool = True,
) -> GeneratorComparison:
    """Make the teachers that are not finished, and write generators.csv and its pages.

    A finished teacher keeps its row and is not made again; the teachers themselves are not kept.

    Parameters
    ----------
    out : Path
        Folder of results.
    executor : Executor
        The place where the teachers are made.
    request : Request
        Budget, networks, sources and seeds. By default the DNN on Tampere, TUT6 and DSI1, three seeds.
    data_dir : path, optional
        Folder of the public data sets.
    progress : bool
        Whether to show a progress bar on standard error.
    run : bool
        Whether to make what is not finished. False only writes the pages.

    Returns
    -------
    GeneratorComparison
        The finished teachers.

    Raises
    ------
    UnknownNameError, BadInputError
        If the request cannot be made, or another command is writing in the folder.
    """
    cells = plan_teachers(request, data_dir)
    with exclusive_writing(out):
        file = CellFile(out / f"{NAME}.csv", _KEY, _COLUMNS)
        waiting = [cell for cell in cells if run and file.find(cell.hash) is None]
        folder = None if data_dir is None else str(data_dir)
        jobs = [TeachJob(cell, folder, checkpoint_dir(out / "checkpoints", cell)) for cell in waiting]
        with progress_bar(len(jobs), progress) as (advance, report):
            for job, taught in executor.results(teach_cell, jobs, report):
                missing = dict.fromkeys(Quality.model_fields, "")
                file.add({**missing, **_key(job.cell), **taught.figures, "cell": job.cell.hash})
                clear_checkpoints(job.checkpoint_dir)
                advance()
        rows = tuple(row for cell in cells if (row := file.find(cell.hash)))
        comparison = GeneratorComparison(request, rows)
        write_comparison(comparison, out)
    return comparison


def plan_teachers(request: Request, data_dir: str | Path | None = None) -> list[TeacherCell]:
    """List the teachers of a request, seed by seed.

    Parameters
    ----------
    request : Request
        Budget, networks, sources and seeds.
    data_dir : path, optional
        Folder of the public data sets.

    Returns
    -------
    list of TeacherCell
        Without the default sources whose files are not here.

    Raises
    ------
    UnknownNameError, BadInputError
        If a name does not exist, has no teachers, or its files are missing.
    """
    if request.targets or request.methods:
        raise BadInputError(
            f"{NAME} has neither targets nor methods; name the buildings that the teachers learn by --sources"
        )
    validate_request(request, ())
    for network in request.networks:
        if network in (KNN, *WITH_MATCHER):
            raise BadInputError(f"{network} has no surrogate teachers; name a network")
    available = available_buildings(data_dir)
    if missing := [source for source in request.sources if source not in available]:
        raise BadInputError(
            f"the files of source {missing[0]} are not here; tutelage data fetch {missing[0]} gets them"
        )
    sources = request.sources or tuple(source for source in _SOURCES if source in available)
    budget = request.budget or BUDGET
    n_seeds = request.n_seeds or min(_N_SEEDS, table_budget(budget).n_seeds)
    return [
        TeacherCell(
            source, network, "default", False, budget, seed, tuple(zip(SETTINGS, values, strict=True))
        )
        for seed in range(n_seeds)
        for source, network, *values in product(sources, request.networks or ("dnn",), *SETTINGS.values())
    ]


def _key(cell: TeacherCell) -> dict[str, Any]:
    own = {name: getattr(cell, name) for name in ("source", "network", "budget", "seed")}
    return {"experiment": NAME, **own, **dict(cell.settings)}
