"""Recent scans beside a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.errors import BadInputError
from tutelage.evaluation import evaluate_positions, n_learnt
from tutelage.evaluation.drift.changed_access_points import Gone, New, Shifts, gone, hearing, new, shifts
from tutelage.evaluation.drift.compared_places import compared_places
from tutelage.evaluation.drift.expected_loss import Loss, Severity, estimated_loss, severity_of
from tutelage.localizer import Localizer
from tutelage.methods.calibration import landmarks_of
from tutelage.methods.fitting import radio_map_of
from tutelage.runtime.landmarks import Landmarks
from tutelage.runtime.positions import Positions

__all__ = ["Drift", "Measured", "measure_drift"]


class Measured(NamedTuple):
    """Where the scans have positions."""

    mae_m: float | None
    coverage: float | None
    """Of radii at 95 %; None without a calibration."""
    n_training_scans: int
    """From how many of the scans the model learnt: of these the error is a training error."""


@dataclass(frozen=True)
class Drift:
    """What changed since a model was made.

    Parameters
    ----------
    n_scans, n_places : compared, and how many landmarks are the most like any of them
    n_access_points : of the model
    gone, new, shifts : access points; `shifts.common_db` is what all of them share, as by another phone
    refused_share : of the scans, those that are unlike every surveyed place; None without a calibration
    loss : estimated
    measured : None where the scans have no positions
    severity, reasons : "none", "watch", "resurvey", or "unknown" of scans at too few places; and why
    """

    n_scans: int
    n_places: int
    n_access_points: int
    gone: tuple[Gone, ...]
    new: tuple[New, ...]
    shifts: Shifts
    refused_share: float | None
    loss: Loss
    measured: Measured | None
    severity: Severity
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        named = {
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
        return asdict(self) | named


def measure_drift(model: Localizer, scans: FingerprintSet | Survey, *, progress: bool = False) -> Drift:
    """Compare recent scans with the radio map that a model was made from.

    Parameters
    ----------
    model : fitted; of one without calibration the radio map is asked, which k-NN, matcher and blend hold
    scans : with or without positions; of a survey its test split, or its only split
    progress : as of `Localizer.predict`

    Raises
    ------
    BadInputError
        If there are no scans, none of them hears an access point that the model knows, or the model holds
        neither landmarks nor a radio map.
    """
    if isinstance(scans, Survey):
        scans = scans.train if scans.test is None else scans.test
    marks, names = _landmarks(model), model.access_points_
    readings = scans.rss_of(names)
    if not readings.nnz:
        raise BadInputError(
            f"none of the {len(scans)} scans hears an access point that the model knows; "
            "was it fitted on another building?"
        )
    places = compared_places(marks, readings)
    missing = gone(places, hearing(places), names)
    is_gone = _among(names, [each.access_point for each in missing])
    should = hearing(places, is_gone)
    found = shifts(places, should, names, marks.rss_min_dbm, is_gone)
    is_shifted = _among(names, [each.access_point for each in found.shifted])
    loss = estimated_loss(should, is_gone, is_shifted, model.calibration_)
    answers = model.predict(scans, progress=progress)
    refused = None if model.calibration_ is None else float(answers.refused.mean())
    measured = None if scans.position_m is None else _measured(model, answers, scans)
    severity, reasons = severity_of(
        loss.factor, refused or 0.0, measured and measured.coverage, len(places.n_scans)
    )
    return Drift(
        len(scans),
        len(places.n_scans),
        len(names),
        tuple(missing),
        tuple(new(scans, names)),
        found,
        refused,
        loss,
        measured,
        severity,
        reasons,
    )


def _landmarks(model: Localizer) -> Landmarks:
    names = model.access_points_
    if model.calibration_ is not None:
        return model.calibration_.landmarks
    held = radio_map_of(model.method_)
    if held is None:
        raise BadInputError(
            f"this {model.network} was fitted without calibration and holds nothing to compare scans with; "
            "fit it again with it"
        )
    return landmarks_of(held.fingerprints(model.frame_), names)


def _among(names: Sequence[str], chosen: Sequence[str]) -> np.ndarray:
    return np.isin(np.asarray(names), np.asarray(chosen, dtype=np.str_))


def _measured(model: Localizer, answers: Positions, scans: FingerprintSet) -> Measured:
    figures = evaluate_positions(answers, scans).figures()
    return Measured(figures["mae_m"], figures["coverage"], n_learnt(model, scans))
