"""By how many decibels a phone reads stronger or weaker than those that surveyed, learnt from its scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tutelage.errors import BadInputError
from tutelage.runtime import Runtime
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM
from tutelage.serving.heard_scans import HeardScan

__all__ = ["PhoneOffset", "learnt_offset", "shifted"]

_OFFSETS_DB = np.arange(-10.0, 11.0)
_FEWEST_SCANS = 20
_MOST_SCANS = 1000  # the newest
_RESAMPLES = 200
_LEVEL = 0.5  # of the radii that are compared; half the points a higher level needs


@dataclass(frozen=True)
class PhoneOffset:
    """What to add to a phone's readings so that they are like those of the survey.

    Parameters
    ----------
    offset_db : float
        The offset in dB.
    low_db, high_db : float
        Between these it lies in 90 % of draws of the scans with replacement.
    expected_gain : float
        By how much the model expects a smaller error with the offset, as a share of the error without it.
    n_scans : int
        Number of scans that it was learnt from.

    Examples
    --------
    >>> offset = PhoneOffset(offset_db=-4.0, low_db=-5.0, high_db=-3.0, expected_gain=0.12, n_scans=80)
    >>> offset.is_sure
    True
    >>> shifted(HeardScan({"aa:bb:cc:dd:ee:01": -61.0}, time_s=0.0), offset.offset_db).rss_dbm
    {'aa:bb:cc:dd:ee:01': -65.0}
    """

    offset_db: float
    low_db: float
    high_db: float
    expected_gain: float
    n_scans: int

    @property
    def is_sure(self) -> bool:
        """Whether the scans tell the offset from none."""
        return self.low_db > 0 or self.high_db < 0

    def as_json(self) -> dict[str, Any]:
        """Return the fields for JSON, with `is_sure`."""
        return {**asdict(self), "is_sure": self.is_sure}


def learnt_offset(model: Runtime, scans: Sequence[HeardScan]) -> PhoneOffset:
    """Learn the offset at which a model expects the smallest errors for a phone's scans.

    The radii of a calibrated model say how like the survey a scan is. They are computed for offsets from
    -10 to 10 dB. Where the phone was need not be known.

    Parameters
    ----------
    model : Runtime
        A calibrated model.
    scans : sequence of HeardScan
        Scans of the phone, at least 20 that the model answers at every offset. Of more than 1000, the last
        count.

    Returns
    -------
    PhoneOffset
        The offset, and how sure it is.

    Raises
    ------
    BadInputError
        If the model gives no radii, or too few scans have an answer at every offset.
    """
    readings = [scan.rss_dbm for scan in scans[-_MOST_SCANS:]]
    log_radius = np.array([_log_radii(model, readings, offset_db) for offset_db in _OFFSETS_DB])
    usable = np.isfinite(log_radius).all(axis=0)
    n = int(usable.sum())
    if n < _FEWEST_SCANS:
        raise BadInputError(
            f"{n} of {len(scans)} scans have an answer with a radius at every offset, {_FEWEST_SCANS} are "
            "needed; record more scans in the building, or take a model that is calibrated"
        )
    log_radius = log_radius[:, usable]
    draw = np.random.default_rng(0).integers(n, size=(_RESAMPLES, n))
    drawn_db = _OFFSETS_DB[log_radius[:, draw].mean(axis=2).argmin(axis=0)]
    mean = log_radius.mean(axis=1)
    best = int(mean.argmin())
    low_db, high_db = np.quantile(drawn_db, [0.05, 0.95], method="nearest").tolist()
    unshifted = int(np.flatnonzero(_OFFSETS_DB == 0)[0])
    gain = 1.0 - float(np.exp(mean[best] - mean[unshifted]))
    return PhoneOffset(float(_OFFSETS_DB[best]), low_db, high_db, gain, n)


def shifted(scan: HeardScan, offset_db: float) -> HeardScan:
    """Return a scan as a phone of the survey would have heard it.

    Parameters
    ----------
    scan : HeardScan
        A scan of the phone.
    offset_db : float
        Its offset in dB.

    Returns
    -------
    HeardScan
        The scan with the offset, within [-120, 0] dBm.
    """
    return replace(scan, rss_dbm=_shifted(scan.rss_dbm, offset_db))


def _log_radii(model: Runtime, readings: Sequence[Mapping[str, float]], offset_db: float) -> np.ndarray:
    """Return the logarithm of the radius of each scan, [n]; NaN without one."""
    answers = model.positions([_shifted(each, offset_db) for each in readings], level=_LEVEL)
    if answers.radius_m is None:
        return np.full(len(readings), np.nan)
    return np.asarray(np.log(answers.radius_m))


def _shifted(rss_dbm: Mapping[str, float], offset_db: float) -> dict[str, float]:
    return {name: min(RSS_MAX_DBM, max(RSS_MIN_DBM, rss + offset_db)) for name, rss in rss_dbm.items()}
