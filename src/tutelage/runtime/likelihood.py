"""How likely a scan is in the surroundings of a reference point."""

from __future__ import annotations

import numpy as np

from tutelage.runtime.compared_scans import ComparedScans
from tutelage.runtime.rows import Rows, laid_end_to_end, row_lengths, which_of

__all__ = ["LIKELIHOOD_FEATURES", "HeardAround"]

LIKELIHOOD_FEATURES = (
    "squared_difference",  # of the strengths that both hear, in units of their variance; the mean
    "log_density",  # of these strengths, the mean
    # log probability, per access point that the scan hears, ...
    "log_heard",  # of hearing those that the scan hears
    "log_silent",  # of not hearing those that it does not
    "log_likelihood",  # of the whole scan
)

_NOISE = 0.05  # standard deviation of a strength that never varied: about 5 dB
_MOST = 25.0  # five standard deviations: one access point that moved does not decide
_RARE = 0.02  # probability of hearing what was never heard, and of not hearing what always was


class HeardAround:
    """Mean and variance of the strengths around each reference point, and how often access points are heard.

    Strengths are taken as normal, access points as independent, as in Youssef and Agrawala, "The Horus WLAN
    location determination system" (MobiSys 2005).

    Parameters
    ----------
    mean : CSR [points, n_ap], the mean strength of the scans around each point, 0 where they do not hear
    share : [nnz] how much of the scans hears, at the entries of `mean`
    mean_square : [nnz] the mean of their squared strengths
    """

    def __init__(self, mean: Rows, share: np.ndarray, mean_square: np.ndarray) -> None:
        self._start, self._length, self._access_point = mean.indptr, row_lengths(mean), mean.indices
        self._mean = mean.data / share
        self._variance = np.maximum(mean_square / share - self._mean**2, 0) + _NOISE**2
        self._log_heard = np.log(np.clip(share, _RARE, 1 - _RARE))
        self._log_silent = np.log(np.clip(1 - share, _RARE, 1 - _RARE))

    def describe(self, queries: ComparedScans, query: np.ndarray, point: np.ndarray) -> np.ndarray:
        """Features of P pairs of a scan and a reference point.

        Parameters
        ----------
        queries : over the same access points
        query, point : [P] rows of the queries and of the reference points

        Returns
        -------
        [P, len(LIKELIHOOD_FEATURES)]
        """
        length = self._length[point]
        pair, entry = which_of(length), laid_end_to_end(self._start[point], length)
        found = queries.find(query[pair], self._access_point[entry])
        both, silent = found >= 0, found < 0
        at, here = pair[both], entry[both]

        def sums(pairs: np.ndarray, value: np.ndarray) -> np.ndarray:
            return np.bincount(pairs, weights=value, minlength=len(query))

        n_both, n_heard = np.bincount(at, minlength=len(query)), queries.n_heard[query]
        difference = queries.strength.data[found[both]] - self._mean[here]
        squared = np.minimum(difference**2 / self._variance[here], _MOST)
        density = -(squared + np.log(self._variance[here] / _NOISE**2)) / 2
        log_density = sums(at, density)
        log_heard = sums(at, self._log_heard[here]) + (n_heard - n_both) * np.log(_RARE)
        log_silent = sums(pair[silent], self._log_silent[entry[silent]])
        of_shared, of_heard = np.maximum(n_both, 1), np.maximum(n_heard, 1)
        return np.stack(
            [
                sums(at, squared) / of_shared,
                log_density / of_shared,
                log_heard / of_heard,
                log_silent / of_heard,
                (log_density + log_heard + log_silent) / of_heard,
            ],
            axis=1,
        )
