"""List the cells of a table that are not finished, with what they will cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import mean
from typing import NamedTuple

from tutelage.experiments.cells import Cell, TeacherCell
from tutelage.experiments.compared_methods import KNN
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
        Hours of all of them on one thread, by the finished cells of the kind; None if there are none.
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
    finished: Sequence[tuple[Cell, Row]],
    missing_teachers: Iterable[TeacherCell],
    teacher_rows: Iterable[Row],
) -> tuple[UnfinishedPart, ...]:
    """List what is left of a table at the paper's length.

    Parameters
    ----------
    cells : iterable of Cell
        All cells of the table.
    finished : sequence of (Cell, Row)
        The finished ones.
    missing_teachers : iterable of TeacherCell
        Teachers that the other cells need and that are not made.
    teacher_rows : iterable of Row
        Figures of the teachers that were made.

    Returns
    -------
    tuple of UnfinishedPart
        The parts in the order of the cells, then the teachers.
    """
    done = {cell for cell, _ in finished}
    left = Counter(_part(cell) for cell in cells if cell.network != KNN and cell not in done)
    left.update(
        (each.source, 1.0, each.network, _TEACHERS, paper_updates(each.network, each.source))
        for each in missing_teachers
    )
    seconds = _seconds_an_update(finished, teacher_rows)
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


def _seconds_an_update(
    finished: Sequence[tuple[Cell, Row]], teacher_rows: Iterable[Row]
) -> dict[tuple[str, str], float]:
    seconds: dict[tuple[str, str], list[float]] = {}
    for cell, row in finished:
        if cell.network != KNN:
            key = cell.network, cell.learning_method.kind
            seconds.setdefault(key, []).append(float(row["train_seconds"]) / _updates(cell))
    for row in teacher_rows:
        updates = paper_updates(row["network"], row["source"])
        seconds.setdefault((row["network"], _TEACHERS), []).append(float(row["train_seconds"]) / updates)
    return {key: mean(values) for key, values in seconds.items()}


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
