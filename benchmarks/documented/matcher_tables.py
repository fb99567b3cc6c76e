"""Tables of research/matcher.md: choices on training scans that were held out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import mean

from benchmarks.documented.page_blocks import Row, Table, table_lines

__all__ = [
    "choice_table",
    "distilled_table",
    "length_table",
    "lesson_table",
    "own_weight_table",
    "sharpness_table",
]

OWN_WEIGHT = 0.67  # of the fine-tuned weights in the mean, in the table of lessons
LONGEST, ALONE = "31 rounds, 2e-3", "own map alone"


def choice_table(choice: str, title: str) -> Table:
    """Return what makes the table of a choice: a row a radio map, a column a value."""

    def table(rows: Sequence[Row]) -> list[str]:
        of_choice = [row for row in rows if row["choice"] == choice]
        values = [*dict.fromkeys(str(row["value"]) for row in of_choice)]
        titles = [value if choice == "lesson" else f"{float(value):g}" for value in values]
        lines = []
        for (survey, fraction), group in groupby(
            of_choice, lambda row: (row["survey"], float(row["fraction"]))
        ):
            own = list(group)
            points = mean(int(row["n_points"]) for row in own)
            place = f"{survey}, {fraction:.0%}" if fraction < 1 else survey
            lines.append([place, f"{points:.0f}", *_mean_errors(own, "value", values)])
        return table_lines([title, "points", *titles], lines)

    return table


def sharpness_table(rows: Sequence[Row]) -> list[str]:
    """Return mean errors over seeds, a row a kind of radio map, the smallest first."""
    values = [*dict.fromkeys(str(row["sharpness"]) for row in rows)]
    lines = []
    for (survey, unit, fraction), group in groupby(
        rows, lambda row: (row["survey"], row["drawn"], float(row["fraction"]))
    ):
        own = list(group)
        points = mean(int(row["n_points"]) for row in own)
        place = f"{survey}, {fraction:.0%} of the {unit}" if fraction < 1 else survey
        lines.append((points, [place, f"{points:.0f}", *_mean_errors(own, "sharpness", values)]))
    lines.sort(key=lambda line: line[0])
    head = ["pretrained matcher, by `sharpness`", "points", *values]
    return table_lines(head, [cells for _, cells in lines])


def lesson_table(rows: Sequence[Row]) -> list[str]:
    """Return mean errors by how long a matcher is fine-tuned, a row a radio map."""
    lessons = [*dict.fromkeys(str(row["lesson"]) for row in rows)]
    columns = [(lesson, lesson, 1.0 if lesson == ALONE else OWN_WEIGHT) for lesson in lessons]
    return _fine_tuning_table(rows, columns)


def own_weight_table(rows: Sequence[Row]) -> list[str]:
    """Return mean errors by the share of the fine-tuned weights in the mean, a row a radio map."""
    shares = sorted({float(row["share"]) for row in rows if row["lesson"] == LONGEST})
    return _fine_tuning_table(rows, [(f"{share:g}", LONGEST, share) for share in shares])


def length_table(rows: Sequence[Row]) -> list[str]:
    """Return mean errors over seeds by the length of the fine-tuning, a row a radio map, and the change."""
    lessons = [*dict.fromkeys(str(row["lesson"]) for row in rows)]
    lines, changes = [], []
    for (survey, held_out), group in groupby(rows, lambda row: (row["survey"], row["held_out"])):
        own = list(group)
        means_m = [mean(float(row["mae_m"]) for row in own if row["lesson"] == each) for each in lessons]
        changes.append([after_m / means_m[0] - 1 for after_m in means_m[1:]])
        scans = mean(int(row["n_scans"]) for row in own)
        cells = [f"{means_m[0]:.2f}"]
        cells += [f"{m:.2f} ({change:+.1%})" for m, change in zip(means_m[1:], changes[-1], strict=True)]
        lines.append([f"{survey}, {_held_out_words(held_out)}", f"{scans:.0f}", *cells])
    lines.append(["mean", "", "", *(f"{mean(each):+.1%}" for each in zip(*changes, strict=True))])
    return table_lines(["survey, held out", "scans", *lessons], lines)


def _held_out_words(held_out: str) -> str:
    return held_out if held_out in ("points", "users") else f"all but {float(held_out):.0%} of the points"


def _fine_tuning_table(rows: Sequence[Row], columns: Sequence[tuple[str, str, float]]) -> list[str]:
    """Return a table whose columns have a title, a lesson and a share each."""
    places = dict.fromkeys((row["survey"], row["held_out"]) for row in rows)
    lines = []
    for survey, held_out in places:
        own = [row for row in rows if (row["survey"], row["held_out"]) == (survey, held_out)]
        errors = [_errors_by_seed(own, lesson, share) for _, lesson, share in columns]
        if not any(errors):
            continue
        # Only seeds that every column has compare the columns.
        seeds = set.intersection(*(set(each) for each in errors if each))
        means = [f"{mean(each[seed] for seed in seeds):.2f}" if each else "-" for each in errors]
        points = mean(int(row["n_points"]) for row in own if int(row["seed"]) in seeds)
        lines.append([f"{survey}, {_held_out_words(held_out)}", f"{points:.0f}", *means])
    return table_lines(["survey, held out", "points", *(title for title, _, _ in columns)], lines)


def _errors_by_seed(rows: Sequence[Row], lesson: str, share: float) -> dict[int, float]:
    own = [row for row in rows if (row["lesson"], float(row["share"])) == (lesson, share)]
    return {int(row["seed"]): float(row["mae_m"]) for row in own}


def distilled_table(rows: Sequence[Row]) -> list[str]:
    """Return mean errors of the matcher and of the networks that learn from it."""
    titles = {
        "knn_m": "k-NN",
        "matcher_m": "matcher",
        "dnn_m": "DNN",
        "dnn_mixed_m": "DNN, mixed scans at the mean place (control)",
        "dnn_taught_m": "DNN, mixed scans where the matcher puts them",
    }
    lines = []
    for (survey, share), group in groupby(rows, lambda row: (row["survey"], float(row["share"]))):
        own = list(group)
        means = [f"{mean(float(row[name]) for row in own):.2f}" for name in titles]
        lines.append([f"{survey.upper()}, {share:.0%}", str(own[0]["n_scans"]), *means])
    return table_lines(["survey, share of its reference points", "scans", *titles.values()], lines)


def _mean_errors(rows: Sequence[Row], column: str, values: Sequence[str]) -> list[str]:
    means = [mean(float(row["mae_m"]) for row in rows if str(row[column]) == value) for value in values]
    return [f"{error_m:.2f}" for error_m in means]
