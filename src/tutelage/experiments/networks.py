"""Every specialized network on its own data alone, beside k-NN and the paper's stand-alone row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean

from tutelage.distilling import distilling_recipe
from tutelage.experiments.markdown import with_spread
from tutelage.experiments.models import Cell
from tutelage.networks import network_spec

__all__ = ["PAPER", "SEEDS", "TARGETS", "UPDATES", "cells", "page"]

Rows = Sequence[dict[str, str]]

TARGETS = ("tampere", "tut6")
SEEDS = (0, 1, 2)
UPDATES = {"standard": None, "quick": 60}
# Paper, Table 1, stand-alone; it has no TUT6.
PAPER = {"tampere": {"dnn": 11.03, "cnnloc": 10.06, "bayescnn": 10.31, "baat": 7.99}}
_TITLES = {
    "knn": "k-NN, settings chosen on training data",
    "dnn": "DNN",
    "cnnloc": "CNNLoc",
    "bayescnn": "BayesCNN",
    "baat": "bAaT",
}


def cells() -> Iterator[Cell]:
    """All cells, seed by seed, so that a stopped run has whole seeds; what takes longest first."""
    for seed in SEEDS:
        for target in TARGETS:
            for network in ("baat", "bayescnn", "cnnloc", "dnn"):
                yield Cell(target, "", network, "none", "default", seed)
            yield Cell(target, "", "knn", "none", "", seed)


def page(rows: Rows, budget: str) -> str:
    """The Markdown page of the finished cells of one budget."""
    parts = [
        "# The networks on their own",
        f"Made by `tutelage reproduce networks --budget {budget}`: default recipe, no teacher, positions "
        "alone. Mean 2-D error on the standard test split in metres of the data set, every seed shown; ± is "
        "the standard deviation over seeds. Each test split was opened once a cell; nothing was chosen on "
        "it. Seconds are of one core.",
        *(_section([row for row in rows if row["target"] == target], target) for target in TARGETS),
    ]
    return "\n\n".join(parts) + "\n"


def _section(rows: Rows, target: str) -> str:
    lines = [
        f"## Target {target}",
        "",
        "| network | mean error (m) | seeds | median | 75 % | 95 % | updates | seconds | the paper prints |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for network, title in _TITLES.items():
        group = sorted((row for row in rows if row["network"] == network), key=lambda row: int(row["seed"]))
        if not group:
            continue
        errors = [float(row["mae_m"]) for row in group]
        columns = [mean(float(row[name]) for row in group) for name in ("median_m", "p75_m", "p95_m")]
        lines.append(
            f"| {title} | {with_spread(errors)} | {' / '.join(f'{error:.2f}' for error in errors)} | "
            + " | ".join(f"{value:.2f}" for value in columns)
            + f" | {_updates(network)} | {mean(float(row['train_seconds']) for row in group):.0f}"
            + f" | {PAPER.get(target, {}).get(network, '-')} |"
        )
    return "\n".join(lines)


def _updates(network: str) -> str:
    """Updates of the default recipe; pre-training comes on top."""
    if network == "knn":
        return "-"
    return f"{distilling_recipe('default', {}, network_spec(network)).updates:,}"
