"""The verb that learns a building, from new or by an update of a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutelage.cli.made_models import require_unused, show_model, updated_model
from tutelage.cli.notes import tell_capture_faults, tell_useless_model
from tutelage.cli.options import (
    TRAINING,
    Json,
    Learning,
    LongRun,
    Reading,
    SurveyName,
    beside,
    learning_alone,
    verb,
)
from tutelage.errors import BadInputError

if TYPE_CHECKING:  # only named in signatures: a wrong option is refused before PyTorch is loaded
    from tutelage.localizer import Localizer
    from tutelage.training import RunOptions

__all__ = ["fit_command", "unused_model_name"]

_UPDATING = "Updating a model"


@dataclass(frozen=True)
class Updating:
    """Whether a model is continued."""

    update: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL", rich_help_panel=_UPDATING, help="Continue this model with the scans in SURVEY."
        ),
    ] = None
    drop_gone: Annotated[
        bool,
        typer.Option(
            "--drop-gone",
            rich_help_panel=_UPDATING,
            help="With --update: forget the access points that are gone, as scans without positions do.",
        ),
    ] = False


_Fast = Annotated[
    bool,
    typer.Option(
        "--fast",
        rich_help_panel=TRAINING,
        help="Learn in seconds, up to a few percent less accurate.",
    ),
]


@verb
def fit_command(
    survey: SurveyName,
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Save the model here. Default: SURVEY-model."),
    ] = None,
    learning: Learning,
    fast: _Fast = False,
    updating: Updating,
    run: LongRun,
    reading: Reading,
    calibration: Annotated[
        bool,
        typer.Option(rich_help_panel="Radii", help="Learn a radius for every answer, on held-out points."),
    ] = True,
    as_json: Json = False,
) -> None:
    """Fit a model to a survey and save it.

    Without --method it fits the default model, the blend.

    Example: tutelage fit survey.csv
    """
    from tutelage.files.model_folder import require_model_path

    out = out or unused_model_name(survey)
    require_model_path(out)
    run_options = run.run(progress=not as_json)  # a wrong length is refused before the data are read
    run_options = replace(run_options, resume=run.resume, log=beside(out, "metrics.jsonl"))
    if updating.update is None and updating.drop_gone:
        raise BadInputError("--drop-gone goes with --update MODEL, whose access points it forgets")
    if updating.update is None:
        model = _fitted(survey, learning, reading, run_options, out, calibrate=calibration, fast=fast)
    else:
        _refuse_changes(learning, fast=fast)
        how = {"drop_gone": updating.drop_gone, "calibrate": calibration}
        model = updated_model(updating.update, survey, reading, run_options, out, **how)
    show_model(model, out, as_json)


def unused_model_name(survey: str) -> Path:
    """Give the model's name where none is given; what was not named is not replaced."""
    kind, _, detail = survey.partition(":")
    pieces = [Path(survey).stem]
    if detail and not Path(survey).exists():  # simulated:7, uji_library:1-2, matrix:FOLDER/PREFIX
        pieces = [Path(detail).stem] if kind == "matrix" else [kind, *detail.split(",")]
    return require_unused(Path("-".join([*pieces, "model"])))


def _fitted(
    survey: str,
    learning: Learning,
    reading: Reading,
    run: RunOptions,
    out: Path,
    *,
    calibrate: bool,
    fast: bool,
) -> Localizer:
    """Fit a new model, and save it at `out`."""
    learning.check_transfer()
    shorter = learning.settings_in_a_hurry() if fast else []
    target, *sources = reading.load_several([survey, *(learning.source or ())])
    tell_capture_faults(survey, target.train)
    if target.train.position_m is not None:  # on places alone nothing is fine-tuned
        learning = replace(learning, settings=[*shorter, *(learning.settings or ())])
    with learning_alone(out, resume=run.resume) as checkpoints:
        run = replace(run, checkpoint_dir=checkpoints)
        model = learning.localizer(sources, run, calibrate=calibrate).fit(target)
        model.save(out)
    tell_useless_model(model, target)
    return model


def _refuse_changes(learning: Learning, *, fast: bool) -> None:
    """Refuse options that an update cannot change."""
    if changed := [*learning.changed(), *(["--fast"] if fast else [])]:
        raise BadInputError(
            f"{', '.join(changed)}: an update keeps method, settings and what the model was taught; "
            "leave it out, or fit a new model"
        )
