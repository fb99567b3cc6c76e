"""Weighted fingerprints to positions and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tutelage.runtime.positions import Located

__all__ = ["Labels", "MapPlaces", "interpolate", "inverse_distance", "weighted_mean"]


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of fingerprints.

    Parameters
    ----------
    name : numpy.ndarray
        Sorted distinct labels, [n_labels] str.
    code : numpy.ndarray
        Place of each fingerprint's label in `name`, [n] int.
    """

    name: np.ndarray
    code: np.ndarray

    @classmethod
    def encode(cls, labels: np.ndarray | None) -> Labels | None:
        """Encode labels.

        Parameters
        ----------
        labels : numpy.ndarray or None
            Labels, [n] str.

        Returns
        -------
        Labels or None
            None without labels.
        """
        return None if labels is None else cls(*np.unique(labels, return_inverse=True))

    @classmethod
    def from_codes(cls, names: Sequence[str] | None, code: np.ndarray | None) -> Labels | None:
        """Build labels from names and codes, as a file stores them.

        Parameters
        ----------
        names : sequence of str or None
            Sorted distinct labels.
        code : numpy.ndarray or None
            Place of each fingerprint's label in `names`, [n] int.

        Returns
        -------
        Labels or None
            None without names or codes.
        """
        return None if names is None or code is None else cls(np.asarray(names, dtype=np.str_), code)

    def vote(self, row: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return the label with the largest weight among each scan's fingerprints.

        Parameters
        ----------
        row : numpy.ndarray
            Fingerprints of each scan, [n, k].
        weight : numpy.ndarray
            Their weights, [n, k], >= 0.

        Returns
        -------
        numpy.ndarray
            Labels, [n] str; the unknown label "" only where no other has any weight.
        """
        votes = np.zeros((len(row), len(self.name)))
        np.add.at(votes, (np.arange(len(row))[:, None], self.code[row]), weight)
        has_name = self.name != ""
        votes[(votes[:, has_name] > 0).any(axis=1)] *= has_name
        return np.asarray(self.name[votes.argmax(axis=1)])


@dataclass(frozen=True, eq=False)
class MapPlaces:
    """Positions and labels of the fingerprints of a radio map.

    Parameters
    ----------
    position_m : numpy.ndarray
        Positions in the training frame in metres, [n, 2].
    floor, building : Labels or None
        Labels of the fingerprints.
    """

    position_m: np.ndarray
    floor: Labels | None
    building: Labels | None

    def locate(self, row: np.ndarray, weight: np.ndarray) -> Located:
        """Average positions and vote on labels.

        Parameters
        ----------
        row : numpy.ndarray
            Fingerprints of each scan, [n, k].
        weight : numpy.ndarray
            Their weights, [n, k], >= 0.

        Returns
        -------
        Located
            Mean positions and most voted labels.
        """
        floor, building = (
            None if labels is None else labels.vote(row, weight) for labels in (self.floor, self.building)
        )
        return Located(weighted_mean(self.position_m[row], weight), floor, building)


def weighted_mean(position_m: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Average positions by weight.

    Parameters
    ----------
    position_m : numpy.ndarray
        Positions in metres, [n, k, 2].
    weight : numpy.ndarray
        Weights, [n, k].

    Returns
    -------
    numpy.ndarray
        Mean positions, [n, 2].
    """
    share = weight / weight.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("nk,nkd->nd", share, position_m))


def inverse_distance(distance: np.ndarray) -> np.ndarray:
    """Compute weights 1 / distance; an identical fingerprint outweighs all others.

    Parameters
    ----------
    distance : numpy.ndarray
        Distances >= 0.

    Returns
    -------
    numpy.ndarray
        Weights of the same shape.
    """
    return np.asarray(1 / np.maximum(distance, 1e-9))


def interpolate(one_m: np.ndarray, other_m: np.ndarray, share: float) -> np.ndarray:
    """Return the point between two positions.

    Parameters
    ----------
    one_m, other_m : numpy.ndarray
        Positions in metres, [n, 2].
    share : float
        Weight of the other position, from 0 to 1.

    Returns
    -------
    numpy.ndarray
        Weighted means, [n, 2].
    """
    return np.asarray((1 - share) * one_m + share * other_m)
