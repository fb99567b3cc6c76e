"""Both phases in both directions between UJIIndoorLoc and Tampere, with the controls.

The page shows every seed, its spread, and what the figures say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean

from tutelage.experiments.markdown import with_spread
from tutelage.experiments.models import Cell

__all__ = ["PAPER", "SEEDS", "TARGETS", "UPDATES", "cells", "page"]

Rows = Sequence[dict[str, str]]

TARGETS = ("ujiindoorloc", "tampere")
SEEDS = (0, 1, 2)
UPDATES = {"standard": 4000, "quick": 60}

# Paper, Table 1: DNN stand-alone and with the whole framework (sources: the two other buildings).
PAPER = {"ujiindoorloc": (14.04, 11.98), "tampere": (11.03, 8.86)}
_METHODS = {
    ("knn", "none"): "k-NN, settings chosen on training data",
    ("dnn", "none"): "DNN, own data only",
    ("dnn", "untrained"): "DNN, untrained teacher (control)",
    ("dnn", "taught"): "DNN, teacher from the other building",
}


def cells() -> Iterator[Cell]:
    """All cells, seed by seed, so that a stopped run has whole seeds."""
    for seed in SEEDS:
        for target, source in (TARGETS, TARGETS[::-1]):
            yield Cell(target, "", "knn", "none", "", seed)
            for recipe in ("default", "paper"):
                yield Cell(target, "", "dnn", "none", recipe, seed)
                yield Cell(target, "", "dnn", "untrained", recipe, seed)
                yield Cell(target, source, "dnn", "taught", recipe, seed)


def page(rows: Rows, teachers: Rows, budget: str) -> str:
    """The Markdown page of the finished cells and teachers of one budget."""
    parts = [
        "# Both phases between UJIIndoorLoc and Tampere",
        f"Made by `tutelage reproduce spine --budget {budget}`: about {UPDATES[budget]:,} updates a stage, "
        "in either recipe. Mean 2-D error on the standard test split in metres of the data set, every seed "
        "shown; ± is the standard deviation over seeds. Each test split was opened once a cell; nothing was "
        "chosen on it.",
        "A gain over *own data only* that the untrained teacher gives as well is regularisation: a transfer "
        "has to beat the untrained teacher.",
        *(
            _target_section([row for row in rows if row["target"] == target], target)
            for target in dict.fromkeys(row["target"] for row in rows)
        ),
        _teachers_section(teachers),
    ]
    return "\n\n".join(parts) + "\n"


def _target_section(rows: Rows, target: str) -> str:
    alone, framework = PAPER[target]
    lines = [
        f"## Target {target}",
        "",
        "| recipe | method | mean error (m) | seeds | median | 75 % | 95 % | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for row in sorted(rows, key=lambda row: int(row["seed"])):
        groups.setdefault((row["recipe"], row["network"], row["method"]), []).append(row)
    for (recipe, network, method), group in sorted(groups.items(), key=_order):
        errors = [float(row["mae_m"]) for row in group]
        columns = [mean(float(row[name]) for row in group) for name in ("median_m", "p75_m", "p95_m")]
        seeds = " / ".join(f"{error:.2f}" for error in errors)
        seconds = mean(float(row["train_seconds"]) for row in group)
        lines.append(
            f"| {recipe or '-'} | {_METHODS[network, method]} | {with_spread(errors)} | {seeds} | "
            + " | ".join(f"{value:.2f}" for value in columns)
            + f" | {seconds:.0f} |"
        )
    lines.append(f"| paper | printed: DNN alone | {alone} | - | - | - | - | - |")
    lines.append(f"| paper | printed: DNN, whole framework, two sources | {framework} | - | - | - | - | - |")
    return "\n".join(lines) + "\n\n" + _sentences(groups)


def _order(item: tuple[tuple[str, str, str], object]) -> tuple[int, int]:
    recipe, network, method = item[0]
    return ["", "default", "paper"].index(recipe), list(_METHODS).index((network, method))


def _sentences(groups: dict[tuple[str, str, str], list[dict[str, str]]]) -> str:
    """What the differences over paired seeds say, generated from them."""
    said = []
    for recipe in ("default", "paper"):
        by_seed = {
            method: {row["seed"]: float(row["mae_m"]) for row in groups.get((recipe, "dnn", method), [])}
            for method in ("none", "untrained", "taught")
        }
        shared = sorted(set.intersection(*(set(errors) for errors in by_seed.values())))
        if not shared:
            continue
        against = []
        for control, name in (("none", "own data only"), ("untrained", "the untrained teacher")):
            gains = [by_seed[control][seed] - by_seed["taught"][seed] for seed in shared]
            better = sum(gain > 0 for gain in gains)
            against.append(
                f"{with_spread(gains)} m against {name} (better in {better} of {len(gains)} seeds)"
            )
        said.append(f"In the `{recipe}` recipe the trained teacher gains {' and '.join(against)}.")
    return " ".join(said)


def _teachers_section(teachers: Rows) -> str:
    lines = [
        "## Teachers",
        "",
        "Measured on reference points held out of the source's training data, in metres of its data set. A "
        "collapsed generator has a spread near 0 and the error of the centroid.",
        "",
        "| source | recipe | seed | source network | generator | centroid | cosine | spread |",
        "|---|---|---|---|---|---|---|---|",
    ]
    names = ("source_mae_m", "generator_mae_m", "centroid_mae_m", "angular_similarity", "spread")
    lines += [
        f"| {row['source']} | {row['recipe']} | {row['seed']} | "
        + " | ".join(f"{float(row[name]):.2f}" for name in names)
        + " |"
        for row in sorted(teachers, key=lambda row: (row["source"], row["recipe"], row["seed"]))
    ]
    return "\n".join(lines)
