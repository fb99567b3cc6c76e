"""The figures in the README are those of the committed results."""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import mean, stdev

import pytest

ROOT = Path(__file__).parents[1]
ROWS = {
    "k-NN, settings chosen on training data": ("knn", "none", ""),
    "DNN, own data only": ("dnn", "none", "default"),
    "DNN, untrained teacher (control)": ("dnn", "untrained", "default"),
    "DNN, teacher from the other building": ("dnn", "taught", "default"),
    "literal recipe: DNN, own data only": ("dnn", "none", "paper"),
    "literal recipe: DNN, untrained teacher (control)": ("dnn", "untrained", "paper"),
    "literal recipe: DNN, teacher from the other building": ("dnn", "taught", "paper"),
}


NETWORKS = {
    "k-NN, settings chosen on training data": ("knn", "none", ""),
    "DNN": ("dnn", "none", "default"),
    "CNNLoc": ("cnnloc", "none", "default"),
    "BayesCNN": ("bayescnn", "none", "default"),
    "bAaT": ("baat", "none", "default"),
}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shown(table: str, network: str, method: str, recipe: str, target: str) -> str:
    with (ROOT / "results" / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        errors = [
            float(row["mae_m"])
            for row in csv.DictReader(file)
            if (row["network"], row["method"], row["recipe"], row["target"], row["budget"])
            == (network, method, recipe, target, "standard")
        ]
    assert len(errors) == 3
    return f"{mean(errors):.2f} ± {stdev(errors):.2f}"


@pytest.mark.parametrize("title", ROWS)
def test_readme_shows_the_committed_figures_of_the_spine(title: str) -> None:
    cells = [shown("spine", *ROWS[title], target) for target in ("ujiindoorloc", "tampere")]
    assert f"| {title} | {' | '.join(cells)} |" in README


@pytest.mark.parametrize("title", NETWORKS)
def test_readme_shows_the_committed_figures_of_the_networks(title: str) -> None:
    cells = [shown("networks", *NETWORKS[title], target) for target in ("tampere", "tut6")]
    assert f"| {title} | {' | '.join(cells)} |" in README
