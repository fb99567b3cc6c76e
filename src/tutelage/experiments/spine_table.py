"""The spine's results as a Markdown page: every seed, its spread, and what the figures say."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev

__all__ = ["spine_markdown"]

Rows = Sequence[dict[str, str]]

# Paper, Table 1: DNN stand-alone and with the whole framework (sources: the two other buildings).
PAPER = {"ujiindoorloc": (14.04, 11.98), "tampere": (11.03, 8.86)}
_METHODS = {
    ("knn", "none"): "k-NN, settings chosen on training data",
    ("dnn", "none"): "DNN, own data only",
    ("dnn", "untrained"): "DNN, untrained teacher (control)",
    ("dnn", "taught"): "DNN, teacher from the other building",
}


def spine_markdown(rows: Rows, teachers: Rows, budget: str) -> str:
    """The page, from the rows of one budget."""
    rows = [row for row in rows if row["budget"] == budget]
    teachers = [row for row in teachers if row["budget"] == budget]
    parts = [
        "# Both phases between UJIIndoorLoc and Tampere",
        f"Made by `tutelage reproduce spine --budget {budget}`. Mean 2-D error on the standard test split in "
        "metres of the data set, every seed shown; ± is the standard deviation over seeds. Each test split "
        "was opened once a cell; nothing was chosen on it.",
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
    for row in rows:
        groups.setdefault((row["recipe"], row["network"], row["method"]), []).append(row)
    for (recipe, network, method), group in sorted(groups.items(), key=_order):
        errors = [float(row["mae_m"]) for row in group]
        columns = [mean(float(row[name]) for row in group) for name in ("median_m", "p75_m", "p95_m")]
        seeds = " / ".join(f"{error:.2f}" for error in errors)
        seconds = mean(float(row["train_seconds"]) for row in group)
        lines.append(
            f"| {recipe or '-'} | {_METHODS[network, method]} | {_with_spread(errors)} | {seeds} | "
            + " | ".join(f"{value:.2f}" for value in columns)
            + f" | {seconds:.0f} |"
        )
    lines.append(f"| paper | printed: DNN alone | {alone} | - | - | - | - | - |")
    lines.append(f"| paper | printed: DNN, whole framework, two sources | {framework} | - | - | - | - | - |")
    return "\n".join(lines) + "\n\n" + _sentence(groups, target)


def _order(item: tuple[tuple[str, str, str], object]) -> tuple[int, int]:
    recipe, network, method = item[0]
    return ["", "default", "paper"].index(recipe), list(_METHODS).index((network, method))


def _sentence(groups: dict[tuple[str, str, str], list[dict[str, str]]], target: str) -> str:
    """What the paired differences say, generated from them."""
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
        for control in ("none", "untrained"):
            gains = [by_seed[control][seed] - by_seed["taught"][seed] for seed in shared]
            verdict = (
                "better" if min(gains) > 0 else "worse" if max(gains) < 0 else "not consistently different"
            )
            against.append(f"{verdict} than `{control}` (by {_with_spread(gains)} m)")
        said.append(f"In the `{recipe}` recipe the taught DNN is {' and '.join(against)} over paired seeds")
    return "; ".join(said) + f", on {target}." if said else ""


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


def _with_spread(values: Sequence[float]) -> str:
    return f"{mean(values):.2f}" + (f" ± {stdev(values):.2f}" if len(values) > 1 else "")
