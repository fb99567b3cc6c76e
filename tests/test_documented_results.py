"""The figures in the README are those of the committed results."""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import mean, stdev

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NETWORKS = {
    "k-NN, settings chosen on training data": "knn",
    "DNN": "dnn",
    "CNNLoc": "cnnloc",
    "BayesCNN": "bayescnn",
    "bAaT": "baat",
}


OF_TABLE1 = [
    ("k-NN, settings chosen on training data", "knn", "none"),
    ("own data alone", "dnn", "none"),
    ("surrogate teachers", "dnn", "default"),
    ("untrained teachers (control)", "dnn", "untrained"),
    ("sequential transfer", "dnn", "sequential"),
    ("the same from the target itself (control)", "dnn", "sequential_own"),
]


def rows(table: str) -> list[dict[str, str]]:
    """The committed rows of a table."""
    with (ROOT / "results" / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shown(table: str, target: str, network: str, method: str) -> str:
    """Mean and spread over seeds of the committed rows."""
    wanted = (target, network, method)
    errors = [
        float(row["mae_m"]) for row in rows(table) if (row["target"], row["network"], row["method"]) == wanted
    ]
    assert len(errors) >= 3
    return f"{mean(errors):.2f} ± {stdev(errors):.2f}"


@pytest.mark.parametrize("title", NETWORKS)
def test_readme_shows_the_committed_figures_of_the_networks(title: str) -> None:
    cells = [shown("networks", target, NETWORKS[title], "none") for target in ("tampere", "tut6")]
    assert f"| {title} | {' | '.join(cells)} |" in README


@pytest.mark.parametrize(("title", "network", "method"), OF_TABLE1, ids=[row[0] for row in OF_TABLE1])
def test_readme_shows_the_committed_figures_of_table_1(title: str, network: str, method: str) -> None:
    cells = [shown("table1", target, network, method) for target in ("tampere", "tut6", "dsi1")]
    assert f"| {title} | {' | '.join(cells)} |" in README


def test_accuracy_page_shows_the_committed_figures_of_every_method_on_whole_surveys() -> None:
    page = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8").split("\n## ")[1]
    for target, title in (("ujiindoorloc", "UJIIndoorLoc"), ("tampere", "Tampere"), ("tut6", "TUT6")):
        [part] = [part for part in page.split("\n### ") if part.startswith(title)]
        lines = [[cell.strip() for cell in line.split("|")] for line in part.splitlines()]
        found = {(cells[1], cells[2].strip("`")): cells[4:6] for cells in lines if len(cells) > 6}
        committed: dict[tuple[str, str], list[float]] = {}
        for row in rows("accuracy"):
            if row["target"] == target and row["network"] in ("scorer", "tutor"):
                committed.setdefault((row["network"], row["method"]), []).append(float(row["mae_m"]))
        for row in rows("table1"):
            if (row["target"], row["network"]) == (target, "dnn") and row["method"] in (
                "default",
                "untrained",
            ):
                committed.setdefault(("DNN", row["method"]), []).append(float(row["mae_m"]))
        assert len(committed) >= 7
        for key, errors in committed.items():
            error, n_seeds = found[key]
            assert error.split(" ")[0] == f"{mean(errors):.2f}", (target, key)
            assert n_seeds == str(len(errors))
