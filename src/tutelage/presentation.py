"""What the command line shows: tables for people, JSON for machines."""

from __future__ import annotations

import csv
import io
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:  # only named in signatures: showing data sets does not wait for PyTorch
    from tutelage.check import SurveyCheck
    from tutelage.comparison import Comparison
    from tutelage.datasets import DatasetStatus
    from tutelage.evaluation import Evaluation
    from tutelage.fingerprints import Survey
    from tutelage.localizer import Localizer
    from tutelage.matching.calibration import Calibration
    from tutelage.networks import NetworkFile
    from tutelage.planning import Estimate, SurveyPlan
    from tutelage.positions import Positions
    from tutelage.scorer import ScorerCard
    from tutelage.statistics import Difference
    from tutelage.teaching import TeacherCard

__all__ = [
    "plain",
    "positions_text",
    "show_check",
    "show_comparison",
    "show_datasets",
    "show_evaluations",
    "show_fit",
    "show_pairs",
    "show_plan",
    "show_survey",
    "show_teachers",
    "show_tuned",
]

_SHOWN = 6  # rows or names of a finding
_FIGURES = {
    "n": "scans",
    "n_no_position": "no position",
    "mae_m": "mean",
    "median_m": "median",
    "p75_m": "75 %",
    "p95_m": "95 %",
    "ground_mae_m": "mean, ground",
    "floor_hit": "floor hit",
    "building_hit": "building hit",
    "ipin_p75_m": "IPIN score",
    "evaal_mae_m": "EvAAL score",
    "coverage": "coverage",
    "radius_m": "radius",
}


_QUALITY = {
    "source_mae_m": "source network",
    "generator_mae_m": "generator",
    "centroid_mae_m": "centroid",
    "angular_similarity": "cosine",
    "spread": "spread",
}


def plain(text: str) -> str:
    """Text of the user's, safe to print where markup is understood."""
    return escape(text)


def show_datasets(sets: Sequence[DatasetStatus], as_json: bool) -> None:
    """The public data sets."""
    if as_json:
        print(json.dumps([asdict(s) for s in sets]))
        return
    table = Table("name", "title", "train", "test", "access points", "MB", "licence", "here")
    for s in sets:
        counts = [f"{n:,}" for n in (s.n_train, s.n_test, s.n_access_points)]
        table.add_row(s.name, s.title, *counts, f"{s.size_bytes / 1e6:.1f}", s.licence, s.where)
    _print(table)


def show_survey(survey: Survey, as_json: bool) -> None:
    """A survey in figures."""
    figures = {
        "name": survey.name,
        "n_train": len(survey.train),
        "n_test": 0 if survey.test is None else len(survey.test),
        "access_points": survey.train.n_access_points,
        "heard_per_scan": round(float(survey.train.n_heard.mean()), 1),
        "licence": survey.licence,
    }
    show_pairs(figures, as_json)


def show_check(found: SurveyCheck, as_json: bool) -> None:
    """What a survey check found, the worst first; rows and names in full in JSON alone."""
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    counts = (
        f"{found.n_train:,} training and {found.n_test:,} test scans, {found.n_access_points:,} access points"
    )
    _print(f"{plain(found.name)}: {counts}")
    if not found.findings:
        _print("nothing found")
        return
    table = Table("", "what", "where", "what to do", show_lines=True)
    for each in found.findings:
        where = [each.split] if each.split else []
        where += [f"{found.row_name} {_few(each.rows)}"] if each.rows else []
        where += [f"access points {_few(each.access_points)}"] if each.access_points else []
        what = f"{plain(each.message)} ({each.code})"
        table.add_row(each.severity, what, plain("; ".join(where)), plain(each.advice))
    _print(table)
    _print(f"{found.n_errors} errors among {len(found.findings)} findings; every row and name: --json")


def _few(names: Sequence[object]) -> str:
    shown = ", ".join(map(str, names[:_SHOWN]))
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN:,} more"


def show_teachers(cards: Mapping[str, TeacherCard | ScorerCard], as_json: bool) -> None:
    """Teacher files and what they say of themselves."""
    if as_json:
        _print_json([{"file": file, **card.model_dump()} for file, card in cards.items()])
        return
    table = Table(
        "teacher", "source", "network", "d_e", "recipe", title="mean errors in m, on held-out places"
    )
    for heading in _QUALITY.values():
        table.add_column(heading, justify="right")
    for file, card in cards.items():
        about = card.model_dump()
        quality = about.get("quality") or {}
        head = [plain(file), plain(_teacher_name(about)), about.get("network", "scorer")]
        head += [str(about.get("d_e", "")), about.get("recipe_name", "default")]
        table.add_row(*head, *(_number(quality.get(name)) for name in _QUALITY))
    _print(table)


