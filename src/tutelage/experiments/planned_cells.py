"""Plan the cells of a table."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations

from tutelage.experiments.budgets import table_budget
from tutelage.experiments.buildings import TARGETS, default_sources, matcher_sources
from tutelage.experiments.cells import UNTRAINED, Cell
from tutelage.experiments.compared_methods import BLEND, BOUND, KNN, MATCHER_METHODS, METHODS, WITH_MATCHER
from tutelage.experiments.paper_tables import PAPER_NETWORKS, Request, Table
from tutelage.networks import network_spec

__all__ = ["plan_cells"]


def plan_cells(table: Table, request: Request, available: Collection[str]) -> Iterator[Cell]:
    """Yield the requested cells, seed by seed, so that a stopped run has whole seeds.

    Parameters
    ----------
    table : Table
        A table from `find_table`.
    request : Request
        The requested part of the table, checked by `find_table`.
    available : collection of str
        Buildings whose files are on this machine. Other targets are left out, and so are methods that need
        other sources.

    Yields
    ------
    Cell
        The next cell.
    """
    budget = request.budget or table.budget
    targets = request.targets or tuple(target for target in TARGETS if target in table.plan)
    planned = [
        (target, network, n_seeds)
        for target in targets
        if target in available
        for network, n_seeds in _networks(table, request, target, budget).items()
    ]
    for seed in range(max((n for *_, n in planned), default=0)):
        for target, network, n_seeds in planned:
            if seed >= n_seeds:
                continue
            for fraction in table.fractions.get(target, (1.0,)):
                for method, sources in _variants(table, request, target, network, available):
                    if method == BOUND and seed:
                        continue  # its seeds would all be the same
                    yield Cell(
                        target,
                        sources,
                        network,
                        method,
                        budget,
                        fraction,
                        seed,
                        table.whole_points,
                        table.held_out,
                    )


def _networks(table: Table, request: Request, target: str, budget: str) -> dict[str, int]:
    """Return the networks for a target with their numbers of seeds, k-NN first."""
    budget_seeds = table_budget(budget).n_seeds
    planned = table.plan.get(target, dict.fromkeys(PAPER_NETWORKS, 0))
    names = request.networks or tuple(planned)
    # A plan's seeds are those of its budget; a quick look has fewer.
    counts = {
        name: request.n_seeds or _fewest(planned.get(name, 0), budget_seeds, table, budget) for name in names
    }
    return {KNN: max(counts.values(), default=0)} | counts


def _fewest(planned: int, budget_seeds: int, table: Table, budget: str) -> int:
    if not planned:
        return budget_seeds
    return planned if budget == table.budget else min(planned, budget_seeds)


def _variants(
    table: Table, request: Request, target: str, network: str, available: Collection[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the methods, each with its sources."""
    if network == KNN:
        yield "none", ()
        if table.bound:
            yield BOUND, ()
        return
    if network in WITH_MATCHER:
        yield from _matcher_variants(table, request, target, network)
        return
    other_buildings = tuple(source for source in request.sources if source != target)
    sources = other_buildings if request.sources else default_sources(target, available)
    numbers = range(1, len(sources) + 1) if table.subsets else (len(sources),)
    subsets = [subset for n in numbers if n for subset in combinations(sources, n)]
    for method in table.methods:
        learning_method = METHODS[method]
        if request.methods and method not in request.methods:
            continue
        if learning_method.needs_functional_information and network_spec(network).no_functional_information:
            continue
        if learning_method.kind == "alone":
            yield method, ()
        elif learning_method.kind == UNTRAINED:
            yield from ((method, (UNTRAINED,) * n) for n in dict.fromkeys(map(len, subsets)) or (2,))
        elif learning_method.from_target:
            yield from ((method, (target,) * n) for n in dict.fromkeys(map(len, subsets)) or (2,))
        else:
            for subset in subsets:
                # From one source both kinds of transfer are the same.
                if not (learning_method.kind == "collective" and len(subset) == 1 and table.subsets):
                    yield method, subset


def _matcher_variants(
    table: Table, request: Request, target: str, network: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the methods of a matcher or a blend. Its teacher learns in all sources at once."""
    sources = tuple(s for s in request.sources if s != target) or matcher_sources(target)
    for method in table.matcher_methods:
        if request.methods and method not in request.methods:
            continue
        kind = MATCHER_METHODS[method].kind
        if network == BLEND and kind == UNTRAINED:
            continue  # the blend would be its network alone
        yield method, () if kind == "alone" else (UNTRAINED,) if kind == UNTRAINED else sources
