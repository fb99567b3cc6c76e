"""A summary of a radio map, small enough for every model: what tells how hard a scan is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tutelage.runtime.fingerprint_index import FingerprintIndex
from tutelage.runtime.readings import represented
from tutelage.runtime.rows import CompressedRows, Rows

__all__ = ["Landmarks", "difficulty", "nearest_distance", "nearest_landmarks"]

_NEAREST = 5
_SOFT_M, _SOFT_DISTANCE = 1.0, 0.01  # below these, differences in logarithms mean nothing


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Mean fingerprints of reference points, in the powed representation.

    Parameters
    ----------
    rss_min_dbm : of the representation
    value : [n_marks, n_ap] float32, over the access points of the model
    position_m : [n_marks, 2] in the training frame
    """

    rss_min_dbm: float
    value: Rows
    position_m: np.ndarray

    def similarity(self, rss_dbm: Rows) -> np.ndarray:
        """Cosines [n, n_marks] between scans in dBm [n, n_ap] and landmarks; 0 where nothing is shared."""
        strength = represented(rss_dbm.data, "powed", self.rss_min_dbm)
        asked = CompressedRows(strength, rss_dbm.indices, rss_dbm.indptr, rss_dbm.shape)
        return 1 - self._index.distances(asked)

    @cached_property
    def _index(self) -> FingerprintIndex:
        return FingerprintIndex(self.value, "cosine")

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the tensors."""
        return {"rss_min_dbm": self.rss_min_dbm, "n_access_points": self.value.shape[1]}

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
        shape = len(tensors["position_m"]), config["n_access_points"]
        value = CompressedRows(tensors["value"], tensors["column"], tensors["offset"], shape)
        return cls(config["rss_min_dbm"], value, tensors["position_m"])


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
    near, weight = nearest_landmarks(similarity)
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


def nearest_landmarks(similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The five landmarks most like each scan, and what each counts: the inverse of its distance.

    Parameters
    ----------
    similarity : [n, n_marks] cosines of scans and landmarks

    Returns
    -------
    landmark, weight : [n, k], [n, k]
        Of fewer landmarks all; weights of a scan sum to 1.
    """
    k = min(_NEAREST, similarity.shape[1])
    near = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
    weight = 1 / np.maximum(1 - np.take_along_axis(similarity, near, axis=1), 1e-3)
    return near, weight / weight.sum(axis=1, keepdims=True)


def nearest_distance(similarity: np.ndarray) -> np.ndarray:
    """[n] 1 - cosine of the most similar landmark."""
    return np.asarray(1 - similarity.max(axis=1, initial=0.0))
