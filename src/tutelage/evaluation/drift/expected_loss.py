"""The cost of the changes, and when to survey again."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from tutelage.evaluation.drift.changed_access_points import FEWEST_PLACES
from tutelage.evaluation.drift.simulated_loss import GoneErrors, GoneFactors
from tutelage.methods.answer_errors import WRONG_PLACES
from tutelage.runtime.radii import Calibration

__all__ = [
    "GONE_POWER",
    "RESURVEY_AT",
    "SHIFTED_POWER",
    "Loss",
    "Severity",
    "estimate_loss",
    "judge_severity",
    "with_hits",
]

Severity = Literal["none", "watch", "resurvey", "unknown"]

# `python -m benchmarks.drift --choose` fitted the powers. It removes or shifts access points in held-out
# training scans of the sets other than the library.
GONE_POWER = 0.33
"""Power of the share of readings that is left when access points are gone."""
SHIFTED_POWER = 0.14
"""Power of the share of readings that is left when access points shifted."""
RESURVEY_AT = 1.08
"""Factor of the mean error from which a new survey is due."""
_WATCH_AT = 1.03
_RESURVEY_AT_HITS = 0.05  # of a model of places alone: the share of right places that is lost
_WATCH_AT_HITS = 0.02
_MANY_REFUSED = 0.10
_LOW_COVERAGE = 0.80


class Loss(NamedTuple):
    """The mean error to expect, now and when the model was made."""

    factor: float
    """Error now over error then; of a model of places alone, as the readings that are left say."""
    gone_share: float
    """Share of the readings that the scans should have, from access points that are gone."""
    shifted_share: float
    """Share of the other readings, from access points that shifted."""
    then_m: float | None
    """Mean error in metres over held-out reference points; None without a calibration."""
    now_m: float | None
    """The same error today, by estimate; None without a calibration."""
    factor_after_update: float | None
    """Error over error then, once `tutelage.update` has left the gone access points out.

    None if none is gone, or the model holds no radio map of eight points.
    """
    then_hit: float | None = None
    """Share of right places on held-out scans, of a calibrated model of places alone."""
    hits_lost: float | None = None
    """How much of it the gone access points cost, of a model of places alone with a radio map."""
    hits_lost_after_update: float | None = None
    """The same once an update has left them out; None if none is gone."""


def estimate_loss(
    shares: np.ndarray,
    is_gone: np.ndarray,
    is_shifted: np.ndarray,
    calibration: Calibration | None,
    factors: GoneFactors | None = None,
) -> Loss:
    """Estimate the loss: the factor of gone access points times (1 - share shifted)^-0.14.

    Parameters
    ----------
    shares : ndarray
        Shares of the scans that should hear each access point [P, n_ap], from
        `tutelage.evaluation.drift.changed_access_points.expected_shares`.
    is_gone, is_shifted : ndarray
        Which access points are gone or shifted, bool [n_ap].
    calibration : Calibration, optional
        Calibration of the model.
    factors : GoneFactors, optional
        Factors of the gone access points, from `tutelage.evaluation.drift.simulated_loss.gone_factors`.
        Without them, (1 - share gone)^-0.33.

    Returns
    -------
    Loss
        The mean error to expect.
    """
    weight = shares.sum(axis=0)
    present = ~is_gone
    gone_share = _weight_share(weight, is_gone)
    shifted_share = _weight_share(weight[present], is_shifted[present])
    gone_factor = max(1 - gone_share, 1e-9) ** -GONE_POWER if factors is None else factors.kept
    shifted_factor = max(1 - shifted_share, 1e-9) ** -SHIFTED_POWER
    factor = float(gone_factor * shifted_factor)
    then_m = None if calibration is None else _held_out_m(calibration)
    now_m = None if then_m is None else then_m * factor
    after = float(factors.left_out * shifted_factor) if factors is not None and is_gone.any() else None
    return Loss(factor, gone_share, shifted_share, then_m, now_m, after)


def with_hits(loss: Loss, then_hit: float | None, is_gone: np.ndarray, errors: GoneErrors | None) -> Loss:
    """Add the right places that a model of places alone is expected to lose.

    What access points that shifted cost is not known, and counts nothing.

    Parameters
    ----------
    loss : Loss
        Of `estimate_loss`.
    then_hit : float, optional
        Share of right places on held-out scans; None without a calibration.
    is_gone : ndarray
        Which access points are gone, bool [n_ap].
    errors : GoneErrors, optional
        Shares of wrong places, from `tutelage.evaluation.drift.simulated_loss.gone_errors`.

    Returns
    -------
    Loss
    """
    if not is_gone.any():
        return loss._replace(then_hit=then_hit, hits_lost=0.0)
    if errors is None:
        return loss._replace(then_hit=then_hit)
    lost, after = (max(0.0, error - errors.then) for error in (errors.kept, errors.left_out))
    return loss._replace(then_hit=then_hit, hits_lost=lost, hits_lost_after_update=after)


def _held_out_m(calibration: Calibration) -> float:
    if calibration.held_out_mae_m is not None:
        return calibration.held_out_mae_m
    # Older models have no such error, but errors over their scales; the mean of the scales is about 1.
    return float(np.average(calibration.score, weights=calibration.share))


def _weight_share(weight: np.ndarray, which: np.ndarray) -> float:
    return float(weight[which].sum() / weight.sum()) if weight.sum() > 0 else 0.0


def judge_severity(
    loss: Loss, refused_share: float, coverage: float | None, n_places: int, *, of_places: bool = False
) -> tuple[Severity, tuple[str, ...]]:
    """Judge whether a new survey is due, and say why.

    Parameters
    ----------
    loss : Loss
        What is to be expected.
    refused_share : float
        Share of the scans that are unlike every surveyed place.
    coverage : float, optional
        Share of the radii, or of the sets of places, at 95 % that hold the truth; None where it was not
        measured.
    n_places : int
        Places of the scans. Too few of them give no verdict, unless there is another reason.
    of_places : bool
        Whether the model learnt places alone. Right places are counted then, or the readings that are gone
        where nothing tells what these cost.

    Returns
    -------
    severity : Severity
        "none", "watch", "resurvey" or "unknown".
    reasons : tuple of str
        One clause for each reason.
    """
    cost, lost = _judge_cost(loss, of_places=of_places)
    reasons = [lost] if cost == "resurvey" else []
    if refused_share >= _MANY_REFUSED:
        reasons.append(f"{refused_share:.0%} of the scans are unlike every surveyed place")
    if coverage is not None and coverage < _LOW_COVERAGE:
        what = "sets that should hold 95 % of the true places" if of_places else ""
        what = what or "radii that should hold 95 % of the true positions"
        reasons.append(f"{what} hold {coverage:.0%}")
    if reasons:
        return "resurvey", tuple(reasons)
    if n_places < FEWEST_PLACES:
        return "unknown", (f"scans of at least {FEWEST_PLACES} places are needed, these are of {n_places}",)
    return cost, (lost,) if cost == "watch" else ()


def _judge_cost(loss: Loss, *, of_places: bool) -> tuple[Severity, str]:
    """Judge what the changes cost, and say it."""
    size, resurvey_at, watch_at = loss.factor, RESURVEY_AT, _WATCH_AT
    words = f"the mean error is expected to be {loss.factor - 1:.0%} larger than it was"
    if of_places and loss.hits_lost is None:
        words = f"{loss.gone_share + loss.shifted_share:.0%} of the readings are gone or have shifted"
    elif of_places and loss.hits_lost is not None:
        size, resurvey_at, watch_at = loss.hits_lost, _RESURVEY_AT_HITS, _WATCH_AT_HITS
        points = f"{WRONG_PLACES.number(size)} {WRONG_PLACES.step}"
        words = f"the share of right places is expected to be {points} smaller than it was"
    if size >= resurvey_at:
        return "resurvey", words
    return ("watch" if size >= watch_at else "none"), words
