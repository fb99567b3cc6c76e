"""Data sets, a survey in figures, and what a check of it found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from tutelage.presentation.console import show, show_pairs
from tutelage.presentation.wording import counted, few, plain

if TYPE_CHECKING:  # only named in signatures: showing data sets does not wait for PyTorch
    from tutelage.data.check import SurveyCheck
    from tutelage.data.fingerprints import Survey
    from tutelage.data.surveys import DatasetStatus

__all__ = ["show_check", "show_datasets", "show_survey", "show_written_survey"]

_KEEPS_EPSG = "geojson"


def show_datasets(sets: Sequence[DatasetStatus], as_json: bool) -> None:
    """The public data sets."""
    if as_json:
        print(json.dumps([asdict(s) for s in sets]))
        return
    table = Table()
    table.add_column("name", no_wrap=True)  # to be typed, so whole on a narrow terminal as well
    for heading in ("title", "train", "test", "access points", "MB", "licence", "here"):
        table.add_column(heading, overflow="fold")
    for s in sets:
        counts = [f"{n:,}" for n in (s.n_train, s.n_test, s.n_access_points)]
        table.add_row(s.name, s.title, *counts, f"{s.size_bytes / 1e6:.1f}", s.licence, s.where)
    show(table)


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


def show_written_survey(
    out: Path, form: str, written: Mapping[str, int], epsg: int | None, as_json: bool
) -> None:
    """What was written, and how to read it so that positions have their degrees again."""
    kept = form == _KEEPS_EPSG or epsg is None
    lost = f"a {form} does not say that positions are in EPSG:{epsg}; read it with --epsg {epsg}"
    figures = {
        "written": str(out),
        "form": form,
        **{f"n_{split}": n for split, n in written.items()},
        "epsg": epsg,
        **({} if kept else {"note": lost}),
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
    show(f"{plain(found.name)}: {counts}")
    if not found.findings:
        show("nothing found")
        return
    table = Table("", "what", "where", "what to do", show_lines=True)
    for each in found.findings:
        where = [each.split] if each.split else []
        where += [f"{found.row_name} {few(each.rows)}"] if each.rows else []
        where += [f"access points {few(each.access_points)}"] if each.access_points else []
        what = f"{plain(each.message)} ({each.code})"
        table.add_row(each.severity, what, plain("; ".join(where)), plain(each.advice))
    show(table)
    n, total = found.n_errors, len(found.findings)
    show(f"{counted(n, 'error')} among {counted(total, 'finding')}; every row and name: --json")
