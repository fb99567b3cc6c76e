"""Weighted k nearest neighbours: the bar for everything else."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RepresentationKind, RssRepresentation
from tutelage.data.splits import reference_points, split_by_position
from tutelage.methods.radio_map import RadioMap
from tutelage.networks import checked_settings
from tutelage.progress import counted_off
from tutelage.runtime.fingerprint_index import FingerprintIndex, Metric
from tutelage.runtime.positions import Located
from tutelage.runtime.votes import inverse, weighted_mean

__all__ = ["KNNSettings", "NearestNeighbours", "best_settings", "choose_settings"]

_KS = (1, 2, 3, 4, 5, 7, 10, 15, 20)
_HELD_OUT, _MOST_QUERIES = 0.1, 2000
_FEWEST_POINTS, _MOST_SPLITS, _STRIDE = 50, 10, 1000


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
    radio_map : in that representation
    """

    settings: KNNSettings
    radio_map: RadioMap

    @classmethod
    def fit(cls, train: FingerprintSet, settings: KNNSettings) -> NearestNeighbours:
        """Keep the training scans as the radio map."""
        kind, rss_min, drop_blank = settings.representation, settings.rss_min, settings.drop_blank
        return cls(settings, RadioMap.fit(train, kind, rss_min, drop_blank=drop_blank))

    @property
    def representation(self) -> RssRepresentation:
        return self.radio_map.representation

    @cached_property
    def _index(self) -> FingerprintIndex:
        return FingerprintIndex(self.radio_map.value, self.settings.metric)

    def nearest(self, scans: FingerprintSet, k: int) -> tuple[np.ndarray, np.ndarray]:
        """`FingerprintIndex.nearest` of scans."""
        return self._index.nearest(self.representation.transform(scans), k)

    def locate(self, scans: FingerprintSet) -> Located:
        """Mean position of the k nearest fingerprints, weighted by 1 / distance; labels by the same vote."""
        distance, row = self.nearest(scans, self.settings.k)
        return self.radio_map.located(row, inverse(distance))

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the tensors."""
        return {"settings": self.settings.model_dump(), **self.radio_map.config()}

    def tensors(self) -> dict[str, np.ndarray]:
        """The radio map as arrays."""
        return self.radio_map.tensors()

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> NearestNeighbours:
        """The model that `config` and `tensors` described."""
        return cls(KNNSettings(**config["settings"]), RadioMap.from_config(config, tensors))


def choose_settings(
    train: FingerprintSet, given: Mapping[str, Any], *, seed: int = 0, progress: bool = False
) -> tuple[KNNSettings, float | None]:
    """The settings with the smallest mean error on reference points held out of the training data.

    Every combination of metric, representation and k that `given` leaves open is tried on a split by
    position (10 % of the reference points; a random split would leave neighbours of a held-out scan in the
    map). In a small survey these are a handful, on which anything may do well by chance: there it is tried on
    as many splits as it takes to ask about 50 points, ten at most.

    Returns
    -------
    settings, mean error in metres on the held-out reference points (None where nothing was left open)
    """
    fixed = KNNSettings.checked(given)
    if {"metric", "representation", "k"} <= given.keys():
        return fixed, None
    rest, held = split_by_position(train, fraction=_HELD_OUT, seed=seed)
    n_points = len(np.unique(reference_points(train)[held]))
    n_splits = min(_MOST_SPLITS, math.ceil(_FEWEST_POINTS / n_points))
    more = (split_by_position(train, _HELD_OUT, seed + _STRIDE * n) for n in range(1, n_splits))
    most, splits = _MOST_QUERIES // n_splits, ((rest, held), *more)
    trials = [(train[rest], _asked(train, held, most, seed)) for rest, held in splits]
    return best_settings(trials, given, progress=progress)


def _asked(train: FingerprintSet, held: np.ndarray, most: int, seed: int) -> FingerprintSet:
    """At most so many of the held-out scans that hear anything."""
    held = held[train.n_heard[held] > 0]
    if len(held) > most:
        held = np.random.default_rng(seed).choice(held, most, replace=False)
    return train[held]


def best_settings(
    trials: Sequence[tuple[FingerprintSet, FingerprintSet]],
    given: Mapping[str, Any],
    *,
    progress: bool = False,
) -> tuple[KNNSettings, float]:
    """The settings with the smallest mean error over all scans asked about, and that error.

    Given the test split, this is a bound that nobody reaches who does not know the truth.

    Parameters
    ----------
    trials : radio maps, each with the scans that it is asked about
    given : settings that are fixed
    """
    fixed = KNNSettings.checked(given)
    metrics = (fixed.metric,) if "metric" in given else get_args(Metric)
    kinds = (fixed.representation,) if "representation" in given else get_args(RepresentationKind)
    ks = (fixed.k,) if "k" in given else _KS
    tried: list[tuple[float, KNNSettings]] = []
    combinations = list(itertools.product(metrics, kinds))
    for metric, kind in counted_off(combinations, "choosing k-NN settings", progress=progress):
        settings = fixed.model_copy(update={"metric": metric, "representation": kind})
        found = [_errors_m(surveyed, asked, settings, ks) for surveyed, asked in trials]
        for k, error_m in zip(ks, np.concatenate(found, axis=1).mean(axis=1).tolist(), strict=True):
            tried.append((error_m, settings.model_copy(update={"k": k})))
    error_m, best = min(tried, key=lambda pair: pair[0])
    return best, error_m


def _errors_m(
    surveyed: FingerprintSet, asked: FingerprintSet, settings: KNNSettings, ks: Sequence[int]
) -> np.ndarray:
    """[len(ks), n] errors of n scans with each k."""
    model = NearestNeighbours.fit(surveyed, settings)
    distance, row = model.nearest(asked, max(ks))
    found = [weighted_mean(model.radio_map.position_m[row[:, :k]], inverse(distance[:, :k])) for k in ks]
    error_m: np.ndarray = np.linalg.norm(np.stack(found) - asked.known_position_m, axis=2)
    return error_m
