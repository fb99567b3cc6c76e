"""Fingerprints with weights to positions and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tutelage.runtime.positions import Located

__all__ = ["Labels", "Places", "inverse", "mixed", "weighted_mean"]


@dataclass(frozen=True, eq=False)
class Labels:
    """A label of each fingerprint, as places `code` [n] in the sorted names."""

    name: np.ndarray
    code: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray | None) -> Labels | None:
        """Labels [n], if there are any."""
        return None if labels is None else cls(*np.unique(labels, return_inverse=True))

    @classmethod
    def named(cls, names: Sequence[str] | None, code: np.ndarray | None) -> Labels | None:
        """The same from what a file holds of them."""
        return None if names is None or code is None else cls(np.asarray(names, dtype=np.str_), code)

    def most_voted(self, row: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The label with the largest weight among each scan's fingerprints [n, k].

        The unknown one ("") is the answer only where no other has any weight.
        """
        votes = np.zeros((len(row), len(self.name)))
        np.add.at(votes, (np.arange(len(row))[:, None], self.code[row]), weight)
        is_known = self.name != ""
        votes[(votes[:, is_known] > 0).any(axis=1)] *= is_known
        return np.asarray(self.name[votes.argmax(axis=1)])


@dataclass(frozen=True, eq=False)
class Places:
    """Where each fingerprint was taken.

    Parameters
    ----------
    position_m : [n, 2] in the training frame
    floor, building : of each, or None
    """

    position_m: np.ndarray
    floor: Labels | None
    building: Labels | None

    def located(self, row: np.ndarray, weight: np.ndarray) -> Located:
        """Fingerprints [n, k] with weights [n, k] >= 0 to their mean positions and most voted labels."""
        floor, building = (
            None if labels is None else labels.most_voted(row, weight)
            for labels in (self.floor, self.building)
        )
        return Located(weighted_mean(self.position_m[row], weight), floor, building)


def weighted_mean(position_m: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """[n, k, 2] positions and [n, k] weights to [n, 2]."""
    share = weight / weight.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("nk,nkd->nd", share, position_m))


def inverse(distance: np.ndarray) -> np.ndarray:
    """1 / distance; an identical fingerprint outweighs all others instead of dividing by zero."""
    return np.asarray(1 / np.maximum(distance, 1e-9))


def mixed(one_m: np.ndarray, other_m: np.ndarray, share: float) -> np.ndarray:
    """The mean of two positions [n, 2], of which the other has `share`."""
    return np.asarray((1 - share) * one_m + share * other_m)
