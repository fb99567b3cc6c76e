"""The plans of the tables: nothing is left out, nothing leaks from the target into its sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.data.surveys import shareable_names
from tutelage.experiments.budgets import BUDGETS, PAPER_LENGTH
from tutelage.experiments.buildings import OTHER_SOURCES, PAPER_SOURCES, TARGETS
from tutelage.experiments.cells import UNTRAINED, Cell
from tutelage.experiments.compared_methods import (
    BOUND,
    COMMON_METHODS,
    KNN,
    MATCHER_METHODS,
    METHODS,
    OPTIONS,
    WITH_MATCHER,
)
from tutelage.experiments.paper_length import paper_updates, share_of_paper_length
from tutelage.experiments.paper_tables import PAPER_NETWORKS, TABLES, Request, find_table
from tutelage.experiments.planned_cells import plan_cells
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distilling_recipe

EVERYWHERE = frozenset(TARGETS)
WITHOUT_UTS = EVERYWHERE - {"utsindoorloc"}
OF_PAPER = ("table1", "table2", "table3", "table4")
CAMPUS = {"tampere": "Tampere", "tut6": "Tampere", "ujiindoorloc": "Jaume I", "uji_library": "Jaume I"}

every_table = pytest.mark.parametrize("name", TABLES)
with_and_without_uts = pytest.mark.parametrize(
    "here", [EVERYWHERE, WITHOUT_UTS], ids=["all here", "without uts"]
)


def planned(name: str, request: Request = Request(), here: Collection[str] = WITHOUT_UTS) -> list[Cell]:  # noqa: B008
    return list(plan_cells(find_table(name, request), request, here))


def sources_by_method(cells: list[Cell], target: str) -> dict[str, list[tuple[str, ...]]]:
    """Of the first seed and a network, each method's sources in order."""
    sources: dict[str, list[tuple[str, ...]]] = {}
    for cell in cells:
        if cell.target == target and cell.network != KNN and cell.seed == 0:
            sources.setdefault(cell.method, []).append(cell.sources)
    return sources


def counted_seeds(cells: list[Cell]) -> Counter[tuple[str, str, str]]:
    """How many seeds each target, network and method has."""
    return Counter((cell.target, cell.network, cell.method) for cell in cells)


@pytest.mark.parametrize("name", OF_PAPER)
@with_and_without_uts
def test_every_network_of_the_paper_has_every_method_and_knn_beside_it(
    name: str, here: Collection[str]
) -> None:
    cells = planned(name, here=here)
    methods: dict[tuple[str, str, float, int], set[str]] = {}
    for cell in cells:
        methods.setdefault((cell.target, cell.network, cell.train_fraction, cell.seed), set()).add(
            cell.method
        )
    network_methods = {key: names for key, names in methods.items() if key[1] != KNN}
    assert network_methods
    for names in network_methods.values():
        assert names == set(TABLES[name].methods)
        assert names >= set(COMMON_METHODS)
    beside = [(*key[:1], *key[2:]) for key in methods if key[1] == KNN]
    assert set(beside) == {(target, share, seed) for target, _, share, seed in network_methods}


@every_table
def test_knn_stands_once_beside_each_target_share_and_seed(name: str) -> None:
    cells = planned(name, here=EVERYWHERE)
    knn = Counter(
        (c.target, c.train_fraction, c.seed) for c in cells if c.network == KNN and c.method != BOUND
    )
    assert set(knn.values()) == {1}
    assert set(knn) == {(c.target, c.train_fraction, c.seed) for c in cells if c.network != KNN}
    bound = {(BOUND, ())} if TABLES[name].bound else set()
    assert {(c.method, c.sources) for c in cells if c.network == KNN} == {("none", ())} | bound
    assert all(c.seed == 0 for c in cells if c.method == BOUND)


