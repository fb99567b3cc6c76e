"""Access points that are gone, shifted or new, each by a test that is corrected for how many are tested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.isotonic import IsotonicRegression

from tutelage.data.fingerprints import FingerprintSet
from tutelage.evaluation.drift.compared_places import PlaceComparison
from tutelage.runtime.access_point_names import find_columns

__all__ = [
    "FALSE_ALARMS",
    "FEWEST_PLACES",
    "Gone",
    "New",
    "Shift",
    "Shifts",
    "expected_shares",
    "find_gone",
    "find_new",
    "find_shifts",
    "likely_gone",
]

FALSE_ALARMS = 0.05
"""Probability of any false alarm, for gone and for shifted access points alike."""
FEWEST_PLACES = 3
"""Places at which an access point must be expected before it is tested."""
# Shares of the scans of a place.
_PRESENT_SHARE = 0.5  # an access point that so many scans hear somewhere is still there
_DUE_SHARE = 0.5  # so many must be expected to hear it, for a place to count
_LEVEL_SHARE = 0.8  # so many must be expected to hear it, for a place to tell its level
_GONE_SHARE = 0.1  # of the expected share: below, it is gone and not only weaker
_LARGEST_SHARE = 0.99  # nothing is heard by more than this
_MARGIN_DB = 15.0  # over the lowest RSS: below, an access point that got weaker is not heard at all
_PRIOR_PLACES = 10  # the spread of few places is drawn towards that of all access points
_SMALLEST_DB = 3.0  # smaller shifts, below half the power, matter too little
_NEW_SHARE = 0.05
_NEW_SCANS = 3
_SPREAD_PER_MAD = 1.4826  # normal variable: standard deviation over median absolute deviation
_MEDIAN_ERROR_RATIO = 1.2533  # normal variable: standard error of the median over that of the mean


class Gone(NamedTuple):
    """An access point that is no longer heard where it should be."""

    access_point: str
    n_places: int
    expected_share: float
    """Share of the scans at these places that should hear it."""
    found_share: float
    """Share of these scans that do hear it."""
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
    """The shift that all access points share, and the access points that depart from it."""

    common_db: float | None
    """Median over access points; None where no level could be measured."""
    n_tested: int
    shifted: tuple[Shift, ...]


class New(NamedTuple):
    """An access point that the model does not know."""

    access_point: str
    share: float
    """Share of the scans that hear it."""
    mean_dbm: float


def expected_shares(places: PlaceComparison, is_gone: np.ndarray | None = None) -> np.ndarray:
    """Estimate which share of a place's scans should hear each access point.

    These very scans teach how often an expected level is heard. A phone that hears less therefore lowers
    every share. An access point that no place hears with most of its scans teaches nothing.

    Parameters
    ----------
    places : PlaceComparison
        P places.
    is_gone : ndarray, optional
        Access points that are gone, bool [n_ap]; they teach nothing either.

    Returns
    -------
    ndarray
        Shares [P, n_ap], 0 where the access point is not expected.
    """
    due = np.isfinite(places.expected_dbm)
    present = places.share.max(axis=0, initial=0.0) >= _PRESENT_SHARE
    if is_gone is not None:
        present &= ~is_gone
    cells = due & present
    if not cells.any():
        return np.zeros(due.shape)
    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    curve.fit(places.expected_dbm[cells], places.share[cells])
    shares = np.zeros(due.shape)
    shares[due] = curve.predict(places.expected_dbm[due])
    return shares


def find_gone(places: PlaceComparison, shares: np.ndarray, names: Sequence[str]) -> list[Gone]:
    """Find access points that hardly any scan hears at the places where most should.

    Each place is one trial. Hoeffding's inequality bounds the probability that so few hear it by chance
    (J. Am. Stat. Assoc. 58(301), 1963, theorem 1). Bonferroni's correction makes it hold for all together.

    Parameters
    ----------
    places : PlaceComparison
        P places.
    shares : ndarray
        Result of `expected_shares` [P, n_ap].
    names : sequence of str
        Access points [n_ap].

    Returns
    -------
    list of Gone
        Access points that are gone, in the order of `names`.
    """
    n, expected, measured = _due(places, shares)
    tested = n >= FEWEST_PLACES
    few = tested & (measured <= _GONE_SHARE * expected)
    p = np.minimum(1.0, np.exp(-n * _divergence(measured, expected)) * tested.sum())
    return [
        Gone(names[j], int(n[j]), float(expected[j]), float(measured[j]), float(p[j]))
        for j in np.flatnonzero(few & (p <= FALSE_ALARMS)).tolist()
    ]


def likely_gone(places: PlaceComparison, shares: np.ndarray, is_gone: np.ndarray) -> np.ndarray:
    """Return which access points are probably gone, those included that too few places can prove.

    An access point that is hardly heard where it is due is taken as gone without a test. Of those that are
    due nowhere, the same share is taken, at random, if nobody hears them.

    Parameters
    ----------
    places : PlaceComparison
        P places.
    shares : ndarray
        Result of `expected_shares` [P, n_ap].
    is_gone : ndarray
        Access points proved to be gone, bool [n_ap]. Without one, none is taken.

    Returns
    -------
    ndarray
        bool [n_ap].
    """
    if not is_gone.any():
        return is_gone
    n, expected, measured = _due(places, shares)
    few = is_gone | ((n > 0) & (measured <= _GONE_SHARE * expected))
    share = few[n > 0].mean() if (n > 0).any() else 0.0
    drawn = np.random.default_rng(0).random(len(n)) < share
    return np.asarray(few | ((n == 0) & drawn & (places.share.max(axis=0, initial=0.0) == 0)))


def _due(places: PlaceComparison, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the places where each access point is due, and the expected and measured shares there."""
    due = shares >= _DUE_SHARE
    n = due.sum(axis=0)
    expected = np.sum(np.minimum(shares, _LARGEST_SHARE) * due, axis=0) / np.maximum(n, 1)
    measured = np.sum(places.share * due, axis=0) / np.maximum(n, 1)
    return n, expected, measured


