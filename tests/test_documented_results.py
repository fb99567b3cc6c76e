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


def shown(table: str, target: str, network: str, method: str) -> str:
    """Mean and spread over seeds of the committed rows."""
    with (ROOT / "results" / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        wanted = (target, network, method)
        errors = [
            float(row["mae_m"])
            for row in csv.DictReader(file)
            if (row["target"], row["network"], row["method"]) == wanted
        ]
    assert len(errors) >= 3
    return f"{mean(errors):.2f} ± {stdev(errors):.2f}"


@pytest.mark.parametrize("title", NETWORKS)
def test_readme_shows_the_committed_figures_of_the_networks(title: str) -> None:
    cells = [shown("networks", target, NETWORKS[title], "none") for target in ("tampere", "tut6")]
    assert f"| {title} | {' | '.join(cells)} |" in README
