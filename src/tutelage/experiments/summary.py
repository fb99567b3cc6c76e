"""Summarise the finished cells of a table: groups of seeds, differences with intervals, sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tutelage.experiments.buildings import default_sources
from tutelage.experiments.cells import Cell
from tutelage.experiments.compared_methods import METHODS
from tutelage.experiments.groups import ScanErrors, SeedGroup, compare_groups
from tutelage.experiments.paper_figures import paper_figure
from tutelage.experiments.paper_tables import TABLES, Request, Table
from tutelage.experiments.result_files import Row
from tutelage.experiments.sentences import summary_sentences
from tutelage.experiments.unfinished import UnfinishedPart

__all__ = ["Summary", "summarise"]


@dataclass(frozen=True)
class Summary:
    """A table as its pages show it.

    Parameters
    ----------
    name : str
        Name of the table.
    table : Table
        The table.
    request : Request
        The requested part of it.
    groups : tuple of SeedGroup
        The groups in the order of the pages.
    teachers : tuple of Row
        The figures of the teachers that took part.
    scan_errors : callable
        Looks up the errors [n] on the test scans by a cell's hash.
    missing : tuple of str
        Targets whose files are not on this machine.
    unsourced : tuple of str
        Targets whose sources are not on this machine. The methods that need them are left out.
    sentences : tuple of str
        Sentences about the figures, generated from them.
    unfinished : tuple of UnfinishedPart
        What is left of a table at the paper's length.
    """

    name: str
    table: Table
    request: Request
    groups: tuple[SeedGroup, ...]
    teachers: tuple[Row, ...]
    scan_errors: ScanErrors
    missing: tuple[str, ...]
    unsourced: tuple[str, ...]
    sentences: tuple[str, ...]
    unfinished: tuple[UnfinishedPart, ...] = ()

    @property
    def budget(self) -> str:
        """Name of the requested budget, or of the table's own."""
        return self.request.budget or self.table.budget

    @property
    def places(self) -> list[tuple[str, float]]:
        """The targets and shares of the training data, in order."""
        return list(dict.fromkeys(group.place for group in self.groups))

    def share_within(self, group: SeedGroup) -> float | None:
        """Return the share of a group's test scans whose error is below the one that the table names.

        Parameters
        ----------
        group : SeedGroup
            One of the groups.

        Returns
        -------
        float or None
            The share over all seeds; a scan without a position is not within it. None where the errors were
            not kept, or the table names no error.
        """
        errors_m = [self.scan_errors(row["cell"]) for row in group.rows.values()]
        kept = [each for each in errors_m if each is not None]
        if not kept or not self.table.within_m:
            return None
        return float(np.mean(np.concatenate(kept) < self.table.within_m))

    def at(self, place: tuple[str, float]) -> list[SeedGroup]:
        """Return the groups of a place.

        Parameters
        ----------
        place : tuple of str and float
            Target and share of the training data.

        Returns
        -------
        list of SeedGroup
            The groups in the order of the pages.
        """
        return [group for group in self.groups if group.place == place]


def summarise(
    name: str,
    request: Request,
    finished: Iterable[tuple[Cell, Row]],
    teachers: Sequence[Row],
    scan_errors: ScanErrors,
    available: Collection[str],
) -> Summary:
    """Group the finished cells and compare each group with its controls.

    Parameters
    ----------
    name : str
        Name of the table.
    request : Request
        The requested part of it.
    finished : iterable of (Cell, Row)
        The cells with their figures.
    teachers : sequence of Row
        Figures of the teachers.
    scan_errors : callable
        Looks up the errors [n] on the test scans by a cell's hash, None where they were not kept.
    available : collection of str
        The buildings whose files are on this machine.

    Returns
    -------
    Summary
        The table for its pages.
    """
    table = TABLES[name]
    groups = compare_groups(_grouped(table, finished), scan_errors)
    targets = request.targets or table.targets_at(request.budget)
    missing = tuple(target for target in targets if target not in available)
    methods = [
        method
        for method in table.methods_at(request.budget)
        if not request.methods or method in request.methods
    ]
    needs_sources = any(METHODS[method].with_sources for method in methods if method in METHODS)
    unsourced = tuple(
        target
        for target in targets
        if needs_sources
        and target in available
        and not request.sources
        and not default_sources(target, available)
    )
    return Summary(
        name,
        table,
        request,
        tuple(groups),
        tuple(teachers),
        scan_errors,
        missing,
        unsourced,
        tuple(summary_sentences(groups)),
    )


def _grouped(table: Table, finished: Iterable[tuple[Cell, Row]]) -> list[SeedGroup]:
    cells: dict[tuple[object, ...], Cell] = {}
    rows: dict[tuple[object, ...], dict[int, Row]] = {}
    for cell, row in finished:
        key = (cell.target, cell.train_fraction, cell.network, cell.method, cell.sources)
        cells.setdefault(key, cell)
        rows.setdefault(key, {})[cell.seed] = row
    groups = [
        SeedGroup(cell, rows[key], paper_figure(table.paper_table, cell)) for key, cell in cells.items()
    ]
    # Places keep the order in which they come, and so do networks, methods and sources within a place.
    places = list(dict.fromkeys((group.cell.target, group.cell.train_fraction) for group in groups))
    networks = list(dict.fromkeys(group.cell.network for group in groups))
    order = {network: i for i, network in enumerate(networks)}
    return sorted(groups, key=lambda group: (places.index(group.place), order[group.cell.network]))
