"""The trial for a calibration: a twin of the model, fitted without some reference points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import groups_of, hold_out
from tutelage.data.splits import is_spread
from tutelage.methods.base import FitPlan, Fitted
from tutelage.methods.calibration.trial import Trial

__all__ = ["held_out_share", "twin_trial"]

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
    trial that the fit made for its own purposes serves as well.

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
        None if there are fewer than eight reference points, or the rest are all at one position.
    """
    usable_scans = scans[scans.n_heard > 0]
    share = held_out_share(len(groups_of(usable_scans)))
    if share is None:
        return None
    if fitted.trial and len(np.unique(fitted.trial.group)) >= _ENOUGH_POINTS:
        return fitted.trial
    division = hold_out(usable_scans, share, plan.run.seed)
    if division.n_phones and len(np.unique(division.group)) < _ENOUGH_POINTS:
        division = hold_out(usable_scans, share, plan.run.seed, across_phones=False)
    rest = usable_scans[division.rest]
    if not is_spread(rest):
        return None
    twin_plan = replace(
        plan,
        settings={**plan.settings, **fitted.twin_settings},
        run=plan.run.within("calibration", "to calibrate: "),
    )
    method = plan.method.fit(twin_plan, rest).method
    queries = usable_scans[division.held_out]
    is_walked = division.groups.kind == "walk"
    return Trial(rest, queries, division.group, method.locate, division.words, is_walked)
