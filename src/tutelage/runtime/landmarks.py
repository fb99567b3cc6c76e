"""Landmarks: a small summary of a radio map that tells how hard a scan is to locate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from tutelage.runtime.fingerprint_index import FingerprintIndex
from tutelage.runtime.readings import to_strength
from tutelage.runtime.rows import CompressedRows, Rows

__all__ = [
    "N_FIGURES",
    "Landmarks",
    "NearLandmarks",
    "difficulty",
    "nearest_distance",
    "nearest_landmarks",
]

N_FIGURES = 4
"""Number of figures that tell how hard a scan is."""

_NEAREST = 5
# below these, differences in logarithms mean nothing
_SOFT_M = 1.0
_SOFT_DISTANCE = 0.01


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Mean fingerprints of reference points, in the powed representation.

    Parameters
    ----------
    rss_min_dbm : float
        Lowest RSS of the representation, in dBm.
    value : Rows
        Mean fingerprints, [n_marks, n_ap] float32, over the access points of the model.
    position_m : numpy.ndarray
        Positions in the training frame in metres, [n_marks, 2]; NaN in a survey without positions.
    """

    rss_min_dbm: float
    value: Rows
    position_m: np.ndarray

    def similarity(self, rss_dbm: Rows) -> np.ndarray:
        """Compute cosines between scans and landmarks.

        Parameters
        ----------
        rss_dbm : Rows
            Scans in dBm, [n, n_ap].

        Returns
        -------
        numpy.ndarray
            Cosines, [n, n_marks]; 0 where nothing is shared.
        """
        strength = to_strength(rss_dbm.data, "powed", self.rss_min_dbm)
        scans = CompressedRows(strength, rss_dbm.indices, rss_dbm.indptr, rss_dbm.shape)
        return 1 - self._index.distances(scans)

    @cached_property
    def _index(self) -> FingerprintIndex:
        return FingerprintIndex(self.value, "cosine")

    def config(self) -> dict[str, Any]:
        """Return what `from_config` needs beside the tensors.

        Returns
        -------
        dict
            JSON values.
        """
        return {"rss_min_dbm": self.rss_min_dbm, "n_access_points": self.value.shape[1]}

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the landmarks as arrays.

        Returns
        -------
        dict of str to numpy.ndarray
            Arrays by name.
        """
        return {
            "value": self.value.data,
            "column": self.value.indices,
            "offset": self.value.indptr,
            "position_m": self.position_m,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Landmarks:
        """Build the landmarks that `config` and `tensors` describe.

        Parameters
        ----------
        config : mapping
            As `config` returned it.
        tensors : mapping of str to numpy.ndarray
            As `tensors` returned them.

        Returns
        -------
        Landmarks
            The same landmarks.
        """
        shape = len(tensors["position_m"]), config["n_access_points"]
        value = CompressedRows(tensors["value"], tensors["column"], tensors["offset"], shape)
        return cls(config["rss_min_dbm"], value, tensors["position_m"])


class NearLandmarks(NamedTuple):
    """The landmarks most like each of n scans.

    Attributes
    ----------
    landmark : numpy.ndarray
        Five landmarks, [n, k]; all of them if there are fewer.
    weight : numpy.ndarray
        Inverse distances, [n, k], which sum to 1 for each scan.
    distance : numpy.ndarray
        Distance of the nearest one in signal space, [n].
    """

    landmark: np.ndarray
    weight: np.ndarray
    distance: np.ndarray


def difficulty(
    near: NearLandmarks, mark_m: np.ndarray, n_known: np.ndarray, position_m: np.ndarray
) -> np.ndarray:
    """Compute four figures a scan that grow with its error, as logarithms.

    The figures are the distance of the nearest landmark in signal space, the spread of the five nearest
    landmarks, the distance of their mean from the answer, and the number of known access points.

    Parameters
    ----------
    near : NearLandmarks
        Landmarks most like n scans.
    mark_m : numpy.ndarray
        Positions of the landmarks in metres, [n_marks, 2].
    n_known : numpy.ndarray
        Number of access points in each scan that the model knows, [n].
    position_m : numpy.ndarray
        Answers of the model in metres, [n, 2].

    Returns
    -------
    numpy.ndarray
        Figures, [n, 4].
    """
    place = mark_m[near.landmark]
    mean = np.einsum("nk,nkd->nd", near.weight, place)
    spread = np.sqrt(np.einsum("nk,nkd->n", near.weight, (place - mean[:, None]) ** 2))
    distance_m = np.linalg.norm(position_m - mean, axis=1)
    columns = (near.distance + _SOFT_DISTANCE, spread + _SOFT_M, distance_m + _SOFT_M, n_known + 1.0)
    return np.asarray(np.log(np.column_stack(columns)))


def nearest_landmarks(similarity: np.ndarray) -> NearLandmarks:
    """Find the five landmarks most like each scan.

    Parameters
    ----------
    similarity : numpy.ndarray
        Cosines of scans and landmarks, [n, n_marks].

    Returns
    -------
    NearLandmarks
        Landmarks, weights and distances.
    """
    k = min(_NEAREST, similarity.shape[1])
    near = np.argpartition(-similarity, k - 1, axis=1)[:, :k].copy()  # a view would keep the whole
    weight = 1 / np.maximum(1 - np.take_along_axis(similarity, near, axis=1), 1e-3)
    return NearLandmarks(near, weight / weight.sum(axis=1, keepdims=True), nearest_distance(similarity))


def nearest_distance(similarity: np.ndarray) -> np.ndarray:
    """Compute the distance of each scan to its nearest landmark in signal space.

    Parameters
    ----------
    similarity : numpy.ndarray
        Cosines of scans and landmarks, [n, n_marks].

    Returns
    -------
    numpy.ndarray
        1 - cosine of the most similar landmark, [n].
    """
    return np.asarray(1 - similarity.max(axis=1, initial=0.0))
