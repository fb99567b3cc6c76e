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


def shown(network: str, method: str, recipe: str, target: str) -> str:
    with (ROOT / "results" / "spine.csv").open(newline="", encoding="utf-8") as file:
        errors = [
            float(row["mae_m"])
            for row in csv.DictReader(file)
            if (row["network"], row["method"], row["recipe"], row["target"])
            == (network, method, recipe, target)
        ]
    assert len(errors) == 3
    return f"{mean(errors):.2f} ± {stdev(errors):.2f}"


@pytest.mark.parametrize("title", ROWS)
def test_readme_shows_the_committed_figures(title: str) -> None:
    cells = [shown(*ROWS[title], target) for target in ("ujiindoorloc", "tampere")]
    assert f"| {title} | {' | '.join(cells)} |" in (ROOT / "README.md").read_text(encoding="utf-8")
