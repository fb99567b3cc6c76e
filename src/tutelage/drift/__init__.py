"""Recent scans against the radio map: what changed, what it costs, when to survey again."""

from tutelage.drift.access_points import Gone, New, Shift, Shifts
from tutelage.drift.drift import Drift, Measured, measure_drift
from tutelage.drift.loss import Loss

__all__ = ["Drift", "Gone", "Loss", "Measured", "New", "Shift", "Shifts", "measure_drift"]