def show_fit(model: Localizer, out: Path, as_json: bool) -> None:
    """What a model was made from."""
    lineage = model.lineage_
    figures = {
        "model": str(out),
        "network": model.network,
        "source": lineage["source"],
        "n_train": lineage["n_train"],
        "access_points": len(model.access_points_),
        "teachers": [_teacher_name(t) for t in lineage["teachers"]],
        **_transfer(lineage),
        **_update(lineage),
        "fit_seconds": lineage["fit_seconds"],
        **lineage["metrics"],
    }
    if model.calibration_ is not None:
        figures |= _calibration(model.calibration_)
    if "settings" in lineage:
        figures["settings"] = lineage["settings"]
    show_pairs(figures, as_json)


def _calibration(known: Calibration) -> dict[str, Any]:
    """What the radii rest on, and what they and the refusals promise."""
    return {
        "radius_from_points": known.n_points,
        "radius_highest_level": round(known.highest_level, 3),
        "false_refusals_at_most": round(known.false_refusals, 3),
    }


def _teacher_name(teacher: str | Mapping[str, Any]) -> str:
    if isinstance(teacher, str):
        return teacher
    return ", ".join(s["source"] for s in teacher.get("sources", [teacher]))


def _transfer(lineage: Mapping[str, Any]) -> dict[str, Any]:
    if "transfer" not in lineage:
        return {}
    return {"transfer": lineage["transfer"], "sources": [s["source"] for s in lineage["sources"]]}


def _update(lineage: Mapping[str, Any]) -> dict[str, Any]:
    if "updated_from" not in lineage:
        return {}
    before = lineage["updated_from"]
    return {"updated_from": f"{before['source']}, {before['n_train']} scans", "dropped": lineage["dropped"]}


def show_tuned(
    file: NetworkFile, out: Path, learnt_from: tuple[str, Sequence[str]], report: Path | None, as_json: bool
) -> None:
    """What a search found, what it gained, and the next command.

    Parameters
    ----------
    learnt_from : the target and the teachers, as they were named
    """
    found = file.found
    if found is None:
        raise ValueError("this file is from no search")
    if as_json:
        print(json.dumps({"file": str(out), **file.model_dump(mode="json")}))
        return
    default = found.default_held_out_mae_m
    figures = {
        "network": file.network,
        "settings": file.settings,
        "recipe": file.recipe,
        "held-out error, best": f"{found.held_out_mae_m:.2f} m",
        "held-out error, default": "failed" if default is None else f"{default:.2f} m",
        "trials": f"{found.n_finished} finished, {found.n_pruned} stopped early, {found.n_failed} failed",
        "file": str(out),
        **({"report": str(report)} if report else {}),
    }
    show_pairs(figures, as_json)
    target, teachers = learnt_from
    given = [*(("--teacher", teacher) for teacher in teachers)]
    given += [("--recipe", found.recipe_name)] if found.recipe_name != "default" else []
    words = ["tutelage", "fit", "--target", target, "--network", f"{file.network}:{out}", *chain(*given)]
    print(f"next: {shlex.join([*words, '--out', 'MODEL'])}")


def show_evaluations(
    found: Sequence[Evaluation], data_set: str, report: Path | None, as_json: bool = False
) -> None:
    """Figures of several models, a row each; columns in which there is nothing to see are left out."""
    if as_json:
        _print_json([{"model": evaluation.name, **evaluation.figures()} for evaluation in found])
        return
    rows = [evaluation.figures() for evaluation in found]
    shown = {key: heading for key, heading in _FIGURES.items() if any(row[key] is not None for row in rows)}
    if not any(row["n_no_position"] for row in rows):
        shown.pop("n_no_position")
    if all(row["ground_mae_m"] == row["mae_m"] for row in rows):
        shown.pop("ground_mae_m", None)
    table = Table("model", title=f"2-D error on {plain(data_set)}, in metres of the data set")
    for heading in shown.values():
        table.add_column(heading, justify="right")
    for evaluation, row in zip(found, rows, strict=True):
        table.add_row(plain(evaluation.name), *(_number(row[key]) for key in shown))
    _print(table)
    if report:
        Console().print(f"report: {plain(str(report))}", highlight=False)


