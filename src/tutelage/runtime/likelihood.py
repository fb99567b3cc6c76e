"""Likelihood of a scan around a reference point."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from tutelage.runtime.compared_scans import ComparedScans
from tutelage.runtime.rows import Rows, index_ranges, range_numbers, row_lengths

__all__ = ["LIKELIHOOD_FEATURES", "AroundArrays", "HeardAround"]

LIKELIHOOD_FEATURES = (
    "squared_difference",  # mean over the access points that both hear, in units of their variance
    "log_density",  # mean over the same access points
    # log probabilities divided by the number of access points that the scan hears
    "log_heard",  # the scan hears what it hears
    "log_silent",  # the scan does not hear the others
    "log_likelihood",  # both, and the density
)

_NOISE = 0.05  # standard deviation of a strength that never varied: about 5 dB
_MOST = 25.0  # five standard deviations: one access point that moved does not decide
_RARE = 0.02  # probability of hearing what was never heard, and of not hearing what always was


class AroundArrays(NamedTuple):
    """Figures of reference points with nnz entries, in the types that the compiled loops take.

    Attributes
    ----------
    indices, mean, variance, log_variance, log_heard, log_silent : numpy.ndarray
        Access point of each entry, and what is known of it there, [nnz].
    indptr : numpy.ndarray
        Where each point begins among the entries, [n_points + 1].
    log_rare, most_squared : float
        Log probability of hearing what was never heard; the largest squared difference that counts.
    """

    indices: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    log_variance: np.ndarray
    log_heard: np.ndarray
    log_silent: np.ndarray
    indptr: np.ndarray
    log_rare: float
    most_squared: float


class HeardAround:
    """Mean and variance of strengths around each reference point, and the share of scans that hear them.

    Strengths count as normal, access points as independent, as in Youssef and Agrawala, "The Horus WLAN
    location determination system" (MobiSys 2005).

    Parameters
    ----------
    mean : Rows
        Mean strength of the scans around each point, [n_points, n_ap]; a silent access point counts as 0.
    share : numpy.ndarray
        Share of the scans that hear the access point, [nnz], at the entries of `mean`.
    mean_square : numpy.ndarray
        Mean of squared strengths, [nnz].
    """

    def __init__(self, mean: Rows, share: np.ndarray, mean_square: np.ndarray) -> None:
        self._indptr = mean.indptr
        self._length = row_lengths(mean)
        self._access_point = mean.indices
        self._mean = mean.data / share
        self._variance = np.maximum(mean_square / share - self._mean**2, 0) + _NOISE**2
        self._log_variance = np.log(self._variance / _NOISE**2)
        self._log_heard = np.log(np.clip(share, _RARE, 1 - _RARE))
        self._log_silent = np.log(np.clip(1 - share, _RARE, 1 - _RARE))

    @cached_property
    def arrays(self) -> AroundArrays:
        """What the compiled loops read."""
        of_entries = (self._mean, self._variance, self._log_variance, self._log_heard, self._log_silent)
        access_point = self._access_point.astype(np.int64, copy=False)
        indptr = self._indptr.astype(np.int64, copy=False)
        return AroundArrays(access_point, *of_entries, indptr, float(np.log(_RARE)), _MOST)

    def describe(self, queries: ComparedScans, query: np.ndarray, point: np.ndarray) -> np.ndarray:
        """Compute features of P pairs of a scan and a reference point.

        Parameters
        ----------
        queries : ComparedScans
            Scans over the same access points.
        query, point : numpy.ndarray
            Rows of the queries and of the reference points, [P].

        Returns
        -------
        numpy.ndarray
            Features, [P, len(LIKELIHOOD_FEATURES)].
        """
        length = self._length[point]
        pair = range_numbers(length)
        entry = index_ranges(self._indptr[point], length)
        reading = queries.find(query[pair], self._access_point[entry])
        both = reading >= 0
        silent = reading < 0
        at = pair[both]
        here = entry[both]

        def sums(pairs: np.ndarray, value: np.ndarray) -> np.ndarray:
            return np.bincount(pairs, weights=value, minlength=len(query))

        n_both = np.bincount(at, minlength=len(query))
        n_heard = queries.n_heard[query]
        difference = queries.strength.data[reading[both]] - self._mean[here]
        squared = np.minimum(difference**2 / self._variance[here], _MOST)
        density = -(squared + self._log_variance[here]) / 2
        log_density = sums(at, density)
        log_heard = sums(at, self._log_heard[here]) + (n_heard - n_both) * np.log(_RARE)
        log_silent = sums(pair[silent], self._log_silent[entry[silent]])
        n_shared = np.maximum(n_both, 1)
        n_query = np.maximum(n_heard, 1)
        return np.stack(
            [
                sums(at, squared) / n_shared,
                log_density / n_shared,
                log_heard / n_query,
                log_silent / n_query,
                (log_density + log_heard + log_silent) / n_query,
            ],
            axis=1,
        )
