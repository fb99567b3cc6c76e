"""How far off an answer may be: radii that hold the truth as often as asked, and scans to refuse.

Split conformal prediction (Lei et al., J. Am. Stat. Assoc. 113(523), 2018) on reference points held out,
scaled by how hard a scan is.
"""

from tutelage.calibration.calibration import Calibration, Judgement, Trial
from tutelage.calibration.conformal import conformal_quantile, point_shares
from tutelage.calibration.landmarks import Landmarks, difficulty

__all__ = [
    "Calibration",
    "Judgement",
    "Landmarks",
    "Trial",
    "conformal_quantile",
    "difficulty",
    "point_shares",
]
