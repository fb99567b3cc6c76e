"""Methods side by side on one building."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from tutelage.presentation.console import show
from tutelage.presentation.wording import interval, number, plain

if TYPE_CHECKING:  # only named in signatures
    from tutelage.evaluation.compare import Candidate, Comparison

__all__ = ["fit_words", "show_comparison"]

_OF_STANDING = (
    "mean of points",
    "95 % interval",
    "against k-NN",
    "95 % interval",
    "median of scans",
    "95 % of scans",
    "fit (s)",
)


def show_comparison(found: Comparison, report: Path | None, as_json: bool) -> None:
    """Every method with its intervals, the recommendation, and the page that was written."""
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    take = found.recommended
    show(_standings(found))
    show(f"take {plain(take.words)}")
    if report:
        show(f"report: {plain(str(report))}")


def fit_words(candidate: Candidate, target: str, out: Path | None) -> str:
    """The command that fits a candidate to the survey `target`, as that was named."""
    words = ["tutelage", "fit", "--target", target, *candidate.words(), "--out", str(out or "MODEL")]
    return shlex.join(words)


def _standings(found: Comparison) -> Table:
    """A row for each method, the recommended one in bold."""
    best = found.recommended.standing
    table = Table("method", title=f"2-D error at reference points of {plain(found.name)} held out, in metres")
    for heading in _OF_STANDING:
        table.add_column(heading, justify="right")
    for standing in found.standings:
        figures, name = standing.evaluation.figures(), plain(standing.candidate.name)
        error, against = standing.error, standing.against_knn
        row = [f"[bold]{name}[/]" if standing is best else name, number(error.mean), interval(error)]
        row += ["-", "-"] if against is None else [f"{against.mean:+.2f}", interval(against)]
        row += [number(figures[key]) for key in ("median_m", "p95_m")]
        table.add_row(*row, f"{standing.fit_seconds:.1f}")
    return table
