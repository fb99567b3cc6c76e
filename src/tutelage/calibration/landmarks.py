"""A summary of a radio map, small enough for every model: what tells how hard a scan is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from tutelage.fingerprints import FingerprintSet
from tutelage.representation import RssRepresentation
from tutelage.surveys import reference_points

__all__ = ["Landmarks", "difficulty", "nearest_distance"]

_MOST = 1000  # landmarks: half a megabyte of a building in which a scan hears 40 access points
_NEAREST = 5
_SOFT_M, _SOFT_DISTANCE = 1.0, 0.01  # below these, differences in logarithms mean nothing


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Mean fingerprints of reference points, at most 1,000 of them.

    Parameters
    ----------
    representation : fitted on the training scans
    value : CSR [n_marks, n_ap] float32, each of length 1
    position_m : [n_marks, 2] in the training frame
    """

    representation: RssRepresentation
    value: sparse.csr_array
    position_m: np.ndarray

    @classmethod
    def of(cls, train: FingerprintSet, seed: int = 0) -> Landmarks:
        """Of the training scans that hear anything; where there are too many points, of a random choice."""
        heard = train[train.n_heard > 0]
        point = reference_points(heard)
        n_points = int(point.max()) + 1
        if n_points > _MOST:
            kept = np.sort(np.random.default_rng(seed).choice(n_points, _MOST, replace=False))
            heard = heard[np.isin(point, kept)]
            point = reference_points(heard)
        representation = RssRepresentation.fit(heard, "powed")
        mean = _mean_of_rows(point)
        value = _of_length_one(sparse.csr_array(mean @ representation.transform(heard)))
        return cls(representation, value.astype(np.float32), np.asarray(mean @ heard.known_position_m))

    def similarity(self, scans: FingerprintSet) -> np.ndarray:
        """Cosines [n, n_marks] between scans and landmarks; 0 where nothing is shared."""
        asked = _of_length_one(self.representation.transform(scans))
        return np.asarray((asked @ self._by_access_point).toarray())

    def n_known(self, scans: FingerprintSet) -> np.ndarray:
        """[n] access points of each scan that the landmarks know."""
        return np.diff(self.representation.transform(scans).indptr)

    @cached_property
    def _by_access_point(self) -> sparse.csr_array:
        return sparse.csr_array(self.value.T)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the tensors."""
        return {"representation": self.representation.config()}

    def tensors(self) -> dict[str, np.ndarray]:
        """The landmarks as arrays."""
        return {
            "value": self.value.data,
            "column": self.value.indices,
            "offset": self.value.indptr,
            "position_m": self.position_m,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Landmarks:
        """The landmarks that `config` and `tensors` described."""
        representation = RssRepresentation.from_config(config["representation"])
        shape = len(tensors["position_m"]), len(representation.access_points)
        csr = tensors["value"], tensors["column"], tensors["offset"]
        return cls(representation, sparse.csr_array(csr, shape=shape), tensors["position_m"])


def difficulty(
    similarity: np.ndarray, mark_m: np.ndarray, n_known: np.ndarray, position_m: np.ndarray
) -> np.ndarray:
    """What goes with a large error: logarithms of four figures a scan.

    How far the nearest landmark is in signal space; how far the five nearest lie apart; how far their
    mean lies from the answer; how many access points are known.

    Parameters
    ----------
    similarity : [n, n_marks] cosines of scans and landmarks
    mark_m : [n_marks, 2] where the landmarks are
    n_known : [n] known access points heard
    position_m : [n, 2] the model's answers

    Returns
    -------
    [n, 4]
    """
    k = min(_NEAREST, len(mark_m))
    near = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
    distance = 1 - np.take_along_axis(similarity, near, axis=1)
    weight = 1 / np.maximum(distance, 1e-3)
    weight /= weight.sum(axis=1, keepdims=True)
    place = mark_m[near]
    mean = np.einsum("nk,nkd->nd", weight, place)
    spread = np.sqrt(np.einsum("nk,nkd->n", weight, (place - mean[:, None]) ** 2))
    apart = np.linalg.norm(position_m - mean, axis=1)
    columns = (
        nearest_distance(similarity) + _SOFT_DISTANCE,
        spread + _SOFT_M,
        apart + _SOFT_M,
        n_known + 1.0,
    )
    return np.asarray(np.log(np.column_stack(columns)))


def nearest_distance(similarity: np.ndarray) -> np.ndarray:
    """[n] 1 - cosine of the most similar landmark."""
    return np.asarray(1 - similarity.max(axis=1, initial=0.0))


def _mean_of_rows(group: np.ndarray) -> sparse.csr_array:
    """[n_groups, n] that takes the mean over the rows of each group."""
    n = len(group)
    size = np.bincount(group)
    return sparse.csr_array((1 / size[group], (group, np.arange(n))), shape=(len(size), n))


def _of_length_one(rows: sparse.csr_array) -> sparse.csr_array:
    length = np.sqrt(rows.multiply(rows).sum(axis=1))
    per_entry = np.repeat(np.maximum(length, 1e-12), np.diff(rows.indptr))
    return sparse.csr_array((rows.data / per_entry, rows.indices, rows.indptr), shape=rows.shape)
