"""A table as its pages show it: groups of seeds, differences with intervals, sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tutelage.experiments.buildings import TARGETS, sources_of
from tutelage.experiments.cells import Cell
from tutelage.experiments.compared_methods import METHODS
from tutelage.experiments.groups import ErrorsOf, Group, compared
from tutelage.experiments.paper_tables import TABLES, Request, Table
from tutelage.experiments.printed import printed
from tutelage.experiments.result_files import Row
from tutelage.experiments.sentences import sentences_of

__all__ = ["Summary", "summarise"]


@dataclass(frozen=True)
class Summary:
    """A table as its pages show it.

    Parameters
    ----------
    name, table : which
    request : what was asked of it
    groups : in the order of the pages
    teachers : rows of the teachers that took part
    errors_of : errors on the test scans by a cell's hash
    missing : targets whose files are not here
    unsourced : targets that are here without their sources: the methods that need them are left out
    sentences : what the figures say, generated from them
    """

    name: str
    table: Table
    request: Request
    groups: tuple[Group, ...]
    teachers: tuple[Row, ...]
    errors_of: ErrorsOf
    missing: tuple[str, ...]
    unsourced: tuple[str, ...]
    sentences: tuple[str, ...]

    @property
    def budget(self) -> str:
        """The one that was asked for, or the table's own."""
        return self.request.budget or self.table.budget

    @property
    def places(self) -> list[tuple[str, float]]:
        """Targets and shares of the training data, in order."""
        return list(dict.fromkeys(group.place for group in self.groups))

    def at(self, place: tuple[str, float]) -> list[Group]:
        """The groups of a place."""
        return [group for group in self.groups if group.place == place]


def summarise(
    name: str,
    request: Request,
    finished: Iterable[tuple[Cell, Row]],
    teachers: Sequence[Row],
    errors_of: ErrorsOf,
    here: Collection[str],
) -> Summary:
    """Groups of the finished cells, each against its controls.

    Parameters
    ----------
    name, request : of the table
    finished : cells with their figures
    teachers : figures of the teachers
    errors_of : errors [n] on the test scans by a cell's hash, None where they were not kept
    here : buildings whose files are here
    """
    table = TABLES[name]
    groups = compared(_grouped(table, finished), errors_of)
    wanted = request.targets or tuple(target for target in TARGETS if target in table.plan)
    missing = tuple(target for target in wanted if target not in here)
    asked = [method for method in table.methods if not request.methods or method in request.methods]
    needed = any(METHODS[method].with_sources for method in asked)
    unsourced = tuple(
        target
        for target in wanted
        if needed and target in here and not request.sources and not sources_of(target, here)
    )
    return Summary(
        name,
        table,
        request,
        tuple(groups),
        tuple(teachers),
        errors_of,
        missing,
        unsourced,
        tuple(sentences_of(groups)),
    )


def _grouped(table: Table, finished: Iterable[tuple[Cell, Row]]) -> list[Group]:
    cells: dict[tuple[object, ...], Cell] = {}
    rows: dict[tuple[object, ...], dict[int, Row]] = {}
    for cell, row in finished:
        key = (cell.target, cell.train_fraction, cell.network, cell.method, cell.sources)
        cells.setdefault(key, cell)
        rows.setdefault(key, {})[cell.seed] = row
    groups = [Group(cell, rows[key], printed(table.printed, cell)) for key, cell in cells.items()]
    # Targets and shares together, as they come; within them networks, methods and sources as they come.
    places = list(dict.fromkeys((group.cell.target, group.cell.train_fraction) for group in groups))
    networks = list(dict.fromkeys(group.cell.network for group in groups))
    order = {network: i for i, network in enumerate(networks)}
    return sorted(groups, key=lambda group: (places.index(group.place), order[group.cell.network]))
