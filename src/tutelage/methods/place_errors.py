"""How wrong votes on places are, to choose between settings on held-out scans."""

from __future__ import annotations

import numpy as np

from tutelage.runtime.places import PlaceVotes

__all__ = ["place_errors", "true_shares"]

_DOUBT = 1e-6  # of a wrong place: it only decides between settings with equal hits


def true_shares(votes: PlaceVotes, place: np.ndarray) -> np.ndarray:
    """Look up the share of each scan's true place in the votes on it.

    Parameters
    ----------
    votes : PlaceVotes
        On n scans.
    place : ndarray [n] of str
        True places.

    Returns
    -------
    ndarray [n]
        0 for a place that nobody surveyed.
    """
    column = np.minimum(np.searchsorted(votes.name, place), len(votes.name) - 1)
    is_known = votes.name[column] == place
    return np.where(is_known, votes.share[np.arange(len(place)), column], 0.0)


def place_errors(votes: PlaceVotes | None, place: np.ndarray) -> np.ndarray:
    """Compute an error for each scan: 1 for a wrong place, and next to nothing for a right one in doubt.

    Parameters
    ----------
    votes : PlaceVotes or None
        On n scans, by a method that knows places.
    place : ndarray [n] of str
        True places.

    Returns
    -------
    ndarray [n]
    """
    assert votes is not None, "the scans name places, so the method votes on them"
    is_right = votes.name[votes.share.argmax(axis=1)] == place
    return np.asarray(~is_right + _DOUBT * (1 - true_shares(votes, place)))
