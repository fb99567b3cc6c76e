"""docs/calibration.md's table: how often radii hold the truth on test scans, and how that ages.

    python -m benchmarks.calibration [--networks knn,matcher,blend] [--surveys tut5,...] [--seeds 5]

Rows of results/calibration.csv are kept where a survey, network and seed is measured in full, else made anew.
A matcher or blend has a teacher that did not learn in the survey; the one that we ship learnt in all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.keeping import keep_rows, kept_rows, put_into_page
from tutelage import Localizer, evaluate, load
from tutelage.experiments.buildings import sources_of_matcher
from tutelage.experiments.cell_work import TeachJob, teach_cell
from tutelage.experiments.cells import Cell
from tutelage.experiments.compared_methods import WITH_MATCHER
from tutelage.experiments.result_files import TeacherFiles
from tutelage.methods.matcher import PretrainedMatcher

RESULTS, PAGE = Path("results/calibration.csv"), Path("docs/calibration.md")
SETS = ("ujiindoorloc", "tampere", "tut1", "tut5", "tut6", "tut7", "dsi1")
LIBRARY, MONTHS = "uji_library:1", (1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 25)
LEVELS = (0.5, 0.8, 0.95)
OWN_MAP = {"matcher": "fine_tune", "blend": "matcher.fine_tune"}
GOAL = 0.02  # how far coverage may be from what was asked
COLUMNS = (
    *("survey", "scans", "network", "level", "seed", "points", "n", "mae_m", "coverage", "radius_m"),
    *("n_refused", "false_refusals", "fit_seconds"),
)

Row = dict[str, str]


def asked_of(survey: str) -> list[str]:
    """The scans that a model of the survey is asked about."""
    return [f"uji_library:{month}" for month in MONTHS] if survey == LIBRARY else [survey]


def taught_elsewhere(survey: str, seed: int) -> PretrainedMatcher:
    """The teacher of `tutelage reproduce accuracy`, made unless it is there."""
    name = survey.partition(":")[0]
    (cell,) = Cell(name, sources_of_matcher(name), "matcher", "others", "full", 1.0, seed).teachers
    files = TeacherFiles(RESULTS.parent)
    if cell not in files:
        files.add(cell, teach_cell(TeachJob(cell, None)))
    return PretrainedMatcher.from_bytes(files.read(cell), name="the teacher")


def rows_of(survey: str, network: str, seed: int) -> Iterable[dict[str, Any]]:
    """One fit, asked about its own test scans, or the library's about those of later months too."""
    teachers = [taught_elsewhere(survey, seed)] if network in WITH_MATCHER else ()
    settings = {OWN_MAP[network]: True} if network in WITH_MATCHER else {}
    model = Localizer(network, teachers=teachers, settings=settings, seed=seed, device="cpu").fit(
        load(survey)
    )
    known = model.calibration_
    assert known is not None
    for scans in asked_of(survey):
        on = load(scans)
        for level in LEVELS:
            figures = evaluate(model, on, level=level, source_too=True).figures()
            yield {
                "survey": survey,
                "scans": scans,
                "network": network,
                "level": level,
                "seed": seed,
                "points": known.n_points,
                **{name: figures[name] for name in ("n", "mae_m", "coverage", "radius_m", "n_refused")},
                "false_refusals": known.false_refusals,
                "fit_seconds": model.lineage_["fit_seconds"],
            }


def of_run(rows: Sequence[Row], survey: str, network: str, seed: int) -> list[Row]:
    """The rows of one fit."""
    wanted = survey, network, str(seed)
    return [row for row in rows if (row["survey"], row["network"], row["seed"]) == wanted]


def is_finished(rows: Sequence[Row], survey: str, network: str, seed: int) -> bool:
    """Whether all that is asked of a fit is there."""
    there = {(row["scans"], float(row["level"])) for row in of_run(rows, survey, network, seed)}
    return there >= {(scans, level) for scans in asked_of(survey) for level in LEVELS}


# -- the page ---------------------------------------------------------------------------------------------


