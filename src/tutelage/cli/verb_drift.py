"""The verb that compares recent scans with a model's radio map."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutelage.cli.console import counted, show_pairs
from tutelage.cli.options import SURVEY, Json, ModelFolder, Reading, stoppable, verb

if TYPE_CHECKING:  # only named in signatures
    from tutelage.evaluation.drift import Drift

__all__ = ["drift_command"]


@verb
def drift_command(
    model: ModelFolder,
    scans: Annotated[
        str,
        typer.Argument(
            metavar="SCANS",
            help=f"Recent scans, with or without positions: {SURVEY}. Of two splits, the test split.",
        ),
    ],
    reading: Reading,
    as_json: Json = False,
) -> None:
    """Find access points that have gone, come or changed since the survey.

    It estimates what the changes cost, and says whether to survey again.

    Example: tutelage drift survey-model recent.csv
    """
    from tutelage.evaluation.drift import measure_drift
    from tutelage.localizer import Localizer

    localizer = Localizer.load(model)
    recent = reading.load_recent(scans, for_training=False)
    with stoppable("give the same command again"):
        drift = measure_drift(localizer, recent, progress=not as_json)
    _show_drift(drift, model, scans, as_json)


# -- what it prints ------------------------------------------------------------------------------------


def _show_drift(drift: Drift, model: Path, scans: str, as_json: bool) -> None:
    """Print what changed since the survey, what it costs, and whether to survey again."""
    if as_json:
        print(json.dumps({"model": str(model), "scans": scans, **drift.as_dict()}))
        return
    show_pairs(_figures(drift), as_json)
    for line in (*_gone(drift), *_shifted(drift), *_new(drift)):
        print(line)
    if drift.measured and drift.measured.n_training_scans:
        learnt = f"the model learnt from {drift.measured.n_training_scans:,} of the scans"
        print(f"note: {learnt}: the error measured has training errors in it")
    print(_advice(drift))
    if drift.gone and drift.measured is None:
        print(_leaving_out(drift, model, scans))


def _figures(drift: Drift) -> dict[str, str]:
    loss = drift.loss
    common_db = drift.shifts.common_db
    figures = {
        "scans": f"{drift.n_scans:,} at {counted(drift.n_places, 'place')}",
        "gone": f"{len(drift.gone)} of {drift.n_access_points} access points",
        "shifted": f"{len(drift.shifts.shifted)} of {drift.shifts.n_tested} whose level can be told",
        "new": f"{len(drift.new)}",
        "common offset": "cannot be told" if common_db is None else f"{common_db:+.1f} dB",
    }
    if drift.of_places:
        figures["readings gone"] = f"{loss.gone_share:.0%} of what these scans should hear"
        figures |= _expected_hits(drift)
    else:
        then_now = (
            f", {loss.then_m:.2f} m to {loss.now_m:.2f} m at places not surveyed" if loss.then_m else ""
        )
        figures["mean error, estimated"] = f"{loss.factor - 1:+.0%}{then_now}"
    if drift.refused_share is not None:
        figures["refused"] = f"{drift.refused_share:.1%} of the scans"
    if drift.measured and drift.measured.mae_m is not None:
        coverage = drift.measured.coverage
        within = "" if coverage is None else f", {coverage:.1%} within the radius at 95 %"
        figures["mean error, measured"] = f"{drift.measured.mae_m:.2f} m{within}"
    if drift.measured and drift.measured.place_hit is not None:
        figures["right places, measured"] = f"{drift.measured.place_hit:.1%}"
    return figures


def _expected_hits(drift: Drift) -> dict[str, str]:
    """Say how many places were right on held-out scans, and what the gone access points cost of them."""
    then = drift.loss.then_hit
    lost = drift.loss.hits_lost
    figures = {} if then is None else {"right places, held out": f"{then:.1%}"}
    if lost is not None:
        now = "" if then is None else f", {max(0.0, then - lost):.1%} are left"
        figures["right places, estimated"] = f"{100 * lost:.1f} percentage points fewer{now}"
    return figures


def _gone(drift: Drift) -> list[str]:
    return [
        f"gone: {each.access_point}, heard by {each.found_share:.0%} of the scans at {each.n_places} places, "
        f"{each.expected_share:.0%} should"
        for each in drift.gone
    ]


def _shifted(drift: Drift) -> list[str]:
    return [
        f"shifted: {each.access_point}, {each.offset_db:+.1f} dB ({each.low_db:+.1f} to {each.high_db:+.1f}) "
        f"at {each.n_places} places"
        for each in drift.shifts.shifted
    ]


def _new(drift: Drift) -> list[str]:
    return [
        f"new: {each.access_point}, in {each.share:.0%} of the scans, {each.mean_dbm:.0f} dBm on average"
        for each in drift.new
    ]


def _advice(drift: Drift) -> str:
    reasons = "; ".join(drift.reasons)
    if drift.severity == "resurvey":
        return f"survey again: {reasons}\nthen: tutelage fit NEW --update MODEL --out OUT"
    if drift.severity == "unknown":
        return f"it cannot be told whether to survey again: {reasons}"
    if drift.severity == "watch":
        return f"no need to survey again yet; {reasons}"
    return "no need to survey again"


def _leaving_out(drift: Drift, model: Path, scans: str) -> str:
    """Say what an update with these scans, which have no positions, would bring."""
    gone = counted(len(drift.gone), "gone access point")
    update = f"tutelage update {shlex.join([str(model), '--scans', scans])} leaves the {gone} out"
    after = drift.loss.factor_after_update
    lost = drift.loss.hits_lost
    lost_after = drift.loss.hits_lost_after_update
    if lost is not None and lost_after is not None:
        return (
            f"{update}: {100 * lost_after:.1f} percentage points of the right places are then expected to be "
            f"lost, instead of {100 * lost:.1f}"
        )
    if after is None:
        return update
    return (
        f"{update}: the mean error is then expected to be {after - 1:.0%} larger than at first, "
        f"instead of {drift.loss.factor - 1:.0%}"
    )
