"""The tables that `tutelage reproduce` makes.

Table NAME gives `NAME.csv` (a row a model and seed), `NAME_teachers.csv` (a row a teacher, where there are
any) and the page `NAME.md`. A finished cell is never run again, so the command can be stopped and started.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tutelage.errors import UnknownNameError
from tutelage.experiments import networks, spine
from tutelage.experiments.cells import CellFile, run_cells
from tutelage.experiments.models import FIGURES, KEY, QUALITY, TEACHER_KEY, Cell, ModelRun
from tutelage.files import replaced_file

__all__ = ["TABLES", "Table", "reproduce"]

Rows = Sequence[dict[str, str]]


@dataclass(frozen=True)
class Table:
    """A table of the project.

    Parameters
    ----------
    cells : what it holds
    page : rows, teachers and the budget's name to a Markdown page
    updates : of a stage, for each budget; None is the recipe's own length
    """

    cells: Callable[[], Iterator[Cell]]
    page: Callable[[Rows, Rows, str], str]
    updates: Mapping[str, int | None]


TABLES = {
    "spine": Table(spine.cells, spine.page, spine.UPDATES),
    "networks": Table(networks.cells, lambda rows, _, budget: networks.page(rows, budget), networks.UPDATES),
}


def reproduce(
    table: str,
    out: Path,
    *,
    budget: str = "standard",
    jobs: int = 1,
    data_dir: str | Path | None = None,
) -> tuple[str, list[dict[str, str]]]:
    """Run the cells that are not finished yet and write the table.

    Parameters
    ----------
    table : "spine" or "networks"
    out : folder for results
    budget : "standard" or "quick"
    jobs : cells at a time, each in a process with one thread; the figures do not depend on it
    data_dir : folder of public data sets

    Returns
    -------
    page, rows : the Markdown page, and the rows of this budget that it was made from

    Raises
    ------
    UnknownNameError
        If there is no such table or budget.
    """
    if table not in TABLES:
        raise UnknownNameError("table", table, TABLES)
    chosen = TABLES[table]
    if budget not in chosen.updates:
        raise UnknownNameError("budget", budget, chosen.updates)
    out.mkdir(parents=True, exist_ok=True)
    run = ModelRun(table, budget, chosen.updates[budget], out / "teachers", data_dir)
    cells = list(chosen.cells())
    results = CellFile(out / f"{table}.csv", KEY, (*KEY, *FIGURES))
    teachers = CellFile(out / f"{table}_teachers.csv", TEACHER_KEY, (*TEACHER_KEY, *QUALITY))
    taught = dict.fromkeys(cell for cell in cells if cell.method == "taught")
    if taught:
        run.teacher_dir.mkdir(exist_ok=True)
    run_cells("teachers", run.make_teacher, run.teacher_key, taught, teachers, jobs)
    run_cells("models", run.make_model, run.model_key, cells, results, jobs)
    rows, made = ([row for row in file.rows if row["budget"] == budget] for file in (results, teachers))
    page = chosen.page(rows, made, budget)
    with replaced_file(out / f"{table}.md") as beside:
        beside.write_text(page, encoding="utf-8")
    return page, rows
