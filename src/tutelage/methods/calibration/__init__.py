"""How far off an answer may be: radii that hold the true position as often as requested, and scans to refuse.

Split conformal prediction (Lei et al., J. Am. Stat. Assoc. 113(523), 2018) on reference points held out,
scaled by how hard a scan is. The result is a `tutelage.runtime.radii.Calibration`, which needs NumPy alone.
"""

from tutelage.methods.calibration.error_scale import cross_fit_scale, fit_scale
from tutelage.methods.calibration.trial import Trial, calibrate, landmarks_of, point_shares

__all__ = ["Trial", "calibrate", "cross_fit_scale", "fit_scale", "landmarks_of", "point_shares"]
