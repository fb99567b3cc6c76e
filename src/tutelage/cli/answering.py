"""Verbs that ask a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tutelage import presentation
from tutelage.cli.options import (
    AGAIN,
    SOURCE,
    DataDir,
    Epsg,
    Json,
    Level,
    Model,
    NotHeard,
    require_writable_file,
    require_writable_page,
    stoppable,
)
from tutelage.data import surveys as datasets
from tutelage.errors import BadInputError
from tutelage.files.atomic import replaced_file
from tutelage.runtime.conformal import require_level

__all__ = [
    "evaluate_command",
    "locate_command",
]


def evaluate_command(
    models: Annotated[list[Path], typer.Argument(help="Model folders, or .csv files that locate wrote.")],
    on: Annotated[str, typer.Option(help=f"Scans with positions: {SOURCE}. Of two splits, the test split.")],
    report: Annotated[Path | None, typer.Option(help="HTML report to write.")] = None,
    source_too: Annotated[
        bool, typer.Option("--source-too", help="Also on a building in which the pretrained matcher learnt.")
    ] = False,
    level: Level = None,
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Errors of one or several models on scans whose positions are known."""
    from tutelage.evaluation import DEFAULT_LEVEL, evaluate, write_report
    from tutelage.localizer import Localizer

    if report:
        require_writable_page(report, [on, *models])
    if level is not None:
        require_level(level)
    answering = [(path, _answers(path)) for path in models]
    survey = datasets.load(on, data_dir=data_dir, not_heard=not_heard, epsg=epsg, for_training=False)
    how: dict[str, Any] = {"source_too": source_too, "level": level, "progress": not as_json}
    with stoppable(AGAIN):
        found = [evaluate(answers, survey, name=str(path), **how) for path, answers in answering]
        if report:
            write_report(found, report, title=f"Positions on {survey.name}", data_set=survey.name)
    fitted = [(path, model) for path, model in answering if isinstance(model, Localizer)]
    presentation.tell_radii_left_out(fitted, level or DEFAULT_LEVEL)
    presentation.show_evaluations(found, survey.name, report, as_json)


def locate_command(
    model: Model,
    scans: Annotated[
        Path, typer.Argument(help="Scans, in any form: a table of scan_id and access points, a log ...")
    ],
    out: Annotated[
        Path | None, typer.Option(help="File to write, .csv or .json; else standard output.")
    ] = None,
    level: Annotated[
        float, typer.Option(help="Share of the true positions that are to lie within the radius.")
    ] = 0.95,
    not_heard: NotHeard = None,
    as_json: Json = False,
) -> None:
    """Positions of scans with their radii, in the coordinates of the training data (and in degrees)."""
    from tutelage.localizer import Localizer

    require_level(level)
    allowed = (".json",) if as_json else (".csv", ".json")
    if out and out.suffix not in allowed:
        raise BadInputError(f"--out {out}: the name must end in {' or '.join(allowed)}")
    if out:
        require_writable_file(out, [model, scans])
    known = Localizer.load(model)
    asked = datasets.read_scans(scans, not_heard=not_heard, with_positions=False)
    with stoppable(AGAIN):
        answers = known.predict(asked, level=level, progress=not as_json)
    presentation.tell_radii_left_out([(model, known)], level)
    text = presentation.positions_text(answers, as_json or (out is not None and out.suffix == ".json"))
    if out is None:
        sys.stdout.write(text)
        return
    with replaced_file(out) as beside:
        beside.write_text(text, encoding="utf-8")


def _answers(path: Path) -> Any:
    from tutelage.evaluation import positions_from_csv
    from tutelage.localizer import Localizer

    return positions_from_csv(path) if path.suffix == ".csv" else Localizer.load(path)