@every_table
@with_and_without_uts
def test_no_cell_comes_twice_and_seeds_come_in_order(name: str, here: Collection[str]) -> None:
    for budget in BUDGETS:
        cells = planned(name, Request(budget=budget), here)
        assert len(cells) == len(set(cells)) == len({tuple(cell.key(name).values()) for cell in cells})
        if budget != PAPER_LENGTH or not TABLES[name].at_paper_length:
            seeds = [seed for seed, _ in groupby(cells, key=lambda cell: cell.seed)]
            assert seeds == list(range(len(seeds)))
        assert {cell.budget for cell in cells} == {budget}


@every_table
@with_and_without_uts
def test_sources_are_neither_the_target_nor_of_its_campus(name: str, here: Collection[str]) -> None:
    # Every target there is, also those that no plan names.
    for cell in planned(name, Request(targets=TARGETS, networks=("dnn",), n_seeds=1), here):
        if cell.learning_method.from_target:
            assert set(cell.sources) == {cell.target}
            continue
        assert len(set(cell.sources)) == len(cell.sources) or set(cell.sources) == {UNTRAINED}
        for source in set(cell.sources) - {UNTRAINED}:
            assert source in here
            assert source != cell.target
            assert CAMPUS.get(source, source) != CAMPUS.get(cell.target, cell.target)


def test_every_target_has_sources_of_other_campuses() -> None:
    assert OTHER_SOURCES.keys() | {"utsindoorloc"} == set(TARGETS)
    assert all("utsindoorloc" not in sources for sources in OTHER_SOURCES.values())
    for target, sources in (*PAPER_SOURCES.items(), *OTHER_SOURCES.items()):
        assert len(set(sources)) == 2
        campuses = {CAMPUS.get(name, name) for name in sources}
        assert CAMPUS.get(target, target) not in campuses, (target, sources)


def test_sources_are_those_of_the_paper_where_all_are_here() -> None:
    def used(here: Collection[str]) -> dict[str, set[tuple[str, ...]]]:
        sources: dict[str, set[tuple[str, ...]]] = {}
        for cell in planned("table1", here=here):
            if cell.method in ("sequential", "default", "shuffled_paper"):
                sources.setdefault(cell.target, set()).add(cell.sources)
        return sources

    papers = {
        "ujiindoorloc": {("utsindoorloc", "tampere")},
        "utsindoorloc": {("ujiindoorloc", "tampere")},
        "tampere": {("ujiindoorloc", "utsindoorloc")},
    }
    others = {"tut6": {("ujiindoorloc", "dsi1")}, "dsi1": {("ujiindoorloc", "tampere")}}
    assert used(EVERYWHERE) == papers | others
    instead = {"ujiindoorloc": {("tampere", "tut6")}, "tampere": {("ujiindoorloc", "dsi1")}}
    assert used(WITHOUT_UTS) == instead | others


@every_table
def test_no_building_stands_in_for_one_that_is_not_here(name: str) -> None:
    assert planned(name, Request(targets=("utsindoorloc",))) == []
    wanted = planned(name, Request(targets=("utsindoorloc",), networks=("dnn",)), EVERYWHERE)
    assert {cell.target for cell in wanted} == {"utsindoorloc"}
    in_plan = {target for target in TABLES[name].plan if target in WITHOUT_UTS}
    assert {cell.target for cell in planned(name)} == in_plan
    assert all("utsindoorloc" not in cell.sources for cell in planned(name))


def test_standard_plan_of_table1_has_the_seeds_that_its_comparisons_need() -> None:
    request = Request(budget="standard")
    assert planned("table1", request) == planned("table1")
    seeds = counted_seeds(planned("table1", request))
    assert all(seeds[target, KNN, "none"] >= 5 for target in ("ujiindoorloc", "tampere", "tut6", "dsi1"))
    for method in COMMON_METHODS:
        for target in ("tampere", "tut6", "dsi1"):
            assert all(seeds[target, network, method] >= 5 for network in ("dnn", "cnnloc", "bayescnn"))
        assert seeds["tampere", "baat", method] >= 5
        assert all(seeds["ujiindoorloc", network, method] >= 5 for network in ("dnn", "cnnloc"))


