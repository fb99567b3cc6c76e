"""Cells: the hash says whether two of them are the same work."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields, replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.experiments.budgets import BUDGETS
from tutelage.experiments.buildings import TARGETS
from tutelage.experiments.cells import UNTRAINED, Cell, TeacherCell
from tutelage.experiments.compared_methods import BOUND, HELD_OPTIONS, KNN, METHODS, OPTIONS, PIPELINE
from tutelage.experiments.paper_tables import TABLES, Request
from tutelage.experiments.planned_cells import plan_cells
from tutelage.experiments.result_files import COLUMNS, TEACHER_COLUMNS
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.networks import NETWORKS, network_names, network_spec

CELL = Cell("dsi1", ("tampere", "ujiindoorloc"), "dnn", "default", "quick", 1.0, 0)
TEACHER = TeacherCell("tampere", "dnn", "default", False, "quick", 0)
OTHERS: dict[str, Any] = {
    "target": "tut6",
    "sources": ("tampere",),
    "network": "cnnloc",
    "method": "paper",
    "budget": "standard",
    "train_fraction": 0.1,
    "seed": 1,
    "whole_points": True,
    "held_out": True,
}
OTHER_TEACHERS: dict[str, Any] = {
    "source": "tut6",
    "network": "cnnloc",
    "recipe": "paper",
    "permuted": True,
    "budget": "standard",
    "seed": 1,
    "settings": (("weight_mae", 0.1),),
}
WITH_SOURCES = [name for name, method in METHODS.items() if method.with_sources]

any_cell = st.builds(
    Cell,
    st.sampled_from(TARGETS),
    st.lists(st.sampled_from(TARGETS), max_size=3).map(tuple),
    st.sampled_from(["dnn", "cnnloc", KNN]),
    st.sampled_from(list(METHODS)),
    st.sampled_from(list(BUDGETS)),
    st.sampled_from([0.01, 0.1, 1.0]),
    st.integers(0, 11),
)


def of_method(method: str, network: str = "dnn") -> Cell:
    """Return the cell with another method and the sources of that method."""
    kind = METHODS[method].kind
    of_kind = {"alone": (), UNTRAINED: (UNTRAINED,) * 2}.get(kind, CELL.sources)
    sources = (CELL.target,) * 2 if METHODS[method].from_target else of_kind
    return replace(CELL, method=method, network=network, sources=sources)


def hashes(*cells: Cell | TeacherCell) -> set[str]:
    return {cell.hash for cell in cells}


@pytest.mark.slow
def test_hash_is_the_same_in_another_process() -> None:
    cells: list[Cell | TeacherCell] = [
        CELL,
        TEACHER,
        replace(CELL, network=KNN),
        of_method("sequential"),
        of_method("fi_paper"),
    ]
    program = (
        f"from tutelage.experiments.cells import Cell, TeacherCell\nprint(*[cell.hash for cell in {cells!r}])"
    )
    environment = os.environ | {"PYTHONHASHSEED": "3"}
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.split() == [cell.hash for cell in cells]


@pytest.mark.parametrize(
    ("cell", "others"), [(CELL, OTHERS), (TEACHER, OTHER_TEACHERS)], ids=["cell", "teacher"]
)
def test_every_field_changes_the_hash(cell: Cell | TeacherCell, others: dict[str, Any]) -> None:
    assert others.keys() == {field.name for field in fields(cell)}
    changed = [replace(cell, **{name: value}) for name, value in others.items()]
    assert len(hashes(cell, replace(cell), *changed)) == 1 + len(others)


@pytest.mark.parametrize("method", WITH_SOURCES)
def test_sources_and_their_order_change_the_hash_of_every_method_that_has_them(method: str) -> None:
    cell = replace(CELL, method=method)
    changed = [replace(cell, sources=sources) for sources in (("tampere",), cell.sources[::-1], ("tut6",))]
    assert len(hashes(cell, *changed)) == 4


def test_sources_do_not_count_where_none_take_part() -> None:
    for cell in (of_method("none"), of_method("none_paper"), replace(CELL, network=KNN)):
        assert cell.hash == replace(cell, sources=("tampere",)).hash


@pytest.mark.parametrize("network", network_names())
def test_methods_are_different_work_except_where_j_fi_has_no_meaning(network: str) -> None:
    names: dict[str, list[str]] = {}
    without_j_fi = bool(network_spec(network).no_functional_information)
    for method, how in METHODS.items():
        if not (without_j_fi and how.needs_functional_information):
            names.setdefault(of_method(method, network).hash, []).append(method)
    without_fi = [{"default", "sim_mi"}, {"paper", "sim_mi_paper"}, {"printed", "sim_mi_printed"}]
    assert [set(several) for several in names.values() if len(several) > 1] == (
        without_fi if network == "baat" else []
    )


@pytest.mark.parametrize(("network", "weight"), [("dnn", 0.5), ("baat", 0.0)])
def test_j_fi_is_refused_for_baat_alone(network: str, weight: float) -> None:
    assert bool(network_spec(network).no_functional_information) == (network == "baat")
    for method in ("default", "paper", "literal_mi"):
        assert of_method(method, network).configuration()["recipe"]["weight_fi"] == weight


def test_bound_of_knn_is_a_cell_of_its_own() -> None:
    knn = replace(CELL, network=KNN, method="none")
    assert replace(knn, method=BOUND).hash != knn.hash
    assert replace(knn, method=BOUND).learning_method == knn.learning_method


def test_settings_younger_than_the_first_tables_count_only_in_use() -> None:
    of_default, of_offset = (of_method(name).configuration()["recipe"] for name in ("none", "with_offset"))
    assert "offset" not in of_default
    assert "averaged" not in of_default
    assert of_offset == of_default | {"offset": 0.03}


def test_finished_cells_of_the_first_tables_keep_their_names() -> None:
    """Hashes of rows that are committed, one of each kind."""
    cells = {
        "de47f1bf8b067ee0": Cell("tampere", (), "dnn", "none", "standard", 1.0, 0),
        "a465c0046acaccfd": Cell(
            "tampere", ("ujiindoorloc", "dsi1"), "cnnloc", "default", "standard", 1.0, 0
        ),
    }
    assert all(cell.hash == name for name, cell in cells.items())


def test_name_of_the_budget_does_not_count_but_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = BUDGETS["quick"]
    assert quick.share is not None
    monkeypatch.setitem(BUDGETS, "same", replace(quick, words="another name", n_seeds=7))
    monkeypatch.setitem(BUDGETS, "longer", replace(quick, share=1.1 * quick.share))
    for cell in (CELL, TEACHER, of_method("none"), of_method("collective"), of_method("paper")):
        assert cell.hash == replace(cell, budget="same").hash
        assert cell.hash != replace(cell, budget="longer").hash


def test_networks_differ_in_every_budget_and_knn_in_none() -> None:
    assert len(hashes(*(replace(CELL, budget=budget) for budget in BUDGETS))) == len(BUDGETS)
    knn = replace(CELL, network=KNN)
    assert len(hashes(*(replace(knn, budget=budget) for budget in BUDGETS))) == 1
    others = ({"seed": 1}, {"train_fraction": 0.1}, {"target": "tut6"})
    assert len(hashes(knn, *(replace(knn, **other) for other in others))) == 4


@pytest.mark.parametrize("method", ["untrained", "untrained_paper"])
def test_untrained_teachers_differ_in_their_number_alone(method: str) -> None:
    def of_sources(*sources: str) -> list[str]:
        request = Request("quick", ("tut6",), ("dnn",), (method,), sources, n_seeds=1)
        cells = plan_cells(TABLES["table3"], request, TARGETS)
        return [cell.hash for cell in cells if cell.network != KNN]

    one, two = of_sources("ujiindoorloc", "dsi1")
    assert one != two
    assert of_sources("utsindoorloc", "uji_library") == [one, two]
    assert of_sources("dsi1") == [one]


def test_teachers_are_those_of_the_recipe() -> None:
    teachers = {method: of_method(method).teachers for method in METHODS}
    ours = teachers["default"]
    papers = teachers["paper"]
    of_recipe = {"default": ours, "paper": papers, "printed": teachers["printed"]}
    assert [teacher.source for teacher in ours] == list(CELL.sources)
    for name, method in METHODS.items():
        if method.kind == "trained":
            assert teachers[name] == of_recipe[method.recipe]
    assert len({frozenset(hashes(*each)) for each in of_recipe.values()}) == 3
    assert teachers["literal_mi"] == papers
    assert of_method("literal_mi").hash != of_method("paper").hash
    without = [
        "sequential_own",
        *(
            f"{kind}{suffix}"
            for kind in ("none", "untrained", "sequential", "collective")
            for suffix in ("", "_paper", "_printed")
        ),
        *PIPELINE[1:],
        *(f"{option}_untrained" for option in (*OPTIONS, *HELD_OPTIONS)),
    ]
    assert [name for name in METHODS if not teachers[name]] == sorted(without, key=list(METHODS).index)
    assert all(teachers[f"{option}_shuffled"] == teachers["shuffled"] for option in (*OPTIONS, *HELD_OPTIONS))
    assert replace(CELL, network=KNN).teachers == ()


def test_teachers_of_true_and_of_permuted_locations_are_different() -> None:
    kinds = [of_method(name).teachers for name in ("default", "paper", "shuffled", "shuffled_paper")]
    for one, other in combinations(kinds, 2):
        assert hashes(*one).isdisjoint(hashes(*other))
    assert [{teacher.permuted for teacher in teachers} for teachers in kinds] == [
        {False},
        {False},
        {True},
        {True},
    ]


def test_teachers_have_the_seed_the_network_and_the_budget_of_their_cell() -> None:
    cell = replace(CELL, network="cnnloc", budget="full", seed=4, train_fraction=0.1)
    assert {(each.network, each.budget, each.seed) for each in cell.teachers} == {("cnnloc", "full", 4)}
    assert cell.teachers == replace(cell, train_fraction=1.0, target="tut6").teachers


def test_cell_is_another_once_the_way_its_network_learns_has_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hashes() -> dict[str, str]:
        cells = {name: of_method(name) for name in ("none", "default", "sequential", "paper")}
        changing = {"knn": replace(CELL, network=KNN), "cnnloc": of_method("default", "cnnloc")}
        teachers = {"teacher": TEACHER, "paper's teacher": replace(TEACHER, recipe="paper")}
        every: dict[str, Cell | TeacherCell] = {**cells, **changing, **teachers}
        return {name: replace(cell).hash for name, cell in every.items()}

    before = hashes()
    spec = network_spec("dnn")
    recipes = {**spec.recipes, "default": {**spec.recipes.get("default", {}), "learning_rate": 0.0123}}
    monkeypatch.setitem(NETWORKS.entries, "dnn", replace(spec, recipes=recipes))
    after = hashes()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"none", "default", "sequential", "teacher"}


def test_matcher_and_its_teacher_have_each_their_own_lesson() -> None:
    matcher_cell = Cell("tut6", ("ujiindoorloc", "dsi1"), "matcher", "both", "standard", 1.0, 0)
    [teacher] = matcher_cell.teachers
    assert teacher.configuration()["recipe"]["updates"] == MatcherRecipe.for_pretraining().updates / 8
    assert matcher_cell.settings["updates"] == MatcherRecipe().updates / 8
    assert (
        matcher_cell.configuration()["matcher"]["passes"]
        == MatcherRecipe().passes
        != teacher.configuration()["recipe"]["passes"]
    )


def test_key_is_the_first_columns_of_a_row() -> None:
    key = replace(CELL, train_fraction=0.01).key("table4")
    assert tuple(key) == COLUMNS[: len(key)]
    assert list(key.values()) == [
        "table4",
        "dsi1",
        "tampere+ujiindoorloc",
        "dnn",
        "default",
        "quick",
        "0.01",
        "0",
    ]
    assert replace(CELL, sources=()).key("table1")["sources"] == ""
    assert CELL.key("table1")["train_fraction"] == "1"
    assert (*TEACHER_COLUMNS[:6], "settings") == tuple(field.name for field in fields(TeacherCell))


@settings(max_examples=200)
@given(any_cell, any_cell)
def test_cells_share_a_key_only_if_they_are_equal(one: Cell, other: Cell) -> None:
    assert (one.key("table1") == other.key("table1")) == (one == other)
    assert one.key("table1") != one.key("table2")


@settings(max_examples=100)
@given(any_cell, any_cell)
def test_cells_share_a_hash_only_if_their_configurations_are_equal(one: Cell, other: Cell) -> None:
    assert (one.hash == other.hash) == (one.configuration() == other.configuration())
    assert replace(one).hash == one.hash
