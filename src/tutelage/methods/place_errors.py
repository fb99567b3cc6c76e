"""How wrong votes on places are, to choose between settings on held-out scans."""

from __future__ import annotations

import numpy as np

from tutelage.runtime.places import PlaceVotes

__all__ = ["place_errors", "place_nats", "true_shares"]

_FLOOR = 0.05  # of the probability, which all places share: nothing is impossible


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
    return np.asarray(np.where(is_known, votes.share[np.arange(len(place)), column], 0.0))


def place_errors(votes: PlaceVotes | None, place: np.ndarray) -> np.ndarray:
    """Compute an error for each scan: 1 for a wrong place, 0 for the right one.

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
    is_right = (votes.name[votes.share.argmax(axis=1)] == place) & votes.share.any(axis=1)
    return np.asarray(~is_right, dtype=np.float64)


def place_nats(votes: PlaceVotes | None, place: np.ndarray) -> np.ndarray:
    """Compute the logarithmic score of each scan: small if the votes are for the right place, and sure of it.

    Parameters
    ----------
    votes, place
        As for `place_errors`.

    Returns
    -------
    ndarray [n]
        -log of the share of the true place, after 5 % of all shares went to all places alike.
    """
    assert votes is not None, "the scans name places, so the method votes on them"
    return np.asarray(-np.log((1 - _FLOOR) * true_shares(votes, place) + _FLOOR / len(votes.name)))
