"""The verb that learns a building, from new or by an update of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage.cli.console import show_pairs
from tutelage.cli.notes import tell_capture_faults
from tutelage.cli.options import (
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
from tutelage.files.model_folder import require_model_path

if TYPE_CHECKING:  # only named in signatures: a wrong option is refused before PyTorch is loaded
    from tutelage.localizer import Localizer
    from tutelage.methods.lineage import Lineage
    from tutelage.runtime.radii import Calibration
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
            help="With --update: forget the access points that have disappeared.",
        ),
    ] = False


@verb
def fit_command(
    survey: SurveyName,
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Save the model here. Default: SURVEY-model."),
    ] = None,
    learning: Learning,
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
    out = out or unused_model_name(survey)
    require_model_path(out)
    run_options = run.run(progress=not as_json)  # a wrong length is refused before the data are read
    run_options = replace(run_options, resume=run.resume, log=beside(out, "metrics.jsonl"))
    if updating.update is None and updating.drop_gone:
        raise BadInputError("--drop-gone goes with --update MODEL, whose access points it forgets")
    if updating.update is None:
        model = _fitted(survey, learning, reading, run_options, out, calibrate=calibration)
    else:
        _refuse_changes(learning)
        model = _updated(survey, updating, reading, run_options, out, calibrate=calibration)
    _show_fit(model, out, as_json)


def unused_model_name(survey: str) -> Path:
    """Give the model's name where none is given; what was not named is not replaced."""
    kind, _, detail = survey.partition(":")
    pieces = [Path(survey).stem]
    if detail and not Path(survey).exists():  # simulated:7, uji_library:1-2, matrix:FOLDER/PREFIX
        pieces = [Path(detail).stem] if kind == "matrix" else [kind, *detail.split(",")]
    name = Path("-".join([*pieces, "model"]))
    if name.exists():
        raise BadInputError(f"{name} exists; name another with --out, or give --out {name} to replace it")
    return name


def _fitted(
    survey: str, learning: Learning, reading: Reading, run: RunOptions, out: Path, *, calibrate: bool
) -> Localizer:
    """Fit a new model, and save it at `out`."""
    learning.check_transfer()
    target, *sources = reading.load_several([survey, *(learning.source or ())])
    tell_capture_faults(survey, target.train)
    with learning_alone(out, resume=run.resume) as checkpoints:
        run = replace(run, checkpoint_dir=checkpoints)
        model = learning.localizer(sources, run, calibrate=calibrate).fit(target)
        model.save(out)
    return model


def _updated(
    survey: str, updating: Updating, reading: Reading, run: RunOptions, out: Path, *, calibrate: bool
) -> Localizer:
    """Continue from a model with new scans, and save the result at `out`."""
    from tutelage.evaluation.drift import measure_drift
    from tutelage.localizer import Localizer
    from tutelage.updating import update

    assert updating.update is not None
    before = Localizer.load(updating.update)
    new = reading.load(survey)
    drop = [each.access_point for each in measure_drift(before, new.train).gone] if updating.drop_gone else []
    with learning_alone(out, resume=run.resume) as checkpoints:
        run = replace(run, checkpoint_dir=checkpoints)
        model = update(before, new, drop=drop, calibrate=calibrate, run=run)
        model.save(out)
    return model


def _refuse_changes(learning: Learning) -> None:
    """Refuse options that an update cannot change."""
    if changed := learning.changed():
        raise BadInputError(
            f"{', '.join(changed)}: an update keeps method, settings and what the model was taught; "
            "leave it out, or fit a new model"
        )


# -- what it prints ------------------------------------------------------------------------------------


def _show_fit(model: Localizer, out: Path, as_json: bool) -> None:
    """Print what a model was made from."""
    lineage = model.lineage_
    figures: dict[str, Any] = {
        "model": str(out),
        "method": model.method_spec.name,
        "survey": lineage.survey,
        "n_train": lineage.n_train,
        **({"n_blank": lineage.n_blank} if lineage.n_blank else {}),
        "access_points": len(model.access_points_),
        **_taught_by(lineage),
        **_updated_from(lineage),
        **_teacher_choice(lineage, as_json),
        "fit_seconds": lineage.fit_seconds,
        **lineage.metrics,
        **model.method_spec.explain(lineage),
    }
    if model.calibration_ is not None:
        figures |= _calibration(model.calibration_)
    elif model.calibrate:
        figures["radius"] = "none: too few reference points, or places among them, to hold any out"
    show_pairs(figures, as_json)


def _taught_by(lineage: Lineage) -> dict[str, Any]:
    """Name the buildings that teachers, pretrained weights or a transfer learnt in."""
    taught: dict[str, Any] = {}
    if lineage.teachers:
        taught["teachers"] = [
            teacher if isinstance(teacher, str) else teacher.source for teacher in lineage.teachers
        ]
    if lineage.pretrained is not None:
        card = lineage.pretrained
        taught["pretrained"] = card if isinstance(card, str) else [each.source for each in card.sources]
    if lineage.transfer is not None:
        taught["transfer"] = lineage.transfer.kind
        taught["sources"] = [source.survey for source in lineage.transfer.sources]
    return taught


def _updated_from(lineage: Lineage) -> dict[str, Any]:
    before = lineage.updated_from
    if before is None:
        return {}
    ignored = {"ignored": list(lineage.ignored)} if lineage.ignored else {}
    return {
        "updated_from": f"{before.survey}, {before.n_train} scans",
        "dropped": list(lineage.dropped),
        **ignored,
    }


def _teacher_choice(lineage: Lineage, as_json: bool) -> Mapping[str, Any]:
    """Say how teachers were chosen: all of it for machines, else in a line."""
    choice = lineage.teacher_choice
    if choice is None:
        return {}
    if as_json:
        return {"teacher_choice": choice.as_dict()}
    errors = [f"{each['name']} {each['mean_m']:.2f} m" for each in choice.candidates]
    held_out = [f"held-out errors: {', '.join(errors)}"] if errors else []
    return {"teacher_choice": "; ".join([f"{choice.chosen}: {choice.why}", *held_out])}


def _calibration(calibration: Calibration) -> dict[str, Any]:
    """Say what the radii rest on, and what they and the refusals promise."""
    return {
        "held_out": calibration.held_out,
        **({"unsaid": calibration.unsaid} if calibration.unsaid else {}),
        "radius_highest_level": round(calibration.highest_level, 3),
        "false_refusals_at_most": round(calibration.false_refusals, 3),
    }
