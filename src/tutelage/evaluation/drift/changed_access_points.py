"""Access points that are gone, shifted or new, each by a test that is corrected for how many are tested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.isotonic import IsotonicRegression

from tutelage.data.fingerprints import FingerprintSet
from tutelage.evaluation.drift.compared_places import Places
from tutelage.runtime.access_point_names import columns_in

__all__ = [
    "FALSE_ALARMS",
    "FEWEST_PLACES",
    "Gone",
    "New",
    "Shift",
    "Shifts",
    "gone",
    "hearing",
    "new",
    "shifts",
]

FALSE_ALARMS = 0.05  # probability of any, for gone and for shifted access points alike
_PRESENT = 0.5  # share of the scans of a place: who is heard so often somewhere is still there
_DUE = 0.5  # share of the scans that should hear it, for a place to count
_HARDLY = 0.1  # of the scans that should hear it: gone, and not only weaker
_MOST = 0.99  # probability of being heard, at most
_SURE = 0.8  # share of the scans that should hear it, for a place to tell its level
_ABOVE_DB = 15.0  # over the lowest RSS: below, a weaker access point is one that is not heard
FEWEST_PLACES = 3
_PRIOR_PLACES = 10  # the spread of few places is drawn towards that of all access points
_SMALLEST_DB = 3.0  # shifts below half the power change too little to be told
_NEW_SHARE, _NEW_SCANS = 0.05, 3
_SPREAD_OF_MAD = 1.4826  # of a normal variable: standard deviation over median absolute deviation
_ERROR_OF_MEDIAN = 1.2533  # and standard error of the median over that of the mean


class Gone(NamedTuple):
    """An access point that is no longer heard where it should be."""

    access_point: str
    n_places: int
    expected_share: float
    """Of the scans at these places, that should hear it."""
    found_share: float
    p_value: float
    """Bound, corrected for all access points tested."""


class Shift(NamedTuple):
    """An access point that is louder or fainter than it was, beside all others."""

    access_point: str
    offset_db: float
    low_db: float
    high_db: float
    """Simultaneous interval over all access points tested."""
    n_places: int


class Shifts(NamedTuple):
    """What all access points share, and who departs from it."""

    common_db: float | None
    """Median over access points; None where no level could be told."""
    n_tested: int
    shifted: tuple[Shift, ...]


class New(NamedTuple):
    """An access point that the model does not know."""

    access_point: str
    share: float
    """Of the scans, that hear it."""
    mean_dbm: float


def hearing(places: Places, left_out: np.ndarray | None = None) -> np.ndarray:
    """[P, n_ap] the share of a place's scans that should hear each access point, 0 where none is expected.

    How often an expected level is heard is learnt from these very scans, so a phone that hears less hears all
    of them less often. Who is heard nowhere by most of the scans says nothing about it.

    Parameters
    ----------
    left_out : [n_ap] bool, access points that are known to be gone
    """
    due = np.isfinite(places.expected_dbm)
    present = places.share.max(axis=0, initial=0.0) >= _PRESENT
    if left_out is not None:
        present &= ~left_out
    cell = due & present
    if not cell.any():
        return np.zeros(due.shape)
    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    curve.fit(places.expected_dbm[cell], places.share[cell])
    found = np.zeros(due.shape)
    found[due] = curve.predict(places.expected_dbm[due])
    return found


def gone(places: Places, should: np.ndarray, names: Sequence[str]) -> list[Gone]:
    """Access points that hardly any scan hears at the places where most should.

    Each place is one trial, and Hoeffding's inequality bounds the probability that so few hear it by chance
    (J. Am. Stat. Assoc. 58(301), 1963, theorem 1); Bonferroni's correction holds it for all.

    Parameters
    ----------
    should : as of `hearing`
    names : [n_ap]
    """
    due = should >= _DUE
    n = due.sum(axis=0)
    tested = n >= FEWEST_PLACES
    expected, found = (
        np.sum(share * due, axis=0) / np.maximum(n, 1) for share in (np.minimum(should, _MOST), places.share)
    )
    few = tested & (found <= _HARDLY * expected)
    p = np.minimum(1.0, np.exp(-n * _divergence(found, expected)) * tested.sum())
    return [
        Gone(names[j], int(n[j]), float(expected[j]), float(found[j]), float(p[j]))
        for j in np.flatnonzero(few & (p <= FALSE_ALARMS)).tolist()
    ]


def _divergence(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence of two shares, 0 where no fewer were found than expected."""
    p, q = (np.clip(share, 1e-12, 1 - 1e-12) for share in (found, expected))
    return np.where(p < q, p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)), 0.0)


def shifts(
    places: Places, should: np.ndarray, names: Sequence[str], rss_min_dbm: float, left_out: np.ndarray
) -> Shifts:
    """Levels beside what the landmarks most like the scans heard.

    An access point's offset is the median over places; all offsets' median is what the phone, or the whole
    building, shares. Its spread over places is drawn towards that of all access points, as of Smyth (Stat.
    Appl. Genet. Mol. Biol. 3(1), 2004), so that two places that agree by chance prove nothing.

    Parameters
    ----------
    should, names : as of `gone`
    rss_min_dbm : of the landmarks
    left_out : [n_ap] bool, access points that are gone
    """
    clear = (should >= _SURE) & (np.nan_to_num(places.expected_dbm, nan=-np.inf) >= rss_min_dbm + _ABOVE_DB)
    n = (clear & ~left_out).sum(axis=0)
    tested = np.flatnonzero(n >= FEWEST_PLACES)
    if not len(tested):
        return Shifts(None, 0, ())
    apart = np.where(clear, places.found_dbm - places.expected_dbm, np.nan)[:, tested]
    offset, n = np.nanmedian(apart, axis=0), n[tested]
    common = float(np.median(offset))
    own = _SPREAD_OF_MAD * np.nanmedian(np.abs(apart - offset), axis=0)
    spread = np.sqrt((n * own**2 + _PRIOR_PLACES * np.mean(own**2)) / (n + _PRIOR_PLACES))
    t = stats.t.ppf(1 - FALSE_ALARMS / 2 / len(tested), n + _PRIOR_PLACES - 1)
    within = t * _ERROR_OF_MEDIAN * spread / np.sqrt(n)
    offset = offset - common  # what the phone shares is no change of an access point
    far = (np.abs(offset) >= _SMALLEST_DB) & (np.abs(offset) > within)
    found = [
        Shift(names[tested[j]], *_interval(offset[j], within[j]), int(n[j]))
        for j in np.flatnonzero(far).tolist()
    ]
    return Shifts(common, len(tested), tuple(sorted(found, key=lambda each: -abs(each.offset_db))))


def _interval(offset: float, within: float) -> tuple[float, float, float]:
    return float(offset), float(offset - within), float(offset + within)


def new(scans: FingerprintSet, known: Sequence[str]) -> list[New]:
    """Access points that the model does not know and 5 % of the scans hear, at least three; most first."""
    n = len(scans)
    unknown = columns_in(tuple(known), scans.access_points) < 0
    rss = scans.rss_dbm
    times = np.bincount(rss.indices, minlength=scans.n_access_points)
    level = np.bincount(rss.indices, weights=rss.data, minlength=scans.n_access_points)
    often = np.flatnonzero(unknown & (times >= max(_NEW_SCANS, _NEW_SHARE * n)))
    found = [New(scans.access_points[j], float(times[j] / n), float(level[j] / times[j])) for j in often]
    return sorted(found, key=lambda each: -each.share)
