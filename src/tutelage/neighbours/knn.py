"""Weighted k nearest neighbours: the bar for everything else."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.progress import track
from scipy import sparse

from tutelage.fingerprints import FingerprintSet
from tutelage.neighbours.search import FingerprintIndex, Metric
from tutelage.networks import checked_settings
from tutelage.positions import Located
from tutelage.representation import RepresentationKind, RssRepresentation
from tutelage.surveys.splits import split_by_position

__all__ = ["KNNSettings", "NearestNeighbours", "choose_settings", "weighted_mean"]

_KS = (1, 2, 3, 4, 5, 7, 10, 15, 20)
_HELD_OUT, _MOST_QUERIES = 0.1, 2000


class KNNSettings(BaseModel):
    """Settings of `--network knn`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: Metric = "sorensen"
    representation: RepresentationKind = "powed"
    k: Annotated[int, Field(ge=1)] = 10
    rss_min: Annotated[float, Field(lt=0)] | None = None
    """dBm that stands for "not heard"; by default the lowest training RSS minus 1."""
    drop_blank: bool = True
    """Leave training scans that hear nothing out of the radio map."""

    @classmethod
    def checked(cls, given: Mapping[str, Any]) -> KNNSettings:
        """Settings with our own messages for unknown names and wrong values."""
        return cls(**checked_settings(cls, given, "setting of knn"))


@dataclass(frozen=True, eq=False)
class NearestNeighbours:
    """A radio map and how to search it.

    Parameters
    ----------
    settings : metric, representation, k
    representation : fitted on the radio map
    radio_map : CSR [n, n_ap]
    position_m : [n, 2] in the training frame
    floor, building : [n] labels, or None
    """

    settings: KNNSettings
    representation: RssRepresentation
    radio_map: sparse.csr_array
    position_m: np.ndarray
    floor: np.ndarray | None
    building: np.ndarray | None

    @classmethod
    def fit(cls, train: FingerprintSet, settings: KNNSettings) -> NearestNeighbours:
        """Keep the training scans as the radio map."""
        kept = train[train.n_heard > 0] if settings.drop_blank else train
        representation = RssRepresentation.fit(kept, settings.representation, settings.rss_min)
        radio_map = representation.transform(kept)
        return cls(settings, representation, radio_map, kept.known_position_m, kept.floor, kept.building)

    @cached_property
    def _index(self) -> FingerprintIndex:
        return FingerprintIndex(self.radio_map, self.settings.metric)

    def locate(self, scans: FingerprintSet) -> Located:
        """Mean position of the k nearest fingerprints, weighted by 1 / distance; labels by the same vote."""
        queries = self.representation.transform(scans)
        distance, row = self._index.nearest(queries, self.settings.k)
        weight = _inverse(distance)
        return Located(
            weighted_mean(self.position_m[row], weight),
            _vote(self.floor, row, weight),
            _vote(self.building, row, weight),
        )

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the tensors."""
        return {
            "settings": self.settings.model_dump(),
            "representation": self.representation.config(),
            "floors": None if self.floor is None else np.unique(self.floor).tolist(),
            "buildings": None if self.building is None else np.unique(self.building).tolist(),
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """The radio map as arrays; labels as places in the sorted names of `config`."""
        arrays = {
            "value": self.radio_map.data,
            "column": self.radio_map.indices,
            "offset": self.radio_map.indptr,
            "position_m": self.position_m,
        }
        for name, labels in (("floor", self.floor), ("building", self.building)):
            if labels is not None:
                arrays[name] = np.unique(labels, return_inverse=True)[1].astype(np.int32)
        return arrays

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> NearestNeighbours:
        """The model that `config` and `tensors` described."""
        representation = RssRepresentation.from_config(config["representation"])
        shape = (len(tensors["position_m"]), len(representation.access_points))
        radio_map = sparse.csr_array((tensors["value"], tensors["column"], tensors["offset"]), shape=shape)
        floor, building = (
            None if config[names] is None else np.asarray(config[names], dtype=np.str_)[tensors[code]]
            for names, code in (("floors", "floor"), ("buildings", "building"))
        )
        settings = KNNSettings(**config["settings"])
        return cls(settings, representation, radio_map, tensors["position_m"], floor, building)


def weighted_mean(position_m: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """[n, k, 2] positions and [n, k] weights to [n, 2]."""
    share = weight / weight.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("nk,nkd->nd", share, position_m))


def choose_settings(
    train: FingerprintSet, given: Mapping[str, Any], *, seed: int = 0, progress: bool = False
) -> tuple[KNNSettings, float | None]:
    """The settings with the smallest mean error on reference points held out of the training data.

    Every combination of metric, representation and k that `given` leaves open is tried on one split by
    position (10 % of the reference points; a random split would leave neighbours of a held-out scan in the
    map).

    Returns
    -------
    settings, mean error in metres on the held-out reference points (None where nothing was left open)
    """
    fixed = KNNSettings.checked(given)
    if {"metric", "representation", "k"} <= given.keys():
        return fixed, None
    rest, held = split_by_position(train, fraction=_HELD_OUT, seed=seed)
    held = held[train.n_heard[held] > 0]
    if len(held) > _MOST_QUERIES:
        held = np.random.default_rng(seed).choice(held, _MOST_QUERIES, replace=False)
    radio_map, asked = train[rest], train[held]
    metrics = (fixed.metric,) if "metric" in given else get_args(Metric)
    kinds = (fixed.representation,) if "representation" in given else get_args(RepresentationKind)
    ks = (fixed.k,) if "k" in given else _KS
    tried: list[tuple[float, KNNSettings]] = []
    combinations = list(itertools.product(metrics, kinds))
    shown = track(
        combinations,
        "choosing k-NN settings",
        console=Console(stderr=True),
        disable=not progress,
        transient=True,
    )
    for metric, kind in shown:
        settings = fixed.model_copy(update={"metric": metric, "representation": kind})
        model = NearestNeighbours.fit(radio_map, settings)
        distance, row = model._index.nearest(model.representation.transform(asked), max(ks))
        for k in ks:
            found = weighted_mean(model.position_m[row[:, :k]], _inverse(distance[:, :k]))
            error_m = float(np.linalg.norm(found - asked.known_position_m, axis=1).mean())
            tried.append((error_m, settings.model_copy(update={"k": k})))
    error_m, best = min(tried, key=lambda pair: pair[0])
    return best, error_m


def _inverse(distance: np.ndarray) -> np.ndarray:
    """1 / distance; an identical fingerprint outweighs all others instead of dividing by zero."""
    return np.asarray(1 / np.maximum(distance, 1e-9))


def _vote(labels: np.ndarray | None, row: np.ndarray, weight: np.ndarray) -> np.ndarray | None:
    """The label with the largest weight among each scan's neighbours."""
    if labels is None:
        return None
    names, code = np.unique(labels, return_inverse=True)
    votes = np.zeros((len(row), len(names)))
    np.add.at(votes, (np.arange(len(row))[:, None], code[row]), weight)
    return np.asarray(names[votes.argmax(axis=1)])