@every_table
def test_quick_look_has_one_seed(name: str) -> None:
    quick = planned(name, Request(budget="quick"), EVERYWHERE)
    ours = planned(name, here=EVERYWHERE)
    assert {cell.seed for cell in quick} == {0}
    # Nothing else is left out.
    assert {(c.target, c.network, c.method, c.sources, c.train_fraction) for c in quick} == {
        (c.target, c.network, c.method, c.sources, c.train_fraction) for c in ours
    }


@pytest.mark.parametrize(
    ("target", "first", "second"), [("tampere", "ujiindoorloc", "dsi1"), ("dsi1", "ujiindoorloc", "tampere")]
)
def test_table3_has_every_subset_of_the_sources(target: str, first: str, second: str) -> None:
    sources = sources_by_method(planned("table3"), target)
    subsets = [(first,), (second,), (first, second)]
    for method in COMMON_METHODS:
        expected: list[tuple[str, ...]] = subsets
        if method.startswith("none"):
            expected = [()]
        elif method.startswith("untrained"):
            expected = [(UNTRAINED,), (UNTRAINED, UNTRAINED)]
        elif method == "sequential_own":
            expected = [(target,), (target, target)]
        elif method == "collective":  # of one source it is the same as sequential
            expected = subsets[-1:]
        assert sources.pop(method) == expected
    assert sources == {}


def test_tables_but_the_third_take_all_sources_together() -> None:
    for name in ("table1", "table2", "table4"):
        sources = sources_by_method([c for c in planned(name) if c.network in (KNN, "dnn")], "tut6")
        assert set(sources.pop("none")) == {()}
        assert set(sources.pop("untrained")) == {(UNTRAINED, UNTRAINED)}
        assert set(sources.pop("collective")) == set(sources.pop("paper")) == {("ujiindoorloc", "dsi1")}


def test_table4_has_ten_seeds_of_each_share() -> None:
    cells = planned("table4", Request(targets=TARGETS, networks=("dnn",)), EVERYWHERE)
    shares: dict[tuple[str, str], set[float]] = {}
    for cell in planned("table4"):
        shares.setdefault((cell.target, cell.network), set()).add(cell.train_fraction)
    assert shares == {
        (target, network): {0.1} if target in ("tampere", "dsi1") else {0.01, 0.1}
        for target in ("ujiindoorloc", "tampere", "tut6", "dsi1")
        for network in (KNN, "dnn")
    }
    assert {c.train_fraction for c in cells if c.target in ("utsindoorloc", "uji_library")} == {0.01, 0.1}
    seeds: dict[tuple[str, str, str, float], list[int]] = {}
    for cell in planned("table4"):
        key = (cell.target, cell.network, cell.method, cell.train_fraction)
        seeds.setdefault(key, []).append(cell.seed)
    assert all(of_one == list(range(10)) for of_one in seeds.values())
    assert {c.train_fraction for name in ("table1", "table2", "table3") for c in planned(name)} == {1.0}


def test_constraint_without_meaning_is_left_out_for_baat_alone() -> None:
    cells = planned("table2", Request(networks=("baat", "dnn"), n_seeds=1))
    methods = {
        network: {cell.method for cell in cells if cell.network == network} for network in ("baat", "dnn")
    }
    assert methods["dnn"] == set(TABLES["table2"].methods)
    assert methods["dnn"] - methods["baat"] == {"fi", "fi_paper"}
    assert methods["baat"] <= methods["dnn"]


def test_figure2_and_the_networks_alone_are_cells_of_table1() -> None:
    table1 = {cell.hash for cell in planned("table1", here=EVERYWHERE)}
    assert {cell.hash for cell in planned("figure2", here=EVERYWHERE)} < table1
    alone = planned("networks", Request(budget="standard", targets=("tampere",), n_seeds=3))
    assert {cell.hash for cell in alone} < table1


