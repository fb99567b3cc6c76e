"""Weighted fingerprints to positions and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tutelage.runtime.places import PlaceVotes
from tutelage.runtime.positions import Located

__all__ = [
    "Labels",
    "MapPlaces",
    "interpolate",
    "inverse_distance",
    "mixed",
    "network_answers",
    "weighted_mean",
]


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
        votes = self._weight_of_each(row, weight)
        has_name = self.name != ""
        votes[(votes[:, has_name] > 0).any(axis=1)] *= has_name
        return np.asarray(self.name[votes.argmax(axis=1)])

    def shares(self, row: np.ndarray, weight: np.ndarray) -> PlaceVotes:
        """Return the share of each label in the weight of each scan's fingerprints.

        Parameters
        ----------
        row, weight : numpy.ndarray
            As for `vote`.

        Returns
        -------
        PlaceVotes
            Shares of the known labels; 0 where no fingerprint has one.
        """
        has_name = self.name != ""
        votes = self._weight_of_each(row, weight)[:, has_name]
        total = votes.sum(axis=1, keepdims=True)
        return PlaceVotes(
            self.name[has_name], np.divide(votes, total, out=np.zeros_like(votes), where=total > 0)
        )

    def _weight_of_each(self, row: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Sum the weights [n, k] of each label, [n, n_labels]."""
        n, n_labels = len(row), len(self.name)
        cell = np.arange(n)[:, None] * n_labels + self.code[row]
        summed = np.bincount(cell.ravel(), weight.ravel(), minlength=n * n_labels)
        return summed.astype(np.float64).reshape(n, n_labels)  # without scans, bincount gives integers


@dataclass(frozen=True, eq=False)
class MapPlaces:
    """Positions and labels of the fingerprints of a radio map.

    Parameters
    ----------
    position_m : numpy.ndarray or None
        Positions in the training frame in metres, [n, 2]; None in a survey of places alone.
    floor, building, place : Labels or None
        Labels of the fingerprints.
    """

    position_m: np.ndarray | None
    floor: Labels | None
    building: Labels | None
    place: Labels | None = None

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
            Mean positions, most voted labels, and the share of each place.
        """
        floor, building = (
            None if labels is None else labels.vote(row, weight) for labels in (self.floor, self.building)
        )
        place = None if self.place is None else self.place.shares(row, weight)
        if self.position_m is None:
            return Located.nowhere(len(row), floor, building, place)
        return Located(weighted_mean(self.position_m[row], weight), floor, building, place)


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


def mixed(one: Located, other: Located, share: float) -> Located:
    """Return the answers between those of two methods; labels but the place are the first one's.

    Parameters
    ----------
    one, other : Located
        Answers to the same scans.
    share : float
        Weight of the other answers, from 0 to 1.

    Returns
    -------
    Located
        Weighted means of positions, and of the votes on places if both vote.
    """
    place = one.place
    if place is not None and other.place is not None:
        place = place.mixed_with(other.place, share)
    return one._replace(position_m=interpolate(one.position_m, other.position_m, share), place=place)


def network_answers(
    position_m: np.ndarray, names: Mapping[str, Sequence[str]], logits: Mapping[str, np.ndarray]
) -> Located:
    """Return the answers that the outputs of a network give.

    Parameters
    ----------
    position_m : numpy.ndarray
        Positions in metres, [n, 2].
    names : mapping of str to sequence of str
        Sorted names of each kind of label: "floor", "building", "place".
    logits : mapping of str to numpy.ndarray
        Output of the network for each kind, [n, len(names)].

    Returns
    -------
    Located
        The likeliest floor and building, and the share of each place.
    """
    likeliest = {
        kind: np.asarray(names[kind])[logits[kind].argmax(axis=1)] for kind in logits if kind != "place"
    }
    place = None
    if "place" in logits:
        shifted = logits["place"].astype(np.float64)
        raised = np.exp(shifted - shifted.max(axis=1, keepdims=True, initial=-np.inf))
        place = PlaceVotes(np.asarray(names["place"]), raised / raised.sum(axis=1, keepdims=True))
    return Located(position_m, likeliest.get("floor"), likeliest.get("building"), place)
