"""Tables of how often radii hold the true place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean

from benchmarks.documented.page_blocks import Row, table_lines
from benchmarks.documented.titles import BUILDINGS

__all__ = ["coverage_overview", "coverage_table", "default_model_table", "limit_lines"]

GOAL = 0.02  # how far coverage may be from the level
LIBRARY = "uji_library:1"

SURVEYS = {
    **BUILDINGS,
    "tut1": "TUT1",
    "tut5": "TUT5",
    "tut7": "TUT7",
    "wifine": "WiFine, by walks",
    LIBRARY: "UJI library, month 1",
}

Levels = dict[str, list[Row]]
"""The rows of a model by level, a row a seed."""


def coverage_table(rows: Sequence[Row]) -> list[str]:
    """Return a row a survey and method, then the surveys that meet the goal."""
    head = ["survey", "scans", "method", "seeds", "held-out points", "mean error (m)"]
    head += ["coverage at 50 / 80 / 95 %", "median radius at 95 % (m)", "refused (at most)"]
    return [*table_lines(head, map(_coverage_cells, _models(rows).values())), "", *_goal_lines(rows)]


def _coverage_cells(levels: Levels) -> list[str]:
    last = levels["0.95"]
    first = last[0]
    shares = " / ".join(
        _over_seeds(levels[level], "coverage", ".1%") if level in levels else "-"
        for level in ("0.5", "0.8", "0.95")
    )
    refused = sum(int(row["n_refused"]) for row in last) / sum(int(row["n"]) for row in last)
    return [
        *(first[name] for name in ("survey", "scans", "network")),
        str(len(last)),
        first["points"],
        _over_seeds(last, "mae_m", ".2f"),
        shares,
        _over_seeds(last, "radius_m", ".1f"),
        f"{refused:.1%} ({float(first['false_refusals']):.1%})",
    ]


def _goal_lines(rows: Sequence[Row]) -> list[str]:
    """Return, for each method and level, the surveys within the goal and the others."""
    own = {names: levels for names, levels in _models(rows).items() if names[0] == names[1]}
    lines = [
        f"The goal is a coverage within {100 * GOAL:g} points of the level, on the survey's own test scans. "
        "Brackets show how many points it is off.",
        "",
    ]
    for network in dict.fromkeys(names[2] for names in own):
        for level in ("0.95", "0.8", "0.5"):
            off = {
                names[0]: _coverage(levels[level]) - float(level)
                for names, levels in own.items()
                if names[2] == network and level in levels
            }
            if not off:
                continue
            met = [_points_off(survey, off[survey]) for survey in off if abs(off[survey]) <= GOAL]
            missed = [_points_off(survey, off[survey]) for survey in off if abs(off[survey]) > GOAL]
            words = f"met by {', '.join(met) or 'none'}; not met: {', '.join(missed) or 'none'}."
            lines.append(f"- {network}, {100 * float(level):.0f} %: {words}")
    return lines


def limit_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Return the figures of where radii fail: other devices, later months, other seeds."""
    models = _models(rows)
    own = {names[0]: levels for names, levels in models.items() if names[0] == names[1] and names[2] == "knn"}
    missing = {survey: 95 - 100 * _coverage(own[survey]["0.95"]) for survey in ("tut1", "tut5")}
    of_dnn = 95 - 100 * _coverage(models["tut5", "tut5", "dnn"]["0.95"])
    yield (
        f"- k-NN's radii at 95 % hold TUT1's test scans {missing['tut1']:.0f} points too seldom and TUT5's "
        f"{missing['tut5']:.0f} points. The DNN's radii hold TUT5's {of_dnn:.0f} points too seldom."
    )
    [first_seed] = [row for row in own["tut1"]["0.95"] if row["seed"] == "0"]
    yield f"- With seed 0, {100 * float(first_seed['coverage']):.1f} % of TUT1's test scans lie within them."
    first = models[LIBRARY, LIBRARY, "knn"]
    last = models[LIBRARY, "uji_library:24", "knn"]
    errors = [mean(float(row["mae_m"]) for row in levels["0.95"]) for levels in (first, last)]
    lost = {level: 100 * (_coverage(first[level]) - _coverage(last[level])) for level in ("0.8", "0.5")}
    months = [levels["0.95"] for names, levels in models.items() if names[0] == LIBRARY]
    lowest = min(float(row["coverage"]) for month in months for row in month)
    yield (
        f"- In the library, k-NN's mean error grows from {errors[0]:.1f} to {errors[1]:.1f} m over 24 "
        f"months. Its radii at 80 % then hold {lost['0.8']:.0f} points fewer, those at 50 % "
        f"{lost['0.5']:.0f} points. "
        f"At 95 % they hold at least {100 * lowest:.1f} % in every month and seed."
    )
    shares = [[100 * float(row["coverage"]) for row in levels["0.95"]] for levels in own.values()]
    spans = [max(each) - min(each) for each in shares if len(each) > 1]
    yield (
        f"- From seed to seed, k-NN's coverage at 95 % moves by {min(spans):.0f} to {max(spans):.0f} points, "
        "because other points are held out."
    )


