"""List the cells of a table that are not finished, with what they will cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from statistics import mean
from typing import NamedTuple

from tutelage.experiments.budgets import table_budget
from tutelage.experiments.cells import Cell, TeacherCell
from tutelage.experiments.compared_methods import KNN, METHODS, WITH_MATCHER
from tutelage.experiments.paper_length import paper_updates
from tutelage.experiments.result_files import Row

__all__ = ["UnfinishedPart", "unfinished_parts"]

_TEACHERS = "teachers"
_WORDS = {
    "alone": "own data alone",
    "untrained": "untrained teachers",
    "sequential": "sequential transfer",
    "collective": "collective transfer",
    "trained": "trained teachers",
    "shuffled": "teachers of permuted locations",
}


class UnfinishedPart(NamedTuple):
    """Cells of one kind that are not finished.

    Parameters
    ----------
    building : str
        The target; for teachers, the source.
    fraction : float
        Share of the training scans.
    network : str
        Name of the network.
    what : str
        What is learnt, in words.
    n_cells : int
        Number of cells.
    updates : int
        Updates of one cell.
    hours : float or None
        Hours of all of them on one thread, by the seconds of finished cells; None if there are none.
    """

    building: str
    fraction: float
    network: str
    what: str
    n_cells: int
    updates: int
    hours: float | None


def unfinished_parts(
    cells: Iterable[Cell],
    finished: Collection[Cell],
    missing_teachers: Iterable[TeacherCell],
    rows: Iterable[Row],
    teacher_rows: Iterable[Row],
) -> tuple[UnfinishedPart, ...]:
    """List what is left of a table at the paper's length.

    Parameters
    ----------
    cells : iterable of Cell
        All cells of the table.
    finished : collection of Cell
        The finished ones.
    missing_teachers : iterable of TeacherCell
        Teachers that the other cells need and that are not made.
    rows : iterable of Row
        Figures of finished cells of any length, for their seconds.
    teacher_rows : iterable of Row
        Figures of teachers of any length, for their seconds.

    Returns
    -------
    tuple of UnfinishedPart
        The parts in the order of the cells, then the teachers.
    """
    left = Counter(_part(cell) for cell in cells if cell.network != KNN and cell not in finished)
    left.update(
        (each.source, 1.0, each.network, _TEACHERS, paper_updates(each.network, each.source))
        for each in missing_teachers
    )
    seconds = _seconds_an_update(rows, teacher_rows)
    return tuple(
        UnfinishedPart(
            building,
            fraction,
            network,
            _WORDS.get(kind, kind),
            n,
            updates,
            _hours(n * updates, seconds.get((network, kind))),
        )
        for (building, fraction, network, kind, updates), n in left.items()
    )


def _seconds_an_update(rows: Iterable[Row], teacher_rows: Iterable[Row]) -> dict[tuple[str, str], float]:
    """Give the mean seconds of an update on a processor, by network and kind of learning."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row["network"] in (KNN, *WITH_MATCHER) or (row["device"] or "cpu") != "cpu":
            continue
        method = METHODS[row["method"]]
        sources = row["sources"].split("+") if method.transfer else []
        updates = _stage_updates(row["network"], row["target"], float(row["train_fraction"]), row["budget"])
        updates += sum(_stage_updates(row["network"], source, 1.0, row["budget"]) for source in sources)
        key = row["network"], method.kind
        seconds.setdefault(key, []).append(float(row["train_seconds"]) / updates)
    for row in teacher_rows:
        if row["network"] not in WITH_MATCHER:
            updates = _stage_updates(row["network"], row["source"], 1.0, row["budget"])
            a_step = float(row["train_seconds"]) / updates
            seconds.setdefault((row["network"], _TEACHERS), []).append(a_step)
    return {key: mean(values) for key, values in seconds.items()}


def _stage_updates(network: str, building: str, fraction: float, budget: str) -> int:
    return table_budget(budget).updates(network) or paper_updates(network, building, fraction)


def _part(cell: Cell) -> tuple[str, float, str, str, int]:
    kind = cell.learning_method.kind
    return cell.target, cell.train_fraction, cell.network, kind, _updates(cell)


def _updates(cell: Cell) -> int:
    """Count the updates of a cell in the paper: of its target, and of each source of a transfer."""
    own = paper_updates(cell.network, cell.target, cell.train_fraction)
    sources = cell.sources if cell.learning_method.transfer else ()
    return own + sum(paper_updates(cell.network, source) for source in sources)


def _hours(updates: int, seconds_an_update: float | None) -> float | None:
    return None if seconds_an_update is None else updates * seconds_an_update / 3600
