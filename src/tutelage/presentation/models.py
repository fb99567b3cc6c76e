"""A model that was fitted or updated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutelage.presentation.console import show_pairs, tell
from tutelage.presentation.teachers import teacher_name
from tutelage.presentation.wording import plain

if TYPE_CHECKING:  # only named in signatures
    from tutelage.localizer import Localizer
    from tutelage.runtime.radii import Calibration

__all__ = ["show_fit", "tell_radii_left_out"]


def show_fit(model: Localizer, out: Path, as_json: bool) -> None:
    """What a model was made from."""
    lineage = model.lineage_
    figures = {
        "model": str(out),
        "network": model.network,
        "source": lineage["source"],
        "n_train": lineage["n_train"],
        **({"n_blank": lineage["n_blank"]} if "n_blank" in lineage else {}),
        "access_points": len(model.access_points_),
        "teachers": [teacher_name(t) for t in lineage["teachers"]],
        **_transfer(lineage),
        **_update(lineage),
        **_teacher_choice(lineage, as_json),
        "fit_seconds": lineage["fit_seconds"],
        **lineage["metrics"],
    }
    if model.calibration_ is not None:
        figures |= _calibration(model.calibration_)
    elif model.calibrate:
        figures["radius"] = "none: too few reference points, or places among them, to hold any out"
    if "settings" in lineage:
        figures["settings"] = lineage["settings"]
    show_pairs(figures, as_json)


def tell_radii_left_out(models: Sequence[tuple[Path, Localizer]], level: float) -> None:
    """Say on standard error which models cannot promise radii of a level, and what they can.

    Parameters
    ----------
    models : with their paths
    """
    for path, model in models:
        known = model.calibration_
        if known is not None and level > known.highest_level:
            note = (
                f"{path} gives no radius at level {level:g}: the {known.n_points} reference points that were "
                f"held out for it promise {known.highest_level:.3f} at most; give a lower --level"
            )
            tell(f"[bold]note:[/] {plain(note)}")


def _transfer(lineage: Mapping[str, Any]) -> dict[str, Any]:
    if "transfer" not in lineage:
        return {}
    return {"transfer": lineage["transfer"], "sources": [s["source"] for s in lineage["sources"]]}


def _update(lineage: Mapping[str, Any]) -> dict[str, Any]:
    if "updated_from" not in lineage:
        return {}
    before = lineage["updated_from"]
    ignored = {"ignored": lineage["ignored"]} if "ignored" in lineage else {}
    origin = f"{before['source']}, {before['n_train']} scans"
    return {"updated_from": origin, "dropped": lineage["dropped"], **ignored}


def _teacher_choice(lineage: Mapping[str, Any], as_json: bool) -> dict[str, Any]:
    """How the teachers were chosen: all of it for machines, else in a line."""
    if "teacher_choice" not in lineage:
        return {}
    choice = lineage["teacher_choice"]
    if as_json:
        return {"teacher_choice": choice}
    errors = [f"{tried['name']} {tried['mean_m']:.2f} m" for tried in choice.get("tried", ())]
    held_out = [f"held-out errors: {', '.join(errors)}"] if errors else []
    return {"teacher_choice": "; ".join([f"{choice['taken']}: {choice['why']}", *held_out])}


def _calibration(known: Calibration) -> dict[str, Any]:
    """What the radii rest on, and what they and the refusals promise."""
    return {
        "radius_from_points": known.n_points,
        "radius_highest_level": round(known.highest_level, 3),
        "false_refusals_at_most": round(known.false_refusals, 3),
    }
