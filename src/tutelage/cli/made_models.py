"""Models that fit and update make: the update, their names, and what the terminal shows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutelage.cli.console import counted, few, percentages, show_pairs
from tutelage.cli.options import Reading, learning_alone
from tutelage.errors import BadInputError

if TYPE_CHECKING:  # only named in signatures: a wrong option is refused before PyTorch is loaded
    from tutelage.localizer import Localizer
    from tutelage.methods.lineage import Lineage
    from tutelage.runtime.place_calibration import PlaceCalibration
    from tutelage.runtime.radii import Calibration
    from tutelage.training import RunOptions

__all__ = ["require_unused", "show_model", "updated_model"]


def require_unused(name: Path) -> Path:
    """Give back a model's name that the user did not choose, if it replaces nothing.

    Parameters
    ----------
    name : Path
    """
    if name.exists():
        raise BadInputError(f"{name} exists; name another with --out, or give --out {name} to replace it")
    return name


def updated_model(
    before: Path,
    survey: str,
    reading: Reading,
    run: RunOptions,
    out: Path,
    *,
    drop_gone: bool,
    calibrate: bool,
) -> Localizer:
    """Continue from a model with new scans, and save the result.

    Parameters
    ----------
    before : Path
        The model before the update.
    survey : str
        New scans, with or without positions.
    reading : Reading
    run : RunOptions
    out : Path
        Where the result is saved.
    drop_gone : bool
        Leave out access points that are gone. Without positions, nothing else can be done.
    calibrate : bool
    """
    from tutelage.evaluation.drift import measure_drift
    from tutelage.localizer import Localizer
    from tutelage.updating import update

    model = Localizer.load(before)
    new = reading.load_recent(survey, for_training=True)
    has_positions = new.train.position_m is not None
    gone = measure_drift(model, new.train).gone if drop_gone and has_positions else ()
    drop = [each.access_point for each in gone]
    with learning_alone(out, resume=run.resume) as checkpoints:
        run = replace(run, checkpoint_dir=checkpoints)
        updated = update(model, new, drop=drop, calibrate=calibrate, run=run)
        updated.save(out)
    return updated


# -- what they show ------------------------------------------------------------------------------------


def show_model(model: Localizer, out: Path, as_json: bool) -> None:
    """Print what a model was made from.

    Parameters
    ----------
    model : Localizer
        Fitted.
    out : Path
        Where it was saved.
    as_json : bool
        Print JSON.
    """
    lineage = model.lineage_
    figures: dict[str, Any] = {
        "model": str(out),
        "method": model.method_spec.name,
        "survey": lineage.survey,
        "n_train": lineage.n_train,
        **({"n_blank": lineage.n_blank} if lineage.n_blank else {}),
        "access_points": len(model.access_points_),
        **_taught_by(lineage),
        **_updated_from(lineage, as_json),
        **_teacher_choice(lineage, as_json),
        "fit_seconds": lineage.fit_seconds,
        **lineage.metrics,
        **_gradient_shares(lineage, as_json),
        **model.method_spec.explain(lineage),
    }
    if model.calibration_ is not None:
        figures |= _calibration(model.calibration_)
    elif model.calibrate and model.has_coordinates_:
        figures["radius"] = "none: too few reference points, or places among them, to hold any out"
    if model.place_calibration_ is not None:
        figures |= _place_calibration(model.place_calibration_, with_held_out=not model.has_coordinates_)
    elif model.calibrate and not model.has_coordinates_:
        figures["place_probability"] = "none: too few scans of the places to hold any out"
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


def _updated_from(lineage: Lineage, as_json: bool) -> dict[str, Any]:
    """Say which model was updated and what was left out: all names for machines, else how many and a few."""
    before = lineage.updated_from
    if before is None:
        return {}
    names = {"dropped": lineage.dropped} | ({"ignored": lineage.ignored} if lineage.ignored else {})
    return {
        "updated_from": f"{before.survey}, {before.n_train} scans",
        **{key: list(each) if as_json else _counted(each) for key, each in names.items()},
    }


def _counted(names: Sequence[str]) -> str:
    return f"{counted(len(names), 'access point')}: {few(names)}" if names else ""


def _teacher_choice(lineage: Lineage, as_json: bool) -> Mapping[str, Any]:
    """Say how teachers were chosen: all of it for machines, else in a line."""
    from tutelage.methods.answer_errors import METRES, WRONG_PLACES

    choice = lineage.teacher_choice
    if choice is None:
        return {}
    if as_json:
        return {"teacher_choice": choice.as_dict()}
    unit = WRONG_PLACES if any("mean_share" in each for each in choice.candidates) else METRES
    errors = [f"{each['name']} {unit.words(each[f'mean{unit.suffix}'])}" for each in choice.candidates]
    held_out = [f"held-out errors: {', '.join(errors)}"] if errors else []
    return {"teacher_choice": "; ".join([f"{choice.chosen}: {choice.why}", *held_out])}


def _gradient_shares(lineage: Lineage, as_json: bool) -> dict[str, Any]:
    """Say which terms of the loss moved the network: all of it for machines, else the means."""
    shares = lineage.gradient_shares
    if shares is None:
        return {}
    return {"gradient_shares": shares.model_dump() if as_json else percentages(shares.mean)}


def _calibration(calibration: Calibration) -> dict[str, Any]:
    """Say what the radii rest on, and what they and the refusals promise."""
    return {
        "held_out": calibration.held_out,
        **({"unsaid": calibration.unsaid} if calibration.unsaid else {}),
        **({"borrowed": calibration.borrowed} if calibration.borrowed else {}),
        "radius_highest_level": round(calibration.highest_level, 3),
        "false_refusals_at_most": round(calibration.false_refusals, 3),
    }


def _place_calibration(calibration: PlaceCalibration, *, with_held_out: bool) -> dict[str, Any]:
    """Say how often places were right on held-out scans, and what their sets promise."""
    said = {
        "held_out": calibration.held_out,
        **({"unsaid": calibration.unsaid} if calibration.unsaid else {}),
        **({"borrowed": calibration.borrowed} if calibration.borrowed else {}),
    }
    return {
        **(said if with_held_out else {"places_held_out": calibration.held_out}),
        "held_out_place_hit": round(calibration.held_out_hit, 3),
        "held_out_calibration_error": round(calibration.held_out_calibration_error, 3),
        "place_set_highest_level": round(calibration.highest_level, 3),
    }