def some(of: Collection[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(list(of)), unique=True, max_size=3).map(tuple)


@settings(max_examples=40)
@given(st.sampled_from(OF_PAPER), some(("tampere", "tut6", "dsi1")), some(("dnn", KNN)), some(COMMON_METHODS))
def test_request_is_a_filter(
    name: str, targets: tuple[str, ...], networks: tuple[str, ...], methods: tuple[str, ...]
) -> None:
    def asked_for(cell: Cell) -> bool:
        if targets and cell.target not in targets:
            return False
        if cell.network == KNN:  # is never left out
            return True
        return (not networks or cell.network in networks) and (not methods or cell.method in methods)

    filtered = planned(name, Request("quick", targets, networks, methods))
    whole = planned(name, Request("quick"))
    assert set(filtered) == {cell for cell in whole if asked_for(cell)}


def test_request_reaches_beyond_the_plan() -> None:
    request = Request("full", ("uji_library",), ("baat",), ("none", "collective"), ("dsi1",), 7)
    cells = planned("table1", request)
    assert counted_seeds(cells) == {
        ("uji_library", KNN, "none"): 7,
        ("uji_library", "baat", "none"): 7,
        ("uji_library", "baat", "collective"): 7,
    }
    assert {cell.sources for cell in cells if cell.method == "collective"} == {("dsi1",)}
    assert {cell.budget for cell in cells} == {"full"}
    of_default = planned("table1", Request(targets=("uji_library",)))
    assert {cell.network for cell in of_default} == {KNN, "dnn", "cnnloc", "bayescnn", "baat"}
    assert {cell.network for cell in planned("table1", Request(networks=(KNN,)))} == {KNN}


def test_ablations_are_judged_on_held_out_points_and_every_option_has_its_controls() -> None:
    for name in ("pipeline", "framework"):
        cells = planned(name)
        assert all(cell.held_out for cell in cells)
        assert {len({c.seed for c in cells if c.target == target}) for target in TABLES[name].plan} == {3}
    assert not any(cell.held_out for name in OF_PAPER for cell in planned(name))
    methods = set(TABLES["framework"].methods)
    assert {"default", "untrained", "shuffled"} < methods
    for option in OPTIONS:
        kinds = [METHODS[each] for each in (option, f"{option}_untrained", f"{option}_shuffled")]
        assert [how.kind for how in kinds] == ["trained", "untrained", "shuffled"]
        assert kinds[0].settings == kinds[1].settings == kinds[2].settings != {}
        assert {option, f"{option}_untrained", f"{option}_shuffled"} < methods


def test_building_that_is_asked_for_as_a_source_is_not_its_own() -> None:
    cells = planned("table1", Request(sources=("tampere", "dsi1"), networks=("dnn",)))
    assert {cell.target for cell in cells} >= {"tampere", "tut6", "dsi1"}
    others = [cell for cell in cells if not cell.learning_method.from_target]
    assert not [cell for cell in others if cell.target in cell.sources]
    taught = {cell.sources for cell in cells if (cell.target, cell.method) == ("tampere", "default")}
    assert taught == {("dsi1",)}


@pytest.mark.parametrize("name", ["table1", "networks"])
def test_methods_whose_sources_are_not_here_are_left_out_and_the_others_stay(name: str) -> None:
    cells = planned(name, here={"tampere", "utsindoorloc"})
    assert {cell.target for cell in cells} <= {"tampere", "utsindoorloc"}
    left = {"none", "none_paper", "untrained", "untrained_paper", "sequential_own"}
    assert {cell.method for cell in cells} <= left
    assert {cell.sources for cell in cells if cell.method == "untrained"} <= {(UNTRAINED,) * 2}
    assert "none" in {cell.method for cell in cells}


# -- accuracy -------------------------------------------------------------------------------------------


def test_a_matcher_learns_in_all_shareable_sets_but_those_of_the_building() -> None:
    first = {"tampere", "tut1", "tut6"}
    same = {"ujiindoorloc": {"ujiindoorloc"}, "tampere": first, "tut6": first}
    cells = planned("accuracy")
    for cell in cells:
        if cell.network not in WITH_MATCHER or not cell.learning_method.with_sources:
            continue
        assert set(cell.sources) == set(shareable_names()) - same[cell.target]
        [teacher] = cell.teachers
        assert (teacher.network, teacher.sources) == ("matcher", cell.sources)
    for target in ("ujiindoorloc", "tampere", "tut6"):
        of_target = {(c.network, c.method) for c in cells if c.target == target}
        assert of_target == {
            (KNN, "none"),
            (KNN, BOUND),
            *((network, "none") for network in PAPER_NETWORKS),
            *(("matcher", method) for method in MATCHER_METHODS),
            *(("blend", method) for method in ("none", "others", "both")),
        }


def test_matcher_and_blend_of_a_seed_share_their_teacher() -> None:
    cells = [c for c in planned("accuracy") if c.network in WITH_MATCHER and c.target == "tut6"]
    taught = {(c.seed, teacher.hash) for c in cells for teacher in c.teachers}
    assert len(taught) == len({c.seed for c in cells}) == 5
    assert len({cell.hash for cell in cells}) == len(cells)


def test_own_sources_of_a_matcher() -> None:
    request = Request(sources=("tut5", "tut1"), networks=("matcher",), targets=("dsi1",), methods=("others",))
    assert {c.sources for c in planned("accuracy", request) if c.network == "matcher"} == {("tut5", "tut1")}


# -- the paper's own length -------------------------------------------------------------------------------


def test_at_the_papers_length_the_dnn_on_tampere_comes_first_and_teachers_come_last() -> None:
    cells = [c for c in planned("table1", Request(budget=PAPER_LENGTH)) if c.network != KNN]
    parts = [part for part, _ in groupby(cells, key=lambda cell: (cell.target, cell.network))]
    assert parts[0] == ("tampere", "dnn")
    assert len(parts) == len(set(parts))
    dnn = [cell for cell in cells if (cell.target, cell.network) == parts[0]]
    needs_teachers = [bool(cell.teachers) for cell in dnn]
    assert needs_teachers == sorted(needs_teachers)
    assert {cell.seed for cell in dnn} == set(range(5))


@pytest.mark.parametrize("recipe", ["printed", "paper", "default"])
def test_at_the_papers_length_each_recipe_has_its_own_controls_and_transfers(recipe: str) -> None:
    cells = planned(
        "table1", Request(budget=PAPER_LENGTH, targets=("tampere",), networks=("dnn",), n_seeds=1)
    )
    methods = [c.learning_method for c in cells if c.network != KNN and c.learning_method.recipe == recipe]
    assert Counter(method.kind for method in methods) == dict.fromkeys(
        ("alone", "untrained", "shuffled", "trained", "sequential", "collective"), 1
    )


def test_a_budget_of_updates_is_a_share_of_the_papers_length() -> None:
    assert paper_updates("dnn", "tampere") == 2000 * (697 // 128)
    assert share_of_paper_length("dnn", "tampere", 1.0, "standard") == 500 / 10_000
    assert share_of_paper_length("dnn", "ujiindoorloc", 0.1, "standard") == 500 / (500 * (1993 // 128))
    assert share_of_paper_length("dnn", "ujiindoorloc", 1.0, PAPER_LENGTH) == 1
    assert share_of_paper_length(KNN, "tampere", 1.0, "standard") is None


def test_table_of_shares_holds_each_constraint_alone_and_all_three_with_both_controls() -> None:
    cells = planned("shares")
    assert all(cell.held_out for cell in cells)
    assert {n for (_, network, _), n in counted_seeds(cells).items() if network != KNN} == {5}
    assert {cell.target for cell in cells} == {"tampere", "tut6", "dsi1"}
    kinds = Counter(METHODS[method].kind for method in TABLES["shares"].methods)
    assert kinds == {"alone": 1, "trained": 16, "untrained": 16, "shuffled": 16}
    wholes = set()
    for method in TABLES["shares"].methods[1:]:
        recipe = distilling_recipe("default", dict(METHODS[method].settings), network_spec("dnn"))
        held = recipe.held_shares()
        assert held.keys() == recipe.weights_in_use().keys() - {"J_MAE"}
        assert len(set(held.values())) == 1
        assert recipe.fi_distance == ("squared" if "J_FI" in held else "absolute")
        wholes.add(round(sum(held.values()), 9))
    assert wholes == {0.01, 0.05, 0.2, 0.5}
