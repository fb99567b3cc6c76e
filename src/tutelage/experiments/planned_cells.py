"""From a table and what is asked of it to its cells, one after another."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations

from tutelage.experiments.budgets import table_budget
from tutelage.experiments.buildings import TARGETS, sources_of, sources_of_matcher
from tutelage.experiments.cells import UNTRAINED, Cell
from tutelage.experiments.compared_methods import BLEND, BOUND, KNN, METHODS, SCORED, WITH_MATCHER
from tutelage.experiments.paper_tables import PAPER_NETWORKS, Request, Table
from tutelage.networks import network_spec

__all__ = ["cells_of"]


def cells_of(table: Table, request: Request, here: Collection[str]) -> Iterator[Cell]:
    """The cells asked for, seed by seed, so that a stopped run has whole seeds.

    Parameters
    ----------
    table, request : as `chosen_table` checked them
    here : buildings whose files are here; other targets are left out, and methods that need other sources
    """
    budget = request.budget or table.budget
    targets = request.targets or tuple(target for target in TARGETS if target in table.plan)
    planned = [
        (target, network, n_seeds)
        for target in targets
        if target in here
        for network, n_seeds in _networks(table, request, target, budget).items()
    ]
    for seed in range(max((n for *_, n in planned), default=0)):
        for target, network, n_seeds in planned:
            if seed >= n_seeds:
                continue
            for fraction in table.fractions.get(target, (1.0,)):
                for method, sources in _variants(table, request, target, network, here):
                    if method == BOUND and seed:
                        continue  # nothing of it is drawn
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
    """Networks for a target with their numbers of seeds, k-NN first."""
    own = table_budget(budget).n_seeds
    planned = table.plan.get(target, dict.fromkeys(PAPER_NETWORKS, 0))
    names = request.networks or tuple(planned)
    # A plan's seeds are those of its budget; a quick look has fewer.
    counts = {name: request.n_seeds or _fewest(planned.get(name, 0), own, table, budget) for name in names}
    return {KNN: max(counts.values(), default=0)} | counts


def _fewest(planned: int, own: int, table: Table, budget: str) -> int:
    if not planned:
        return own
    return planned if budget == table.budget else min(planned, own)


def _variants(
    table: Table, request: Request, target: str, network: str, here: Collection[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Methods, each with the sources that it takes."""
    if network == KNN:
        yield "none", ()
        if table.bound:
            yield BOUND, ()
        return
    if network in WITH_MATCHER:
        yield from _scored(table, request, target, network)
        return
    given = tuple(source for source in request.sources if source != target)
    sources = given if request.sources else sources_of(target, here)
    numbers = range(1, len(sources) + 1) if table.subsets else (len(sources),)
    subsets = [subset for n in numbers if n for subset in combinations(sources, n)]
    for method in table.methods:
        how = METHODS[method]
        if request.methods and method not in request.methods:
            continue
        if how.needs_functional_information and network_spec(network).no_functional_information:
            continue
        if how.kind == "alone":
            yield method, ()
        elif how.kind == UNTRAINED:
            yield from ((method, (UNTRAINED,) * n) for n in dict.fromkeys(map(len, subsets)) or (2,))
        elif how.from_target:
            yield from ((method, (target,) * n) for n in dict.fromkeys(map(len, subsets)) or (2,))
        else:
            for subset in subsets:
                # From one source both kinds of transfer are the same.
                if not (how.kind == "collective" and len(subset) == 1 and table.subsets):
                    yield method, subset


def _scored(
    table: Table, request: Request, target: str, network: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The same for matcher and blend, whose teacher learns in all sources at once."""
    sources = tuple(s for s in request.sources if s != target) or sources_of_matcher(target)
    for method in table.scored:
        if request.methods and method not in request.methods:
            continue
        kind = SCORED[method].kind
        if network == BLEND and kind == UNTRAINED:
            continue  # its network would be all of it
        yield method, () if kind == "alone" else (UNTRAINED,) if kind == UNTRAINED else sources
