"""Drift of a building since its survey: what changed, what it costs, when to survey again."""

from tutelage.evaluation.drift.changed_access_points import Gone, New, Shift, Shifts
from tutelage.evaluation.drift.expected_loss import Loss
from tutelage.evaluation.drift.measured_drift import Drift, Measurement, measure_drift

__all__ = ["Drift", "Gone", "Loss", "Measurement", "New", "Shift", "Shifts", "measure_drift"]
