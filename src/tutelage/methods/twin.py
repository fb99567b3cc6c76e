"""The trial for a calibration: a twin of the model, fitted without some reference points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.splits import is_spread, n_reference_points, reference_points, split_by_position
from tutelage.methods.base import FitPlan, Fitted
from tutelage.methods.calibration.trial import Trial

__all__ = ["held_out_share", "twin_trial"]

_HELD_OUT_SHARE = 0.15
_HELD_OUT_SHARE_IN_SMALL_SURVEY = 0.5
_ENOUGH_POINTS = 19  # the fewest that promise a radius at 95 %
_FEWEST_POINTS = 8  # below, half of them is too few for a map


def held_out_share(n_points: int) -> float | None:
    """Give the share of reference points that a calibration holds out.

    Parameters
    ----------
    n_points : int
        Reference points of the survey.

    Returns
    -------
    float or None
        None if there are fewer than eight.
    """
    if n_points < _FEWEST_POINTS:
        return None
    is_large = _HELD_OUT_SHARE * n_points > _ENOUGH_POINTS + 1
    return _HELD_OUT_SHARE if is_large else _HELD_OUT_SHARE_IN_SMALL_SURVEY


def twin_trial(plan: FitPlan, scans: FingerprintSet, fitted: Fitted) -> Trial | None:
    """Fit a twin of a model without some reference points, and locate the scans there.

    15 % of the points are held out, or half of them in a survey of few points. The twin takes the settings
    that the model chose. A trial that the fit made for its own purposes serves as well.

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
    share = held_out_share(n_reference_points(usable_scans))
    if share is None:
        return None
    if fitted.trial and len(np.unique(fitted.trial.point)) >= _ENOUGH_POINTS:
        return fitted.trial
    rest, held_out = split_by_position(usable_scans, fraction=share, seed=plan.run.seed)
    if not is_spread(usable_scans[rest]):
        return None
    twin_plan = replace(
        plan,
        settings={**plan.settings, **fitted.twin_settings},
        run=plan.run.within("calibration", "to calibrate: "),
    )
    method = plan.method.fit(twin_plan, usable_scans[rest]).method
    queries = usable_scans[held_out]
    return Trial(
        usable_scans[rest], queries, reference_points(usable_scans)[held_out], method.locate(queries)
    )
