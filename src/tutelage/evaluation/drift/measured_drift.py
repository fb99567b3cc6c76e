"""Measurement of the drift between a model and recent scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.errors import BadInputError
from tutelage.evaluation.drift.changed_access_points import (
    Gone,
    New,
    Shifts,
    expected_shares,
    find_gone,
    find_new,
    find_shifts,
    likely_gone,
)
from tutelage.evaluation.drift.compared_places import PlaceComparison, compare_places
from tutelage.evaluation.drift.expected_loss import Loss, Severity, estimate_loss, judge_severity
from tutelage.evaluation.drift.simulated_loss import gone_factor
from tutelage.evaluation.evaluate import n_learnt
from tutelage.evaluation.metrics import evaluate_positions
from tutelage.localizer import Localizer
from tutelage.methods.calibration import landmarks_of
from tutelage.runtime.landmarks import Landmarks
from tutelage.runtime.positions import Positions

__all__ = ["Drift", "Measurement", "measure_drift"]


class Measurement(NamedTuple):
    """The error of recent scans that have positions."""

    mae_m: float | None
    """Mean error in metres; None where no scan got a position."""
    coverage: float | None
    """Share of the true positions within radii at 95 %; None without a calibration."""
    n_training_scans: int
    """How many of the scans the model learnt from; their errors are training errors."""


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
        The error of the scans; None where they have no positions.
    severity : {"none", "watch", "resurvey", "unknown"}
        Whether to survey again; "unknown" for scans at too few places.
    reasons : tuple of str
        One clause for each reason.
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
    landmarks = _landmarks(model)
    names = model.access_points_
    readings = scans.rss_of(names)
    if not readings.nnz:
        raise BadInputError(
            f"none of the {len(scans)} scans hears an access point that the model knows; "
            "was it fitted on another building?"
        )
    places, gone = _find_all_gone(landmarks, readings, names)
    is_gone = _among(names, [each.access_point for each in gone])
    shares = expected_shares(places, is_gone)
    is_away = likely_gone(places, shares, is_gone)
    shifts = find_shifts(places, shares, names, landmarks.rss_min_dbm, is_gone)
    is_shifted = _among(names, [each.access_point for each in shifts.shifted])
    factor = gone_factor(model, is_away)
    loss = estimate_loss(shares, is_away, is_shifted, model.calibration_, factor)
    answers = model.predict(scans, progress=progress)
    refused_share = None if model.calibration_ is None else float(answers.refused.mean())
    measurement = None if scans.position_m is None else _measure(model, answers, scans)
    severity, reasons = judge_severity(
        loss.factor, refused_share or 0.0, measurement and measurement.coverage, len(places.n_scans)
    )
    return Drift(
        n_scans=len(scans),
        n_places=len(places.n_scans),
        n_access_points=len(names),
        gone=tuple(gone),
        new=tuple(find_new(scans, names)),
        shifts=shifts,
        refused_share=refused_share,
        loss=loss,
        measured=measurement,
        severity=severity,
        reasons=reasons,
    )


def _find_all_gone(
    landmarks: Landmarks, readings: sparse.csr_array, names: Sequence[str]
) -> tuple[PlaceComparison, list[Gone]]:
    """Find gone access points again and again, each time without those found before.

    Many that are gone at once lead scans to the wrong landmarks, and hide each other.
    """
    gone: dict[str, Gone] = {}
    while True:
        is_gone = _among(names, list(gone))
        places = compare_places(landmarks, readings, is_gone)
        found = find_gone(places, expected_shares(places, is_gone), names)
        new = [each for each in found if each.access_point not in gone]
        if not new:
            order = {name: j for j, name in enumerate(names)}
            return places, sorted(gone.values(), key=lambda each: order[each.access_point])
        gone |= {each.access_point: each for each in new}


def _landmarks(model: Localizer) -> Landmarks:
    names = model.access_points_
    if model.calibration_ is not None:
        return model.calibration_.landmarks
    surveyed = model.method_.radio_map
    if surveyed is None:
        raise BadInputError(
            f"this {model.method_spec.name} was fitted without calibration and holds nothing to compare "
            "scans with; fit it again with it"
        )
    return landmarks_of(surveyed.fingerprints(model.frame_), names)


def _among(names: Sequence[str], subset: Sequence[str]) -> np.ndarray:
    return np.isin(np.asarray(names), np.asarray(subset, dtype=np.str_))


def _measure(model: Localizer, answers: Positions, scans: FingerprintSet) -> Measurement:
    figures = evaluate_positions(answers, scans).figures()
    return Measurement(figures["mae_m"], figures["coverage"], n_learnt(model, scans))
