"""How far off an answer may be: radii and sets of places that hold the truth as often as requested, refusals.

Split conformal prediction (Lei et al., J. Am. Stat. Assoc. 113(523), 2018) on reference points held out,
scaled by how hard a scan is. The result is a `tutelage.runtime.radii.Calibration`, which needs NumPy alone.
"""

from tutelage.methods.calibration.error_scale import cross_fit_scale, fit_scale
from tutelage.methods.calibration.place_calibrating import calibrate_places, calibration_error
from tutelage.methods.calibration.trial import Trial, calibrate, landmarks_of, point_shares

__all__ = [
    "Trial",
    "calibrate",
    "calibrate_places",
    "calibration_error",
    "cross_fit_scale",
    "fit_scale",
    "landmarks_of",
    "point_shares",
]