def grouped(rows: Sequence[Row]) -> dict[tuple[str, str, str], dict[float, list[Row]]]:
    """By survey, scans and network, then by level: a row a seed."""
    groups: dict[tuple[str, str, str], dict[float, list[Row]]] = {}
    for row in rows:
        of_levels = groups.setdefault((row["survey"], row["scans"], row["network"]), {})
        of_levels.setdefault(float(row["level"]), []).append(row)
    return groups


def over_seeds(rows: Sequence[Row], name: str, style: str) -> str:
    """Mean, and with several seeds the range."""
    found = [float(row[name]) for row in rows]
    shown = format(mean(found), style)
    return shown if len(found) == 1 else f"{shown} ({min(found):{style}} to {max(found):{style}})"


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as Markdown; a survey's levels side by side."""
    head = "| survey | scans | network | seeds | held-out points | mean error (m) | "
    head += "coverage at 50 / 80 / 95 % | median radius at 95 % (m) | refused (at most) |"
    lines = [head, "|" + "---|" * 9]
    for names, of_levels in grouped(rows).items():
        last = of_levels[LEVELS[-1]]
        shares = [
            over_seeds(of_levels[level], "coverage", ".1%") if level in of_levels else "-" for level in LEVELS
        ]
        refused = sum(int(row["n_refused"]) for row in last) / sum(int(row["n"]) for row in last)
        cells = [*names, str(len(last)), last[0]["points"], over_seeds(last, "mae_m", ".2f")]
        cells += [" / ".join(shares), over_seeds(last, "radius_m", ".1f")]
        lines.append(
            "| " + " | ".join([*cells, f"{refused:.1%} ({float(last[0]['false_refusals']):.1%})"]) + " |"
        )
    return lines


def sentences(rows: Sequence[Row]) -> list[str]:
    """Of each network, on which surveys' own test scans coverage is within the goal, and on which not."""
    own = {names: group for names, group in grouped(rows).items() if names[0] == names[1]}
    goal = f"within {100 * GOAL:g} points of what was asked"
    said = [f"The goal is a coverage {goal}, on the survey's own test scans (points off in brackets):", ""]
    for network in dict.fromkeys(names[2] for names in own):
        for level in reversed(LEVELS):
            off = {
                names[0]: mean(float(row["coverage"]) for row in group[level]) - level
                for names, group in own.items()
                if names[2] == network and level in group
            }
            met = [_with_points(name, off[name]) for name in off if abs(off[name]) <= GOAL]
            missed = [_with_points(name, off[name]) for name in off if abs(off[name]) > GOAL]
            words = f"{', '.join(met) or 'none'}; not met: {', '.join(missed) or 'none'}"
            said.append(f"- {network}, {level:.0%}: met by {words}.".replace("%:", " %:"))
    return said


def _with_points(survey: str, off: float) -> str:
    return f"{survey} ({round(100 * off, 1) + 0.0:+.1f})"


def main() -> None:
    """Run what is not finished, then write the page."""
    rows: list[Row] = kept_rows(RESULTS)
    committed = max((int(row["seed"]) + 1 for row in rows), default=1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default="knn")
    parser.add_argument("--surveys", default=",".join((*SETS, LIBRARY)))
    parser.add_argument("--seeds", type=int, default=committed, help="0 to N - 1; else as many as there are")
    given = parser.parse_args()
    for network in given.networks.split(","):
        for survey in given.surveys.split(","):
            for seed in range(given.seeds):
                if is_finished(rows, survey, network, seed):
                    continue
                began = time.monotonic()
                before = of_run(rows, survey, network, seed)
                rows = [row for row in rows if row not in before]
                found = rows_of(survey, network, seed)
                rows += [{name: str(value) for name, value in row.items()} for row in found]
                keep_rows(RESULTS, COLUMNS, rows)
                print(f"{survey} {network} {seed}: {time.monotonic() - began:.0f} s", flush=True)
    put_into_page(PAGE, RESULTS, ["", *table(rows), "", *sentences(rows), ""])


if __name__ == "__main__":
    main()
