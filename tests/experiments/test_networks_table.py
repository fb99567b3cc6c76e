"""The table of the networks on their own."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from tutelage.experiments import networks
from tutelage.experiments.models import Cell
from tutelage.experiments.reproduce import TABLES, reproduce


def row(target: str, network: str, seed: int, mae_m: float) -> dict[str, str]:
    figures = {name: str(mae_m) for name in ("mae_m", "median_m", "p75_m", "p95_m")}
    return {"target": target, "network": network, "seed": str(seed), "train_seconds": "7", **figures}


def test_cells_are_every_network_and_k_nn_on_both_targets_with_every_seed() -> None:
    cells = list(networks.cells())
    wanted = set(product(("tampere", "tut6"), ("knn", "dnn", "cnnloc", "bayescnn", "baat"), (0, 1, 2)))
    assert {(c.target, c.network, c.seed) for c in cells} == wanted
    assert len(cells) == len(wanted)
    assert {(c.sources, c.method) for c in cells} == {("", "none")}


def test_page_shows_every_seed_beside_what_the_paper_prints() -> None:
    rows = [row("tampere", "cnnloc", 1, 9.0), row("tampere", "cnnloc", 0, 8.0), row("tut6", "cnnloc", 0, 3.0)]
    page = networks.page(rows, "standard")
    assert "| CNNLoc | 8.50 ± 0.71 | 8.00 / 9.00 | 8.50 | 8.50 | 8.50 | 2,500 | 7 | 10.06 |" in page
    assert "| CNNLoc | 3.00 | 3.00 | 3.00 | 3.00 | 3.00 | 2,500 | 7 | - |" in page
    assert "bAaT" not in page


@pytest.mark.real_data
def test_a_run_of_the_table_leaves_no_teachers_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = [Cell("tampere", "", "cnnloc", "none", "default", 0)]
    monkeypatch.setitem(TABLES, "networks", replace(TABLES["networks"], cells=lambda: iter(one)))
    page, rows = reproduce("networks", tmp_path, budget="quick")
    assert [(row["experiment"], row["network"], row["budget"]) for row in rows] == [
        ("networks", "cnnloc", "quick")
    ]
    assert "| CNNLoc |" in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["networks.csv", "networks.md"]
