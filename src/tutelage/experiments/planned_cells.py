"""Plan the cells of a table."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import combinations, groupby, product

from tutelage.experiments.budgets import PAPER_LENGTH, table_budget
from tutelage.experiments.buildings import default_sources, matcher_sources
from tutelage.experiments.cells import UNTRAINED, Cell
from tutelage.experiments.compared_methods import BLEND, BOUND, KNN, MATCHER_METHODS, METHODS, WITH_MATCHER
from tutelage.experiments.paper_tables import PAPER_NETWORKS, Request, Table
from tutelage.networks import network_spec

__all__ = ["plan_cells"]


def plan_cells(table: Table, request: Request, available: Collection[str]) -> Iterator[Cell]:
    """Yield the requested cells, seed by seed, so that a stopped run has whole seeds.

    At the paper's length, where a teacher takes hours, all cells without teachers of a network on a target
    come before those with them.

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
    if budget == PAPER_LENGTH and table.at_paper_length:
        yield from dict.fromkeys(_long_cells(table, request, available))  # parts share the cells of k-NN
        return
    targets = request.targets or table.targets_at(budget)
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


def _long_cells(table: Table, request: Request, available: Collection[str]) -> Iterator[Cell]:
    """Yield the cells at the paper's length, part by part, and the cheapest stage of a part first."""
    for part in table.at_paper_length:
        is_asked = part.target in (request.targets or (part.target,))
        is_asked &= part.network in (request.networks or (part.network,))
        if not is_asked or part.target not in available:
            continue
        with_methods = replace(table, methods=part.methods)
        variants = _variants(with_methods, request, part.target, part.network, available)
        own = [(part.network, method, sources) for method, sources in variants]
        stages = groupby(sorted([(KNN, "none", ()), *own], key=_stage), key=_stage)
        seeds = range(request.n_seeds or part.n_seeds)
        for variant_list in [list(variants_of_stage) for _, variants_of_stage in stages]:
            for seed, fraction, (network, method, sources) in product(seeds, part.fractions, variant_list):
                yield Cell(part.target, sources, network, method, PAPER_LENGTH, fraction, seed)


def _stage(variant: tuple[str, str, tuple[str, ...]]) -> int:
    """Sort by cost: the target's data alone, then a transfer, then teachers."""
    network, method, _ = variant
    learning_method = METHODS[method]
    if network == KNN:
        return 0
    return 3 if learning_method.with_teacher_files else 2 if learning_method.transfer else 1


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
