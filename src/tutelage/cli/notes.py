"""Notes that several verbs tell on standard error."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tutelage.cli.console import percentages, plain, tell

if TYPE_CHECKING:  # only named in signatures
    from tutelage.data.fingerprints import FingerprintSet, Survey
    from tutelage.localizer import Localizer
    from tutelage.runtime.judging import Judge

__all__ = ["report_notes", "tell_capture_faults", "tell_radii_left_out", "tell_useless_model"]

_USELESS_M = 1000.0
_N_CHECKED = 200  # of the training scans, where there is no test split


def report_notes(models: Sequence[tuple[Path, Localizer]]) -> list[str]:
    """Say for each model what its radii were measured on, and which terms of the loss moved it.

    Parameters
    ----------
    models : sequence of (path, model)

    Returns
    -------
    list of str
        A sentence for each calibrated model that tells what was held out, and one for each that learnt under
        teachers.
    """
    return [*_held_out_notes(models), *_gradient_notes(models)]


def _held_out_notes(models: Sequence[tuple[Path, Localizer]]) -> list[str]:
    notes = []
    for path, model in models:
        both = ("Radii", model.calibration_), ("Sets of places", model.place_calibration_)
        for what, each in both:
            if each is None or not each.held_out:
                continue
            unsaid = f"; {each.unsaid}" if each.unsaid else ""
            borrowed = f" They are larger than measured by {each.borrowed}." if each.borrowed else ""
            notes.append(f"{what} of {path} come from {each.held_out}, held out{unsaid}.{borrowed}")
    return notes


def _gradient_notes(models: Sequence[tuple[Path, Localizer]]) -> list[str]:
    shares = {path: model.lineage_.gradient_shares for path, model in models}
    return [
        f"In the training of {path}, the gradient was on average of {percentages(each.mean)}."
        for path, each in shares.items()
        if each is not None
    ]


def tell_capture_faults(survey: str, scans: FingerprintSet) -> None:
    """Tell what makes every figure about a model of these scans wrong.

    Parameters
    ----------
    survey : str
        The survey, as the user named it.
    scans : FingerprintSet
        Its training scans.
    """
    from tutelage.data.check import capture_warnings

    for finding in capture_warnings(scans):
        words = (
            f"{survey}: {finding.message}; {finding.advice} (tutelage data check {survey} shows all findings)"
        )
        tell(f"[bold]warning:[/] {plain(words)}")


def tell_useless_model(model: Localizer, survey: Survey) -> None:
    """Tell if a model answers none of its own survey's scans, or is off by a kilometre.

    Parameters
    ----------
    model : Localizer
        Fitted on the survey.
    survey : Survey
        The survey.
    """
    calibration = model.calibration_
    if calibration is None and model.place_calibration_ is None:
        return
    if calibration and calibration.held_out_mae_m is not None and calibration.held_out_mae_m > _USELESS_M:
        words = (
            f"the error to expect of this model is {calibration.held_out_mae_m:,.0f} m: positions are "
            f"likely in "
            "another unit or system. Look at them with tutelage data check; --columns and --units "
            "mend the reading"
        )
        tell(f"[bold red]warning:[/] {plain(words)}")
    scans = survey.train[:_N_CHECKED] if survey.test is None else survey.test
    if len(scans) and not model.predict(scans).answered.any():
        what = "the survey's own scans" if survey.test is None else "the test scans of the survey"
        words = (
            f"this model answers none of {what}: a column that is no access point, or readings in "
            f"another unit, may "
            "be the reason. tutelage data check shows what was read"
        )
        tell(f"[bold red]warning:[/] {plain(words)}")


def tell_radii_left_out(models: Sequence[tuple[Path, Judge]], level: float) -> None:
    """Tell which models cannot promise radii of a level, and what they can.

    Parameters
    ----------
    models : sequence of (path, judge)
        What each model learnt about its own errors.
    level : float
        Share of the true positions that the radii are to hold.
    """
    for path, judge in models:
        calibration = judge.radii
        if calibration is not None and level > calibration.highest_level:
            note = (
                f"{path} gives no radius at level {level:g}: "
                f"{calibration.held_out or f'{calibration.n_points} reference points'} were held out for it, "
                f"which promise {calibration.highest_level:.3f} at most; give a lower --level"
            )
            tell(f"[bold]note:[/] {plain(note)}")
        places = judge.places
        if places is not None and level > places.highest_level:
            note = (
                f"the sets of {path} hold all places at level {level:g}: {places.held_out} were held out, "
                f"which promise {places.highest_level:.3f} at most; give a lower --level"
            )
            tell(f"[bold]note:[/] {plain(note)}")
