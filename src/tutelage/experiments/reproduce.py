"""`tutelage reproduce`: run the cells of a table that are not finished, and write the table.

A cell is known by the hash of its configuration; a finished one is never run again, so the command can be
stopped, also hard, and started again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from tutelage.errors import BadInputError
from tutelage.experiments.buildings import buildings_here
from tutelage.experiments.cell_work import FitJob, TeachJob, fit_cell, teach_cell
from tutelage.experiments.cells import Cell, TeacherCell
from tutelage.experiments.executors import Executor
from tutelage.experiments.pages import write_pages
from tutelage.experiments.paper_tables import Request, chosen_table
from tutelage.experiments.planned_cells import cells_of
from tutelage.experiments.result_files import Results, Row, TeacherFiles, written_alone
from tutelage.experiments.summary import Summary, summarise

__all__ = ["make_teachers", "reproduce"]


def reproduce(
    name: str,
    out: Path,
    executor: Executor,
    request: Request = Request(),  # noqa: B008 - frozen
    *,
    data_dir: str | Path | None = None,
    progress: bool = True,
    run: bool = True,
) -> Summary:
    """Run what is not finished of a table, and write its pages.

    Parameters
    ----------
    name : of the table
    out : folder of results; the cells of other tables there are taken over where they are the same
    executor : where the cells run
    request : budget, targets, networks, methods, sources, seeds
    data_dir : folder of public data sets
    progress : show a progress bar on standard error
    run : False: write the pages of what is finished, and run nothing

    Returns
    -------
    What the finished cells say, as it stands on the pages too.

    Raises
    ------
    UnknownNameError, BadInputError, FileFormatError
        If something asked for does not exist, a file of results is not one, or another command is writing
        in the folder.
    """
    table = chosen_table(name, request)
    here = buildings_here(data_dir)
    if missing := [source for source in request.sources if source not in here]:
        raise BadInputError(
            f"the files of source {missing[0]} are not here; tutelage data fetch {missing[0]} gets them"
        )
    cells = list(cells_of(table, request, here))
    with written_alone(out):
        results, teachers = Results(out, name), TeacherFiles(out)
        if run:
            where = None if data_dir is None else str(data_dir)
            _Run(executor, results, teachers, where).all(cells, progress)
        rows: list[tuple[Cell, Row]] = [(cell, row) for cell in cells if (row := results.row(cell))]
        made = teachers.rows(teacher for cell in cells for teacher in cell.teachers)
        summary = summarise(name, request, rows, made, results.errors_m, here)
        write_pages(summary, out)
    return summary


def make_teachers(
    cells: Sequence[TeacherCell],
    files: TeacherFiles,
    executor: Executor,
    *,
    data_dir: str | Path | None,
    progress: bool,
) -> None:
    """Make those of the teachers that are not there yet."""
    missing = [cell for cell in cells if cell not in files]
    with _progress_bar(len(missing), progress) as (advance, report):
        _teach(missing, files, executor, None if data_dir is None else str(data_dir), advance, report)


def _teach(
    cells: Sequence[TeacherCell],
    files: TeacherFiles,
    executor: Executor,
    data_dir: str | None,
    advance: Callable[[], None],
    report: Callable[[str], None],
) -> None:
    jobs = [TeachJob(cell, data_dir) for cell in _longest_first(cells)]
    for job, taught in executor.results(teach_cell, jobs, report):
        files.add(job.cell, taught)
        advance()


@dataclass(frozen=True)
class _Run:
    executor: Executor
    results: Results
    teachers: TeacherFiles
    data_dir: str | None

    def all(self, cells: Sequence[Cell], progress: bool) -> None:
        """Run the cells that are not finished, teachers first, seed by seed."""
        waiting = list({cell.hash: cell for cell in cells if self.results.row(cell) is None}.values())
        missing = self._missing_teachers(waiting)
        with _progress_bar(len(waiting) + len(missing), progress) as (advance, report):
            for _, group in groupby(waiting, key=lambda cell: cell.seed):
                of_seed = list(group)
                teachers = self._missing_teachers(of_seed)
                _teach(teachers, self.teachers, self.executor, self.data_dir, advance, report)
                self._fit(of_seed, advance, report)

    def _missing_teachers(self, cells: Sequence[Cell]) -> list[TeacherCell]:
        needed = {teacher.hash: teacher for cell in cells for teacher in cell.teachers}
        return [teacher for teacher in needed.values() if teacher not in self.teachers]

    def _fit(self, cells: Sequence[Cell], advance: Callable[[], None], report: Callable[[str], None]) -> None:
        jobs = [
            FitJob(cell, tuple(map(self.teachers.read, cell.teachers)), self.data_dir)
            for cell in _longest_first(cells)
        ]
        for job, fitted in self.executor.results(fit_cell, jobs, report):
            self.results.add(job.cell, fitted)
            advance()


_AnyCell = TypeVar("_AnyCell", Cell, TeacherCell)
_ORDER = ("baat", "bayescnn", "cnnloc", "dnn", "knn")


def _longest_first(cells: Sequence[_AnyCell]) -> list[_AnyCell]:
    """What takes longest first, so that no process is left alone with it at the end."""
    return sorted(cells, key=lambda cell: _ORDER.index(cell.network) if cell.network in _ORDER else -1)


@contextmanager
def _progress_bar(total: int, visible: bool) -> Iterator[tuple[Callable[[], None], Callable[[str], None]]]:
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    # Cells are minutes apart: the time left is told from all of them.
    with Progress(
        *columns, console=Console(stderr=True), disable=not visible or not total, speed_estimate_period=1e9
    ) as progress:
        bar = progress.add_task("cells", total=total)
        yield lambda: progress.advance(bar), lambda words: progress.console.print(words, style="yellow")
