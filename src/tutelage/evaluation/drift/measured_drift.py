"""Measurement of the drift between a model and recent scans."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.evaluation.drift.absent_access_points import Absence, find_absent, is_among
from tutelage.evaluation.drift.changed_access_points import Gone, New, Shifts, find_new, find_shifts
from tutelage.evaluation.drift.expected_loss import Loss, Severity, estimate_loss, judge_severity, with_hits
from tutelage.evaluation.drift.simulated_loss import gone_errors, gone_factors
from tutelage.evaluation.evaluate import n_learnt
from tutelage.evaluation.metrics import evaluate_positions
from tutelage.localizer import Localizer
from tutelage.runtime.positions import Positions

__all__ = ["Drift", "Measurement", "measure_drift"]


class Measurement(NamedTuple):
    """The error of recent scans that have positions or places."""

    mae_m: float | None
    """Mean error in metres; None where no scan got a position."""
    coverage: float | None
    """Share of the true positions within radii at 95 %; None without a calibration."""
    n_training_scans: int
    """How many of the scans the model learnt from; their errors are training errors."""
    place_hit: float | None = None
    """Share of right places; None where the model or the scans have none."""
    place_set_coverage: float | None = None
    """Share of the sets at 95 % that hold the true place; None without a calibration."""


@dataclass(frozen=True)
class Drift:
    """The changes since a model was made.

    Parameters
    ----------
    n_scans : int
        Recent scans.
    n_places : int
        Landmarks that are the most like any of them.
    n_access_points : int
        Access points of the model.
    gone : tuple of Gone
        Access points that are no longer heard.
    new : tuple of New
        Access points that the model does not know.
    shifts : Shifts
        Access points that are louder or fainter. `shifts.common_db` is the offset of all of them, which
        another phone brings about.
    refused_share : float, optional
        Share of the scans that are unlike every surveyed place; None without a calibration.
    loss : Loss
        The mean error to expect.
    measured : Measurement, optional
        The error of the scans; None where they have neither positions nor places that the model knows.
    severity : {"none", "watch", "resurvey", "unknown"}
        Whether to survey again; "unknown" for scans at too few places.
    reasons : tuple of str
        One clause for each reason.
    of_places : bool
        Whether the model learnt places alone: then no error in metres is to be expected.
    """

    n_scans: int
    n_places: int
    n_access_points: int
    gone: tuple[Gone, ...]
    new: tuple[New, ...]
    shifts: Shifts
    refused_share: float | None
    loss: Loss
    measured: Measurement | None
    severity: Severity
    reasons: tuple[str, ...]
    of_places: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Turn the drift into plain values, ready for JSON.

        Returns
        -------
        dict
            Values by field name.
        """
        plain = {
            "gone": [each._asdict() for each in self.gone],
            "new": [each._asdict() for each in self.new],
            "shifts": {
                **self.shifts._asdict(),
                "shifted": [each._asdict() for each in self.shifts.shifted],
            },
            "loss": self.loss._asdict(),
            "measured": self.measured and self.measured._asdict(),
            "reasons": list(self.reasons),
        }
        return asdict(self) | plain


def measure_drift(model: Localizer, scans: FingerprintSet | Survey, *, progress: bool = False) -> Drift:
    """Compare recent scans with the survey that a model was fitted to.

    Parameters
    ----------
    model : Localizer
        A fitted model. Without a calibration it needs a radio map.
    scans : FingerprintSet or Survey
        Scans with or without positions. Of a survey, the test split is used, or its only split.
    progress : bool, default False
        Show a progress bar on standard error.

    Returns
    -------
    Drift
        What changed, what it costs, and whether to survey again.

    Raises
    ------
    BadInputError
        If there are no scans, or none hears an access point of the model. If the model has neither landmarks
        nor a radio map.

    Examples
    --------
    >>> from tutelage import Localizer, measure_drift, simulated_survey
    >>> survey = simulated_survey(churn=0.0, device_offset_db=0.0)
    >>> model = Localizer("knn", calibrate=False).fit(survey)
    >>> drift = measure_drift(model, survey)
    >>> drift.severity, drift.gone, drift.new
    ('none', (), ())
    """
    if isinstance(scans, Survey):
        scans = scans.train if scans.test is None else scans.test
    names = model.access_points_
    absent = find_absent(model, scans)
    places, shares = absent.places, absent.shares
    shifts = find_shifts(places, shares, names, absent.landmarks.rss_min_dbm, absent.is_gone)
    is_shifted = is_among(names, [each.access_point for each in shifts.shifted])
    loss = _expected_loss(model, absent, is_shifted)
    answers = model.predict(scans, progress=progress)
    of_places = not model.has_coordinates_
    is_calibrated = (model.place_calibration_ if of_places else model.calibration_) is not None
    refused_share = float(answers.refused.mean()) if is_calibrated else None
    has_truth = scans.place is not None if of_places else scans.position_m is not None
    measurement = _measure(model, answers, scans) if has_truth else None
    severity, reasons = judge_severity(
        loss,
        refused_share or 0.0,
        measurement and (measurement.place_set_coverage if of_places else measurement.coverage),
        len(places.n_scans),
        of_places=of_places,
    )
    return Drift(
        n_scans=len(scans),
        n_places=len(places.n_scans),
        n_access_points=len(names),
        gone=absent.gone,
        new=tuple(find_new(scans, names)),
        shifts=shifts,
        refused_share=refused_share,
        loss=loss,
        measured=measurement,
        severity=severity,
        reasons=reasons,
        of_places=of_places,
    )


def _expected_loss(model: Localizer, absent: Absence, is_shifted: np.ndarray) -> Loss:
    """Estimate the loss in metres, or in right places of a model of places alone."""
    if model.has_coordinates_:
        factors = gone_factors(model, absent.is_likely, absent.is_gone)
        return estimate_loss(absent.shares, absent.is_likely, is_shifted, model.calibration_, factors)
    loss = estimate_loss(absent.shares, absent.is_likely, is_shifted, None)
    calibration = model.place_calibration_
    then_hit = None if calibration is None else calibration.held_out_hit
    errors = gone_errors(model, absent.is_likely, absent.is_gone) if absent.is_likely.any() else None
    return with_hits(loss, then_hit, absent.is_likely, errors)


def _measure(model: Localizer, answers: Positions, scans: FingerprintSet) -> Measurement:
    figures = evaluate_positions(answers, scans).figures()
    of_places = figures["place_hit"], figures["place_set_coverage"]
    return Measurement(figures["mae_m"], figures["coverage"], n_learnt(model, scans), *of_places)