def show_comparison(
    found: Comparison, target: str, report: Path | None, out: Path | None, as_json: bool
) -> None:
    """Every method with its intervals, the recommendation, and the next command.

    Parameters
    ----------
    target : the survey as it was named
    report, out : the page and the model that were written
    """
    take = found.recommended
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    table = Table(title=f"2-D error at reference points of {plain(found.name)} held out, in metres")
    for heading in (
        "method",
        "mean",
        "95 % interval",
        "against k-NN",
        "95 % interval",
        "median",
        "95 %",
        "fit (s)",
    ):
        table.add_column(heading, justify="left" if heading == "method" else "right")
    for standing in found.standings:
        figures, name = standing.evaluation.figures(), plain(standing.candidate.name)
        error, against = standing.error, standing.against_knn
        row = [
            f"[bold]{name}[/]" if standing is take.standing else name,
            _number(error.mean),
            _interval(error),
        ]
        row += ["-", "-"] if against is None else [f"{against.mean:+.2f}", _interval(against)]
        table.add_row(
            *row, *(_number(figures[key]) for key in ("median_m", "p95_m")), f"{standing.fit_seconds:.1f}"
        )
    _print(table)
    _print(f"take {plain(take.words)}")
    for what, path in (("report", report), ("model", out)):
        if path:
            _print(f"{what}: {plain(str(path))}")
    if not out:
        words = ["tutelage", "fit", "--target", target, *take.standing.candidate.words(), "--out", "MODEL"]
        print(f"next: {shlex.join(words)}")


def show_plan(found: SurveyPlan, report: Path | None, as_json: bool) -> None:
    """The learning curve, the places that need points most, and the sentence.

    Parameters
    ----------
    report : the page that was written
    """
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    curve = found.curve
    table = Table(
        title=f"{found.method.network}: 2-D error at reference points of {plain(found.name)} held out"
    )
    for heading in ("points", "mean (m)", "95 % interval"):
        table.add_column(heading, justify="right")
    for n_points, error in zip(curve.n_points, curve.errors, strict=True):
        table.add_row(f"{n_points:,.0f}", _number(error.mean), _interval(error))
    for words, n_points in (("all", curve.n_now), ("twice", 2 * curve.n_now)):
        error = curve.at(n_points)
        table.add_row(f"{words}, {n_points:,} (by the law)", _number(error.mean), _interval(error))
    _print(table)
    places = Table(
        title="Where more points would help most: around these, away from the points that are there"
    )
    named = ("x_m", "y_m", "floor", "building", "smoothed_error_m", "nearest_point_m")
    for heading in ("", "x (m)", "y (m)", "floor", "building", "error around (m)", "nearest point (m)"):
        places.add_column(heading, justify="right")
    for rank, record in enumerate(map(found.places.record, found.places.first), start=1):
        cells = [record[name] for name in named]
        places.add_row(str(rank), *(plain(c) if isinstance(c, str) else _number(c) for c in cells))
    _print(places)
    _print(f"{plain(found.name)}: {curve.words}")
    if report:
        _print(f"report: {plain(str(report))}")


def _interval(difference: Difference | Estimate) -> str:
    return f"{difference.low:.2f} to {difference.high:.2f}"


def positions_text(answers: Positions, as_json: bool) -> str:
    """Answers as JSON or CSV text."""
    records = answers.records()
    if as_json:
        return json.dumps(records, indent=1) + "\n"
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def show_pairs(figures: Mapping[str, Any], as_json: bool) -> None:
    """Figures by name, a row each."""
    if as_json:
        print(json.dumps(figures))
        return
    table = Table(show_header=False)
    for name, value in figures.items():
        table.add_row(name, plain(_in_words(value) or "none"))
    _print(table)


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={of_name}" for name, of_name in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """One object for one thing that was asked about, a list for several."""
    print(json.dumps(rows[0] if len(rows) == 1 else rows))


def _number(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, (int, np.integer)) else f"{value:.2f}"


def _print(table: Table | str) -> None:
    # Piped into a file there is no width to respect: show every column whole.
    (Console() if sys.stdout.isatty() else Console(width=160)).print(table)
