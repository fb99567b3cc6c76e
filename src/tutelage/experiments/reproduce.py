"""Run the cells of a table that are not finished, and write the table: `tutelage reproduce`.

The hash of its configuration identifies a cell. A finished cell never runs again, so the command can be
stopped or killed at any time and started again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from tutelage.errors import BadInputError
from tutelage.experiments.budgets import PAPER_LENGTH
from tutelage.experiments.buildings import available_buildings
from tutelage.experiments.cell_work import FitJob, TeachJob, checkpoint_dir, fit_cell, teach_cell
from tutelage.experiments.cells import Cell, TeacherCell
from tutelage.experiments.executors import Executor
from tutelage.experiments.pages import write_pages
from tutelage.experiments.paper_tables import Request, find_table
from tutelage.experiments.planned_cells import plan_cells
from tutelage.experiments.result_files import Results, Row, TeacherFiles, exclusive_writing
from tutelage.experiments.summary import Summary, summarise
from tutelage.experiments.unfinished import unfinished_parts
from tutelage.training import clear_checkpoints

__all__ = ["make_teachers", "progress_bar", "reproduce"]


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
    name : str
        Name of the table.
    out : Path
        Folder of results. Cells of other tables there are copied where they are the same.
    executor : Executor
        The place where the cells run.
    request : Request
        Budget, targets, networks, methods, sources and seeds.
    data_dir : path, optional
        Folder of the public data sets.
    progress : bool
        Whether to show a progress bar on standard error.
    run : bool
        Whether to run the cells that are not finished. False only writes the pages.

    Returns
    -------
    Summary
        The finished cells, summarised as on the pages.

    Raises
    ------
    UnknownNameError
        If a requested name does not exist.
    BadInputError
        If the files of a source are missing, or another command is writing in the folder.
    FileFormatError
        If a file of results is damaged.
    """
    table = find_table(name, request)
    available = available_buildings(data_dir)
    if missing := [source for source in request.sources if source not in available]:
        raise BadInputError(
            f"the files of source {missing[0]} are not here; tutelage data fetch {missing[0]} gets them"
        )
    cells = list(plan_cells(table, request, available))
    with exclusive_writing(out):
        results = Results(out, name)
        teachers = TeacherFiles(out)
        folder = None if data_dir is None else str(data_dir)
        making = _TeacherMaking(teachers, executor, folder, out / "checkpoints")
        if run:
            _TableRun(making, results).all(cells, progress)
        rows: list[tuple[Cell, Row]] = [(cell, row) for cell in cells if (row := results.row(cell))]
        teacher_rows = teachers.rows(teacher for cell in cells for teacher in cell.teachers)
        summary = summarise(name, request, rows, teacher_rows, results.errors_m, available)
        if summary.budget == PAPER_LENGTH:
            done = {cell for cell, _ in rows}
            missing_teachers = making.missing(t for cell in cells if cell not in done for t in cell.teachers)
            parts = unfinished_parts(cells, done, missing_teachers, results.rows(), teachers.rows())
            summary = replace(summary, unfinished=parts)
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
    """Make the teachers whose files do not exist yet.

    Parameters
    ----------
    cells : sequence of TeacherCell
        The teachers.
    files : TeacherFiles
        Their files.
    executor : Executor
        The place where the training runs.
    data_dir : path or None
        Folder of the public data sets.
    progress : bool
        Whether to show a progress bar on standard error.
    """
    making = _TeacherMaking(files, executor, None if data_dir is None else str(data_dir))
    missing = making.missing(cells)
    with progress_bar(len(missing), progress) as (advance, report):
        making.make(missing, advance, report)


@dataclass(frozen=True)
class _TeacherMaking:
    files: TeacherFiles
    executor: Executor
    data_dir: str | None
    checkpoints: Path | None = None

    def missing(self, cells: Iterable[TeacherCell]) -> list[TeacherCell]:
        """List the teachers whose files do not exist yet, each once."""
        return [cell for cell in {cell.hash: cell for cell in cells}.values() if cell not in self.files]

    def make(
        self, cells: Sequence[TeacherCell], advance: Callable[[], None], report: Callable[[str], None]
    ) -> None:
        """Make teachers and write their files."""
        jobs = [
            TeachJob(cell, self.data_dir, checkpoint_dir(self.checkpoints, cell))
            for cell in _longest_first(cells)
        ]
        for job, taught in self.executor.results(teach_cell, jobs, report):
            self.files.add(job.cell, taught)
            clear_checkpoints(job.checkpoint_dir)
            advance()


@dataclass(frozen=True)
class _TableRun:
    teachers: _TeacherMaking
    results: Results

    def all(self, cells: Sequence[Cell], progress: bool) -> None:
        """Run the cells that are not finished, seed by seed; teachers are made once they are needed."""
        waiting = list({cell.hash: cell for cell in cells if self.results.row(cell) is None}.values())
        missing = self.teachers.missing(teacher for cell in waiting for teacher in cell.teachers)
        with progress_bar(len(waiting) + len(missing), progress) as (advance, report):
            for _, group in groupby(waiting, key=lambda cell: cell.seed):
                seed_cells = list(group)
                self._fit([cell for cell in seed_cells if not cell.teachers], advance, report)
                taught = [cell for cell in seed_cells if cell.teachers]
                needed = [teacher for cell in taught for teacher in cell.teachers]
                self.teachers.make(self.teachers.missing(needed), advance, report)
                self._fit(taught, advance, report)

    def _fit(self, cells: Sequence[Cell], advance: Callable[[], None], report: Callable[[str], None]) -> None:
        read = self.teachers.files.read
        data_dir, checkpoints = self.teachers.data_dir, self.teachers.checkpoints
        jobs = [
            FitJob(cell, tuple(map(read, cell.teachers)), data_dir, checkpoint_dir(checkpoints, cell))
            for cell in _longest_first(cells)
        ]
        for job, fitted in self.teachers.executor.results(fit_cell, jobs, report):
            self.results.add(job.cell, fitted)
            clear_checkpoints(job.checkpoint_dir)
            advance()


_AnyCell = TypeVar("_AnyCell", Cell, TeacherCell)
_ORDER = ("baat", "bayescnn", "cnnloc", "dnn", "knn")


def _longest_first(cells: Sequence[_AnyCell]) -> list[_AnyCell]:
    """Sort the longest cells to the front, so that none of them runs alone at the end."""
    return sorted(cells, key=lambda cell: _ORDER.index(cell.network) if cell.network in _ORDER else -1)


@contextmanager
def progress_bar(total: int, visible: bool) -> Iterator[tuple[Callable[[], None], Callable[[str], None]]]:
    """Show a bar of cells on standard error.

    Parameters
    ----------
    total : int
        Number of cells; for none there is no bar.
    visible : bool
        Whether to show it.

    Yields
    ------
    advance, report : callable
        Counts a finished cell; prints a sentence above the bar.
    """
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    # Cells end minutes apart, so the time left is estimated from all of them.
    with Progress(
        *columns, console=Console(stderr=True), disable=not visible or not total, speed_estimate_period=1e9
    ) as progress:
        bar = progress.add_task("cells", total=total)
        yield lambda: progress.advance(bar), lambda words: progress.console.print(words, style="yellow")