def _divergence(share: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Compute the Kullback-Leibler divergence of two shares, 0 where a share is not below the expected."""
    p = np.clip(share, 1e-12, 1 - 1e-12)
    q = np.clip(expected, 1e-12, 1 - 1e-12)
    return np.where(p < q, p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)), 0.0)


def find_shifts(
    places: PlaceComparison,
    shares: np.ndarray,
    names: Sequence[str],
    rss_min_dbm: float,
    is_gone: np.ndarray,
) -> Shifts:
    """Find access points whose level departs from the landmarks most like the scans.

    An access point's offset is the median over places. The median of all offsets belongs to the phone, or to
    the whole building. The spread of an access point over places is drawn towards that of all access points
    (Smyth, Stat. Appl. Genet. Mol. Biol. 3(1), 2004), so that two places that agree by chance prove nothing.

    Parameters
    ----------
    places : PlaceComparison
        P places.
    shares : ndarray
        Result of `expected_shares` [P, n_ap].
    names : sequence of str
        Access points [n_ap].
    rss_min_dbm : float
        Lowest RSS of the landmarks in dBm.
    is_gone : ndarray
        Access points that are gone, bool [n_ap]; they are not tested.

    Returns
    -------
    Shifts
        The common offset, and the access points that shifted, the largest shift first.
    """
    expected_dbm = np.nan_to_num(places.expected_dbm, nan=-np.inf)
    clear = (shares >= _LEVEL_SHARE) & (expected_dbm >= rss_min_dbm + _MARGIN_DB)
    n = (clear & ~is_gone).sum(axis=0)
    tested = np.flatnonzero(n >= FEWEST_PLACES)
    if not len(tested):
        return Shifts(None, 0, ())
    n = n[tested]
    difference = np.where(clear, places.found_dbm - places.expected_dbm, np.nan)[:, tested]
    offset = np.nanmedian(difference, axis=0)
    common = float(np.median(offset))
    raw_spread = _SPREAD_PER_MAD * np.nanmedian(np.abs(difference - offset), axis=0)
    prior = _PRIOR_PLACES * np.mean(raw_spread**2)
    spread = np.sqrt((n * raw_spread**2 + prior) / (n + _PRIOR_PLACES))
    t = stats.t.ppf(1 - FALSE_ALARMS / 2 / len(tested), n + _PRIOR_PLACES - 1)
    half_width = t * _MEDIAN_ERROR_RATIO * spread / np.sqrt(n)
    offset = offset - common  # an offset that all share is the phone's, no change of an access point
    far = (np.abs(offset) >= _SMALLEST_DB) & (np.abs(offset) > half_width)
    shifted = [
        Shift(names[tested[j]], *_interval(offset[j], half_width[j]), int(n[j]))
        for j in np.flatnonzero(far).tolist()
    ]
    return Shifts(common, len(tested), tuple(sorted(shifted, key=lambda each: -abs(each.offset_db))))


def _interval(offset: float, half_width: float) -> tuple[float, float, float]:
    return float(offset), float(offset - half_width), float(offset + half_width)


def find_new(scans: FingerprintSet, names: Sequence[str]) -> list[New]:
    """Find access points that 5 % of the scans hear, at least three, and that the model does not know.

    Parameters
    ----------
    scans : FingerprintSet
        Recent scans.
    names : sequence of str
        Access points of the model.

    Returns
    -------
    list of New
        New access points, those that most scans hear first.
    """
    n = len(scans)
    unknown = find_columns(tuple(names), scans.access_points) < 0
    rss = scans.rss_dbm
    n_heard = np.bincount(rss.indices, minlength=scans.n_access_points)
    sum_dbm = np.bincount(rss.indices, weights=rss.data, minlength=scans.n_access_points)
    often = np.flatnonzero(unknown & (n_heard >= max(_NEW_SCANS, _NEW_SHARE * n)))
    new = [New(scans.access_points[j], float(n_heard[j] / n), float(sum_dbm[j] / n_heard[j])) for j in often]
    return sorted(new, key=lambda each: -each.share)
