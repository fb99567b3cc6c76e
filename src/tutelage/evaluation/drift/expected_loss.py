"""What the changes cost, and when to survey again."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from tutelage.evaluation.drift.changed_access_points import FEWEST_PLACES
from tutelage.runtime.radii import Calibration

__all__ = ["RESURVEY_AT", "Loss", "Severity", "estimated_loss", "severity_of"]

Severity = Literal["none", "watch", "resurvey", "unknown"]

# Fitted by `python -m benchmarks.drift --choose` to access points taken away from, or shifted in, training
# scans held out, of sets other than the library.
GONE_POWER, SHIFTED_POWER = 0.33, 0.14
RESURVEY_AT = 1.08
_WATCH_AT = 1.03
_MANY_REFUSED = 0.10
_FEW_HELD = 0.80


class Loss(NamedTuple):
    """The mean error to expect, now and when the model was made."""

    factor: float
    """Now over then."""
    gone_share: float
    """Of the readings that the scans should hold, those of access points that are gone."""
    shifted_share: float
    """Of the others, those of access points that shifted."""
    then_m: float | None
    """Metres, at reference points held out, each counting alike; None without a calibration."""
    now_m: float | None


def estimated_loss(
    should: np.ndarray, is_gone: np.ndarray, is_shifted: np.ndarray, calibration: Calibration | None
) -> Loss:
    """(1 - share gone)^-0.33 (1 - share shifted)^-0.14.

    Parameters
    ----------
    should : as of `tutelage.evaluation.drift.changed_access_points.hearing`
    is_gone, is_shifted : [n_ap] bool
    calibration : of the model, if it has one
    """
    weight = should.sum(axis=0)
    left = ~is_gone
    gone_share, shifted_share = _share(weight, is_gone), _share(weight[left], is_shifted[left])
    lasting = (1 - gone_share) ** GONE_POWER * (1 - shifted_share) ** SHIFTED_POWER
    factor = float(1 / max(lasting, 1e-3))
    then_m = None if calibration is None else _held_out_m(calibration)
    return Loss(factor, gone_share, shifted_share, then_m, None if then_m is None else then_m * factor)


def _held_out_m(calibration: Calibration) -> float:
    if calibration.held_out_mae_m is not None:
        return calibration.held_out_mae_m
    # Of a model fitted before the error was kept: errors over their scales, whose mean is about 1.
    return float(np.average(calibration.score, weights=calibration.share))


def _share(weight: np.ndarray, which: np.ndarray) -> float:
    return float(weight[which].sum() / weight.sum()) if weight.sum() > 0 else 0.0


def severity_of(
    factor: float, refused_share: float, coverage: float | None, n_places: int
) -> tuple[Severity, tuple[str, ...]]:
    """What to do, and why.

    Parameters
    ----------
    factor : of the loss
    refused_share : of the scans, those that are unlike every surveyed place
    coverage : measured, of radii at 95 %; None where it was not
    n_places : of the scans; of too few nothing can be told, unless another reason is there
    """
    reasons = []
    if factor >= RESURVEY_AT:
        reasons.append(f"the mean error is expected to be {factor - 1:.0%} larger than it was")
    if refused_share >= _MANY_REFUSED:
        reasons.append(f"{refused_share:.0%} of the scans are unlike every surveyed place")
    if coverage is not None and coverage < _FEW_HELD:
        reasons.append(f"radii that should hold 95 % of the true positions hold {coverage:.0%}")
    if reasons:
        return "resurvey", tuple(reasons)
    if n_places < FEWEST_PLACES:
        return "unknown", (f"scans of at least {FEWEST_PLACES} places are needed, these are of {n_places}",)
    if factor >= _WATCH_AT:
        return "watch", (f"the mean error is expected to be {factor - 1:.0%} larger than it was",)
    return "none", ()