def default_model_table(rows: Sequence[Row]) -> list[str]:
    """Return how often the blend's radii at 95 % hold the test scans, a row a survey."""
    blend = [row for row in rows if (row["network"], row["method"]) == ("blend", "both") and row["coverage"]]
    lines = []
    for target in ("ujiindoorloc", "tampere", "tut6"):
        shares = [100 * float(row["coverage"]) for row in blend if row["target"] == target]
        figures = [f"{share:.1f} %" for share in (mean(shares), min(shares), max(shares))]
        lines.append([BUILDINGS[target], *figures, str(len(shares))])
    return table_lines(["test scans within the radius at 95 %", "mean", "lowest", "highest", "seeds"], lines)


def coverage_overview(rows: Sequence[Row]) -> list[str]:
    """Return what `fit` says of k-NN and what the survey's own test scans say, the rarest held first."""
    lines = []
    for (survey, scans, network), levels in _models(rows).items():
        if survey == scans and network == "knn":
            last = levels["0.95"]
            lowest = min(float(row["coverage"]) for row in last)
            shares = [f"{_coverage(levels[level]):.1%}" for level in ("0.5", "0.8", "0.95")]
            errors = [f"{mean(float(row[name]) for row in last):.2f}" for name in ("held_out_mae_m", "mae_m")]
            cells = [SURVEYS[survey], last[0]["points"], *errors, *shares, f"{lowest:.1%}", str(len(last))]
            lines.append((_coverage(last), cells))
    lines.sort(key=lambda line: line[0])
    head = ["k-NN", "held out", "error held out (m)", "error measured (m)", "within the radius at 50 %"]
    head += ["at 80 %", "at 95 %", "lowest at 95 %", "seeds"]
    return table_lines(head, [cells for _, cells in lines])


def _models(rows: Sequence[Row]) -> dict[tuple[str, str, str], Levels]:
    """Return the rows by survey, scans and method, then by level."""
    models: dict[tuple[str, str, str], Levels] = {}
    for row in rows:
        levels = models.setdefault((row["survey"], row["scans"], row["network"]), {})
        levels.setdefault(row["level"], []).append(row)
    return models


def _coverage(rows: Sequence[Row]) -> float:
    return mean(float(row["coverage"]) for row in rows)


def _points_off(survey: str, off: float) -> str:
    return f"{survey} ({round(100 * off, 1) + 0.0:+.1f})"


def _over_seeds(rows: Sequence[Row], column: str, style: str) -> str:
    """Return the mean, and with several seeds the range."""
    figures = [float(row[column]) for row in rows]
    shown = format(mean(figures), style)
    return shown if len(figures) == 1 else f"{shown} ({min(figures):{style}} to {max(figures):{style}})"
