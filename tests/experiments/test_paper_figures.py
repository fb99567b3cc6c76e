"""What the paper prints, found for the cells that it is about and for no others."""

from __future__ import annotations

import pytest

from tutelage.experiments.buildings import TARGETS
from tutelage.experiments.cells import UNTRAINED, Cell
from tutelage.experiments.compared_methods import KNN, METHODS
from tutelage.experiments.paper_figures import PaperFigure, paper_figure
from tutelage.experiments.paper_tables import TABLES, Request
from tutelage.experiments.planned_cells import plan_cells

UJI = "ujiindoorloc"
UTS = "utsindoorloc"
TAMPERE = "tampere"
IN_TABLE1 = {"none", "none_paper", "sequential", "collective", "default", "paper"}
OTHER_RECIPES = {"none_printed", "printed"} | {
    f"{kind}_{recipe}" for kind in ("sequential", "collective") for recipe in ("paper", "printed")
}
IN_TABLE4 = {"none", "none_paper", "default", "paper"}


def cell(
    target: str, network: str, method: str, *sources: str, share: float = 1.0, budget: str = "quick"
) -> Cell:
    return Cell(target, sources, network, method, budget, share, 3)


@pytest.mark.parametrize(
    ("table", "table_cell", "mae_m"),
    [
        ("table1", cell(TAMPERE, "dnn", "none"), 11.03),
        ("table1", cell(TAMPERE, "dnn", "paper", UJI, UTS), 8.86),
        ("table1", cell(UTS, "dnn", "sequential", UJI, TAMPERE), 61.29),
        ("table1", cell(UJI, "bayescnn", "collective", UTS, TAMPERE), 129.95),
        ("table1", cell(UJI, "baat", "collective", UTS, TAMPERE), 98.86),
        ("table1", cell(UTS, "baat", "default", UJI, TAMPERE), 6.30),
        ("table1", cell(TAMPERE, "cnnloc", "default", UJI, UTS), 8.25),
        ("table3", cell(TAMPERE, "dnn", "none"), 11.03),
        ("table3", cell(TAMPERE, "dnn", "default", UJI), 10.75),
        ("table3", cell(TAMPERE, "dnn", "default", UTS), 9.65),
        ("table3", cell(TAMPERE, "dnn", "default", UJI, UTS), 8.86),
        ("table3", cell(TAMPERE, "cnnloc", "paper", UJI, UTS), 8.04),
        ("table3", cell(UJI, "baat", "paper", UTS), 20.39),
        ("table4", cell(UJI, "cnnloc", "none", share=0.01), 22.14),
        ("table4", cell(UJI, "cnnloc", "default", UTS, TAMPERE, share=0.01), 21.93),
        ("table4", cell(UJI, "dnn", "none_paper", share=0.01), 160.56),
        ("table4", cell(TAMPERE, "baat", "paper", UJI, UTS, share=0.1), 12.33),
        ("table4", cell(UTS, "bayescnn", "none", share=0.1), 8.53),
    ],
    ids=str,
)
def test_figure_stands_in_the_paper(table: str, table_cell: Cell, mae_m: float) -> None:
    assert paper_figure(table, table_cell) == PaperFigure(mae_m, table_cell.sources)


@pytest.mark.parametrize("table", ["table1", "table4"])
def test_figure_comes_with_the_sources_of_the_paper_where_ours_are_others(table: str) -> None:
    share = 0.1 if table == "table4" else 1.0
    figure = paper_figure(table, cell(TAMPERE, "dnn", "default", UJI, "dsi1", share=share))
    assert figure is not None
    assert figure.sources == (UJI, UTS)


def test_figure_is_the_same_for_both_recipes_and_every_budget() -> None:
    of_one = {
        paper_figure("table1", cell(TAMPERE, "dnn", method, UJI, UTS, budget=budget))
        for method in ("default", "paper")
        for budget in ("paper", "full")
    }
    assert of_one == {PaperFigure(8.86, (UJI, UTS))}


@pytest.mark.parametrize(
    ("table", "table_cell"),
    [
        ("table1", cell("tut6", "dnn", "none")),
        ("table1", cell("dsi1", "dnn", "default", UJI, TAMPERE)),
        ("table1", cell(TAMPERE, KNN, "none")),
        ("table4", cell(TAMPERE, KNN, "none", share=0.1)),
        ("table1", cell(TAMPERE, "dnn", "none", share=0.1)),
        ("table2", cell(TAMPERE, "dnn", "default", UJI, UTS)),
        ("table3", cell(TAMPERE, "dnn", "default", UJI, "dsi1")),
        ("table3", cell(TAMPERE, "dnn", "default", "dsi1")),
        ("table3", cell(TAMPERE, "dnn", "sequential", UJI, UTS)),
        ("table4", cell(TAMPERE, "dnn", "none", share=0.01)),
        ("table4", cell(UTS, "dnn", "default", UJI, TAMPERE, share=0.01)),
        ("table4", cell(UJI, "dnn", "sequential", UTS, TAMPERE, share=0.01)),
        ("", cell(TAMPERE, "dnn", "none")),
    ],
    ids=str,
)
def test_paper_prints_nothing_for_other_cells(table: str, table_cell: Cell) -> None:
    assert paper_figure(table, table_cell) is None


def test_paper_prints_nothing_for_controls_and_single_constraints() -> None:
    for method in METHODS.keys() - IN_TABLE1 - OTHER_RECIPES:
        sources = (UNTRAINED, UNTRAINED) if method.startswith("untrained") else (UJI, UTS)
        assert paper_figure("table1", cell(TAMPERE, "dnn", method, *sources)) is None, method


@pytest.mark.parametrize(
    ("name", "methods", "n_figures"), [("table1", IN_TABLE1, 4 * 3 * 6), ("table4", IN_TABLE4, 4 * 4 * 4)]
)
def test_every_cell_that_the_paper_has_finds_its_figure(name: str, methods: set[str], n_figures: int) -> None:
    request = Request("quick", networks=("dnn", "cnnloc", "bayescnn", "baat"), targets=TARGETS, n_seeds=1)
    cells = list(plan_cells(TABLES[name], request, TARGETS))
    figures = {
        table_cell: figure
        for table_cell in cells
        if (figure := paper_figure(TABLES[name].paper_table, table_cell))
    }
    assert len(figures) == n_figures
    assert {table_cell.target for table_cell in figures} == {UJI, UTS, TAMPERE}
    assert {table_cell.method for table_cell in figures} == methods
    assert all(figure.sources == table_cell.sources for table_cell, figure in figures.items())
