"""The trial for a calibration: a twin of the model, fitted without some of its scans."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import HoldOut, can_be_held_out, groups_of, hold_out, hold_out_within_places
from tutelage.data.place_blocks import place_blocks
from tutelage.data.splits import is_spread
from tutelage.methods.base import FitPlan, Fitted, FittedMethod
from tutelage.methods.calibration.trial import Trial

__all__ = ["answers_places", "held_out_share", "place_trial", "twin_trial"]

_HELD_OUT_SHARE = 0.15
_HELD_OUT_SHARE_IN_SMALL_SURVEY = 0.5
_ENOUGH_POINTS = 19  # the fewest that promise a radius at 95 %
_FEWEST_POINTS = 8  # below, half of them is too few for a map


def held_out_share(n_groups: int) -> float | None:
    """Give the share of reference points or walks that a calibration holds out.

    Parameters
    ----------
    n_groups : int
        Reference points of the survey, or walks.

    Returns
    -------
    float or None
        None if there are fewer than eight.
    """
    if n_groups < _FEWEST_POINTS:
        return None
    is_large = _HELD_OUT_SHARE * n_groups > _ENOUGH_POINTS + 1
    return _HELD_OUT_SHARE if is_large else _HELD_OUT_SHARE_IN_SMALL_SURVEY


def twin_trial(plan: FitPlan, scans: FingerprintSet, fitted: Fitted) -> Trial | None:
    """Fit a twin of a model without some reference points, and locate the scans there.

    15 % of the points are held out, or half of them in a survey of few points. They are those of one phone
    where that leaves enough of them for a radius at 95 %. The twin takes the settings that the model chose. A
    trial that the fit made for its own purposes serves as well. In a survey of places alone, blocks of scans
    within places are held out.

    Parameters
    ----------
    plan : FitPlan
    scans : FingerprintSet
        Training scans of the model.
    fitted : Fitted
        Result of the plan on all of them.

    Returns
    -------
    Trial or None
        None if there are fewer than eight reference points, the rest are all at one position, or each place
        has one scan.
    """
    usable_scans = scans[scans.n_heard > 0]
    share = held_out_share(len(groups_of(usable_scans)))
    if share is None or not can_be_held_out(usable_scans):
        return None
    if fitted.trial and len(np.unique(fitted.trial.group)) >= _ENOUGH_POINTS:
        return fitted.trial
    division = hold_out(usable_scans, share, plan.run.seed)
    if division.n_phones and len(np.unique(division.group)) < _ENOUGH_POINTS:
        division = hold_out(usable_scans, share, plan.run.seed, across_phones=False)
    return _trial(plan, usable_scans, fitted, division, "calibration")


def answers_places(method: FittedMethod, scans: FingerprintSet) -> bool:
    """Tell whether a fitted method answers places: a network without label heads does not.

    Parameters
    ----------
    method : FittedMethod
    scans : FingerprintSet
        Training scans of the method.
    """
    return scans.place is not None and method.locate(scans[scans.n_heard > 0][:1]).place is not None


def place_trial(plan: FitPlan, scans: FingerprintSet, fitted: Fitted) -> Trial | None:
    """Fit a twin of a model without some blocks of scans within places, and ask it for the places there.

    It is for surveys with positions and places: what is held out for positions are whole points, which would
    take whole places away.

    Parameters
    ----------
    plan : FitPlan
    scans : FingerprintSet
        Training scans of the model.
    fitted : Fitted
        Result of the plan on all of them.

    Returns
    -------
    Trial or None
        None if the method answers no places, there are fewer than eight blocks, or each place has one.
    """
    if not answers_places(fitted.method, scans):
        return None
    usable_scans = scans[scans.n_heard > 0]
    named = np.flatnonzero(usable_scans.known_place != "")
    blocks = place_blocks(usable_scans[named])
    share = held_out_share(int(blocks.max(initial=-1)) + 1)
    if share is None or int(blocks.max()) + 1 == len(np.unique(usable_scans.known_place[named])):
        return None
    division = hold_out_within_places(usable_scans[named], share, plan.run.seed)
    held_out = named[division.held_out]
    rest = np.setdiff1d(np.arange(len(usable_scans)), held_out)
    return _trial(plan, usable_scans, fitted, replace(division, rest=rest, held_out=held_out), "places")


def _trial(
    plan: FitPlan, scans: FingerprintSet, fitted: Fitted, division: HoldOut, stage: str
) -> Trial | None:
    """Fit a twin to the rest; None if the rest is all of one place."""
    rest = scans[division.rest]
    if not is_spread(rest):
        return None
    twin_plan = replace(
        plan,
        settings={**plan.settings, **fitted.twin_settings},
        run=plan.run.within(stage, "to calibrate: "),
    )
    method = plan.method.fit(twin_plan, rest).method
    queries = scans[division.held_out]
    is_walked = division.groups.kind == "walk"
    return Trial(rest, queries, division.group, method.locate, division.words, is_walked)
