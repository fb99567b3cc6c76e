"""What changed since a model was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tutelage.presentation.console import show_pairs
from tutelage.presentation.wording import counted

if TYPE_CHECKING:  # only named in signatures
    from tutelage.evaluation.drift import Drift

__all__ = ["show_drift"]


def show_drift(found: Drift, model: Path, scans: str, as_json: bool) -> None:
    """What changed since the survey, what it costs, and whether to survey again.

    Parameters
    ----------
    model, scans : as they were named
    """
    if as_json:
        print(json.dumps({"model": str(model), "scans": scans, **found.as_dict()}))
        return
    show_pairs(_figures(found), as_json)
    for line in (*_gone(found), *_shifted(found), *_new(found)):
        print(line)
    if found.measured and found.measured.n_training_scans:
        known = f"the model learnt from {found.measured.n_training_scans:,} of the scans"
        print(f"note: {known}: the error measured has training errors in it")
    print(_advice(found))


def _figures(found: Drift) -> dict[str, str]:
    loss, common = found.loss, found.shifts.common_db
    figures = {
        "scans": f"{found.n_scans:,} at {counted(found.n_places, 'place')}",
        "gone": f"{len(found.gone)} of {found.n_access_points} access points",
        "shifted": f"{len(found.shifts.shifted)} of {found.shifts.n_tested} whose level can be told",
        "new": f"{len(found.new)}",
        "common offset": "cannot be told" if common is None else f"{common:+.1f} dB",
        "mean error, estimated": f"{loss.factor - 1:+.0%}"
        + (f", {loss.then_m:.2f} m to {loss.now_m:.2f} m at places not surveyed" if loss.then_m else ""),
    }
    if found.refused_share is not None:
        figures["refused"] = f"{found.refused_share:.1%} of the scans"
    if found.measured and found.measured.mae_m is not None:
        held = found.measured.coverage
        within = "" if held is None else f", {held:.1%} within the radius at 95 %"
        figures["mean error, measured"] = f"{found.measured.mae_m:.2f} m{within}"
    return figures


def _gone(found: Drift) -> list[str]:
    return [
        f"gone: {each.access_point}, heard by {each.found_share:.0%} of the scans at {each.n_places} places, "
        f"{each.expected_share:.0%} should"
        for each in found.gone
    ]


def _shifted(found: Drift) -> list[str]:
    return [
        f"shifted: {each.access_point}, {each.offset_db:+.1f} dB ({each.low_db:+.1f} to {each.high_db:+.1f}) "
        f"at {each.n_places} places"
        for each in found.shifts.shifted
    ]


def _new(found: Drift) -> list[str]:
    return [
        f"new: {each.access_point}, in {each.share:.0%} of the scans, {each.mean_dbm:.0f} dBm on average"
        for each in found.new
    ]


def _advice(found: Drift) -> str:
    if found.severity == "resurvey":
        then = "tutelage fit --update MODEL --target NEW --out OUT"
        return f"survey again: {'; '.join(found.reasons)}\nthen: {then}"
    if found.severity == "unknown":
        return f"it cannot be told whether to survey again: {'; '.join(found.reasons)}"
    if found.severity == "watch":
        return f"no need to survey again yet; {'; '.join(found.reasons)}"
    return "no need to survey again"
