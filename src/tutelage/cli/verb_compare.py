"""The verb that says which method suits a building."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tutelage.cli.console import counted, plain, show, tell
from tutelage.cli.options import (
    AGAIN,
    TEACHING,
    Folds,
    Json,
    Length,
    Page,
    Reading,
    SourceToo,
    SurveyName,
    require_writable_page,
    stoppable,
    verb,
)

if TYPE_CHECKING:  # only named in signatures
    from tutelage.data.fingerprints import Survey
    from tutelage.evaluation.compare import Candidate, Comparison
    from tutelage.training import RunOptions

__all__ = ["compare_command"]

_OF_SCANS = {
    "median_m": ("median of scans", ".2f"),
    "p95_m": ("95 % of scans", ".2f"),
    "place_hit": ("place hit", ".1%"),
    "place_balanced": ("balanced", ".1%"),
}


@dataclass(frozen=True)
class Compared:
    """What is compared with k-NN."""

    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Method to compare with k-NN. Repeatable. Default: matcher, dnn and blend.",
        ),
    ] = None
    teachers: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=TEACHING,
            help="Surrogate teacher: a file from teach, zoo:NAME, or all. Each network is then fitted with "
            "teachers, without, and with untrained ones. Repeatable.",
        ),
    ] = None
    pretrained: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Pretrained matcher to compare: zoo (comes with Tutelage), or a file from pretrain.",
        ),
    ] = "zoo"

    def candidates(self, survey: Survey | None) -> list[Candidate]:
        """List the candidates; of "all" teachers, those that learnt in the survey are left out."""
        from tutelage.evaluation.compare import candidates

        return candidates(
            self.method or (), teachers=self.teachers or (), pretrained=self.pretrained, survey=survey
        )


_Out = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Fit the recommended method to all scans and save it here."),
]


@verb
def compare_command(
    survey: SurveyName,
    *,
    compared: Compared,
    folds: Folds = 3,
    report: Page = None,
    out: _Out = None,
    source_too: SourceToo = False,
    run: Length,
    reading: Reading,
    as_json: Json = False,
) -> None:
    """Compare methods on held-out reference points, or on held-out scans of rooms, and recommend one.

    Example: tutelage compare survey.csv --report methods.html
    """
    from tutelage.evaluation.compare import compare, write_comparison
    from tutelage.files.model_folder import require_model_path

    if report:
        require_writable_page(report, [survey, *(compared.teachers or ())])
    if out:
        require_model_path(out)
    run_options = run.run(progress=not as_json)  # a wrong length or device is refused before reading
    building = reading.load(survey)
    candidates = compared.candidates(None if source_too else building)
    _tell_time(building, candidates, folds, run_options)
    with stoppable(AGAIN):
        comparison = compare(building, candidates, n_folds=folds, source_too=source_too, run=run_options)
        if report:
            write_comparison(comparison, report)
    _show_comparison(comparison, report, as_json)
    best = comparison.recommended.standing.candidate
    by_hand = _fit_words(best, survey, out)
    if out:
        with stoppable(f"the comparison is done, but no model was written; for that: {by_hand}"):
            best.localizer(run_options).fit(building).save(out)
    if not as_json:
        print(f"model: {out}" if out else f"next: {by_hand}")


# -- what it prints ------------------------------------------------------------------------------------


def _tell_time(survey: Survey, candidates: Sequence[Candidate], n_folds: int, run: RunOptions) -> None:
    """Say about how long the comparison takes, unless its user is a machine."""
    from tutelage.evaluation.compare import expected_seconds, in_words

    if not run.progress:
        return
    seconds = expected_seconds(candidates, survey.train, n_folds, run.budget)
    fits = f"{counted(len(candidates), 'method')}, each fitted {n_folds} times"
    tell(f"comparing takes about {in_words(seconds)}: {fits}")


def _show_comparison(comparison: Comparison, report: Path | None, as_json: bool) -> None:
    """Print every method with its intervals, the recommendation, and the page that was written."""
    if as_json:
        print(json.dumps(comparison.as_dict()))
        return
    show(_standings(comparison))
    show(f"take {plain(comparison.recommended.words)}")
    if report:
        show(f"report: {plain(str(report))}")


def _fit_words(candidate: Candidate, survey: str, out: Path | None) -> str:
    """Give the command that fits a candidate to a survey, as that was named."""
    return shlex.join(["tutelage", "fit", survey, *candidate.words, "--out", str(out or "MODEL")])


def _standings(comparison: Comparison) -> Table:
    """Make a row for each method, the recommended one in bold."""
    from tutelage.methods.answer_errors import WRONG_PLACES

    best = comparison.recommended.standing
    unit = comparison.unit
    title = f"{unit.quantity} at {comparison.kind}s of {plain(comparison.name)} held out, in {unit.long}"
    table = Table("method", title=title)
    means = "mean of blocks" if comparison.kind == "block" else "mean of points"
    shown = [name for name in _OF_SCANS if name.startswith("place_") == (unit is WRONG_PLACES)]
    of_scans = [_OF_SCANS[name][0] for name in shown]
    for heading in (means, "95 % interval", "against k-NN", "95 % interval", *of_scans, "fit (s)"):
        table.add_column(heading, justify="right")
    for standing in comparison.standings:
        figures = standing.evaluation.figures()
        name = plain(standing.candidate.name)
        error = standing.error
        against = standing.against_knn
        row = [
            f"[bold]{name}[/]" if standing is best else name,
            unit.number(error.mean),
            unit.interval(error),
        ]
        row += (
            ["-", "-"] if against is None else [unit.number(against.mean, sign=True), unit.interval(against)]
        )
        row += [format(figures[key], _OF_SCANS[key][1]) for key in shown]
        table.add_row(*row, f"{standing.fit_seconds:.1f}")
    return table
