"""The verb that looks a survey over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tutelage.cli.console import counted, few, plain, show
from tutelage.cli.options import SURVEY, Json, Reading, verb

if TYPE_CHECKING:  # only named in signatures: a wrong option is refused at once
    from tutelage.data.check import SurveyCheck

__all__ = ["data_check_command"]


@verb
def data_check_command(
    survey: Annotated[str, typer.Argument(metavar="SURVEY", help=f"Survey to check: {SURVEY}.")],
    reading: Reading,
    as_json: Json = False,
) -> None:
    """Check a survey for mistakes before you fit a model to it.

    The exit code is 1 if something must be repaired.

    Example: tutelage data check survey.csv
    """
    from tutelage.data.check import check_survey

    check = check_survey(survey, data_dir=reading.data_dir, progress=not as_json, **reading.load_options())
    _show_check(check, as_json)
    if check.n_errors:
        raise typer.Exit(1)


# -- what it prints ------------------------------------------------------------------------------------


def _show_check(check: SurveyCheck, as_json: bool) -> None:
    """Print what a check found, the worst first; rows and names in full in JSON alone."""
    if as_json:
        print(json.dumps(check.as_dict()))
        return
    counts = (
        f"{check.n_train:,} training and {check.n_test:,} test scans, {check.n_access_points:,} access points"
    )
    counts += f", {counted(check.n_places, 'named place')}" if check.n_places else ""
    show(f"{plain(check.name)}: {counts}")
    if not check.findings:
        show("nothing found")
        return
    table = Table("", "what", "where", "what to do", show_lines=True)
    for each in check.findings:
        where = [each.split] if each.split else []
        where += [f"{check.row_name} {few(each.rows)}"] if each.rows else []
        where += [f"access points {few(each.access_points)}"] if each.access_points else []
        what = f"{plain(each.message)} ({each.code})"
        table.add_row(each.severity, what, plain("; ".join(where)), plain(each.advice))
    show(table)
    n_findings = len(check.findings)
    show(
        f"{counted(check.n_errors, 'error')} among {counted(n_findings, 'finding')}; "
        "every row and name: --json"
    )
