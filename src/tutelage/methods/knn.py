"""Weighted k nearest neighbours: the bar for everything else."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import can_be_held_out, hold_out
from tutelage.data.representation import RepresentationKind, RssRepresentation
from tutelage.methods.answer_errors import place_nats
from tutelage.methods.base import ExportParts, FitPlan, Fitted, MethodSpec, UpdateSpec
from tutelage.methods.lineage import MethodLineage
from tutelage.methods.method_registry import register_method
from tutelage.methods.radio_map import RadioMap
from tutelage.networks import checked_settings
from tutelage.progress import progress_bar
from tutelage.runtime.fingerprint_index import FingerprintIndex, Metric
from tutelage.runtime.positions import Located
from tutelage.runtime.votes import inverse_distance, weighted_mean
from tutelage.training import RunOptions

__all__ = ["KS", "KNNSettings", "NearestNeighbours", "best_settings", "choose_settings"]

KS = (1, 2, 3, 4, 5, 7, 10, 15, 20)
"""Numbers of neighbours that are tried."""
_HELD_OUT_SHARE = 0.1
_MOST_QUERIES = 2000
_FEWEST_POINTS = 50
_MOST_SPLITS = 10
_SEED_STRIDE = 1000  # between the seeds of two splits


class KNNSettings(BaseModel):
    """Settings of the method knn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: Metric = "sorensen"
    """Distance between two scans. If you do not set it, `fit` chooses it on held-out points."""
    representation: RepresentationKind = "powed"
    """Form of the readings, as for networks. If you do not set it, `fit` chooses it on held-out points."""
    k: Annotated[int, Field(ge=1)] = 10
    """Number of neighbours. If you do not set it, `fit` chooses it on held-out points."""
    rss_min: Annotated[float, Field(lt=0)] | None = None
    """RSS in dBm that counts as not heard. By default, the lowest training reading minus 1 dB."""
    drop_blank: bool = True
    """Leave out training scans that hear nothing."""

    @classmethod
    def checked(cls, changes: Mapping[str, Any]) -> KNNSettings:
        """Check settings, with our own messages for unknown names and wrong values.

        Parameters
        ----------
        changes : mapping
            Settings by name; the others keep their defaults.

        Raises
        ------
        UnknownNameError, BadInputError
            If a setting does not exist or is not allowed.
        """
        return cls(**checked_settings(cls, changes, "setting of knn"))


@dataclass(frozen=True, eq=False)
class NearestNeighbours:
    """A radio map and how to search it.

    Parameters
    ----------
    settings : KNNSettings
        Metric, representation and k.
    radio_map : RadioMap
        In that representation.
    """

    settings: KNNSettings
    radio_map: RadioMap

    @classmethod
    def fit(cls, train: FingerprintSet, settings: KNNSettings) -> NearestNeighbours:
        """Keep the training scans as the radio map."""
        radio_map = RadioMap.fit(
            train, settings.representation, settings.rss_min, drop_blank=settings.drop_blank
        )
        return cls(settings, radio_map)

    @property
    def representation(self) -> RssRepresentation:
        """How it reads RSS, and the access points that it knows."""
        return self.radio_map.representation

    @cached_property
    def _index(self) -> FingerprintIndex:
        return FingerprintIndex(self.radio_map.value, self.settings.metric)

    def nearest(self, scans: FingerprintSet, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Search the radio map for the fingerprints nearest to scans.

        Parameters
        ----------
        scans : FingerprintSet
        k : int
            Fingerprints for each scan.

        Returns
        -------
        distance, row : ndarray [n, k]
            See `FingerprintIndex.nearest`.
        """
        return self._index.nearest(self.representation.transform(scans), k)

    def locate(self, scans: FingerprintSet) -> Located:
        """Average the positions of the k nearest fingerprints, weighted by 1 / distance.

        Labels are chosen by the same weighted vote.
        """
        distance, row = self.nearest(scans, self.settings.k)
        return self.radio_map.locate(row, inverse_distance(distance))

    def config(self) -> dict[str, Any]:
        """Give what `from_config` needs beside the tensors."""
        return {"settings": self.settings.model_dump(), **self.radio_map.config()}

    def tensors(self) -> dict[str, np.ndarray]:
        """Give the radio map as arrays."""
        return self.radio_map.tensors()

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> NearestNeighbours:
        """Make the model that `config` and `tensors` describe."""
        return cls(KNNSettings(**config["settings"]), RadioMap.from_config(config, tensors))


def choose_settings(
    train: FingerprintSet, changes: Mapping[str, Any], *, seed: int = 0, progress: bool = False
) -> tuple[KNNSettings, float | None]:
    """Choose the settings with the smallest mean error on scans held out of the training data.

    Every combination of metric, representation and k that `changes` leaves open is tried on a split by
    position, or on blocks of scans in a survey of places alone. It holds out 10 % of the reference points or
    blocks: a random split would leave neighbours of a held-out scan in the map. In a small survey these are a
    handful, on which anything may do well by chance. There the combinations are tried on as many splits as it
    takes to locate about 50 points, ten at most.

    Parameters
    ----------
    train : FingerprintSet
        Training scans with positions or places.
    changes : mapping
        Settings that are fixed, by name.
    seed : int
        Random seed of the splits.
    progress : bool
        Show a progress bar.

    Returns
    -------
    settings : KNNSettings
    error : float or None
        Mean error of the held-out scans: metres, or the logarithmic score of the votes in a survey of places
        alone. None where nothing was left open, or each place has one scan, so that the defaults stay.

    Raises
    ------
    UnknownNameError, BadInputError
        If a setting does not exist or is not allowed.
    """
    fixed = KNNSettings.checked(changes)
    if {"metric", "representation", "k"} <= changes.keys():
        return fixed, None
    if not can_be_held_out(train):
        return fixed, None
    first = hold_out(train, _HELD_OUT_SHARE, seed)
    n_splits = min(_MOST_SPLITS, math.ceil(_FEWEST_POINTS / len(np.unique(first.group))))
    seeds = (seed + _SEED_STRIDE * n for n in range(1, n_splits))
    trials = [
        (train[each.rest], _queries(train, each.held_out, _MOST_QUERIES // n_splits, seed))
        for each in (first, *(hold_out(train, _HELD_OUT_SHARE, seed) for seed in seeds))
    ]
    return best_settings(trials, changes, progress=progress)


def _queries(train: FingerprintSet, rows: np.ndarray, most: int, seed: int) -> FingerprintSet:
    """Choose at most so many of the scans in these rows that hear anything."""
    rows = rows[train.n_heard[rows] > 0]
    if len(rows) > most:
        rows = np.random.default_rng(seed).choice(rows, most, replace=False)
    return train[rows]


def best_settings(
    trials: Sequence[tuple[FingerprintSet, FingerprintSet]],
    changes: Mapping[str, Any],
    *,
    progress: bool = False,
) -> tuple[KNNSettings, float]:
    """Choose the settings with the smallest mean error over all queries.

    With the test split as queries, this is a bound: nobody reaches it without knowing the true positions.

    Parameters
    ----------
    trials : sequence of (FingerprintSet, FingerprintSet)
        Radio maps, each with the scans to locate in it.
    changes : mapping
        Settings that are fixed, by name.
    progress : bool
        Show a progress bar.

    Returns
    -------
    settings : KNNSettings
    error : float
        Their mean error, as in `choose_settings`.
    """
    fixed = KNNSettings.checked(changes)
    metrics = (fixed.metric,) if "metric" in changes else get_args(Metric)
    kinds = (fixed.representation,) if "representation" in changes else get_args(RepresentationKind)
    ks = (fixed.k,) if "k" in changes else KS
    results: list[tuple[float, KNNSettings]] = []
    combinations = list(itertools.product(metrics, kinds))
    for metric, kind in progress_bar(combinations, "choosing k-NN settings", progress=progress):
        settings = fixed.model_copy(update={"metric": metric, "representation": kind})
        errors = [_errors(map_scans, queries, settings, ks) for map_scans, queries in trials]
        means = np.concatenate(errors, axis=1).mean(axis=1).tolist()
        for k, mean in zip(ks, means, strict=True):
            results.append((mean, settings.model_copy(update={"k": k})))
    error, best = min(results, key=lambda pair: pair[0])
    return best, error


def _errors(
    map_scans: FingerprintSet, queries: FingerprintSet, settings: KNNSettings, ks: Sequence[int]
) -> np.ndarray:
    """Give the errors [len(ks), n] of n queries with each k: metres, or the logarithmic score of places."""
    model = NearestNeighbours.fit(map_scans, settings)
    distance, row = model.nearest(queries, max(ks))
    neighbours = [(row[:, :k], inverse_distance(distance[:, :k])) for k in ks]
    place_m = model.radio_map.position_m
    if place_m is None or queries.position_m is None:
        votes = [model.radio_map.locate(*each).place for each in neighbours]
        return np.stack([place_nats(each, queries.known_place) for each in votes])
    positions_m = [weighted_mean(place_m[rows], weight) for rows, weight in neighbours]
    return np.asarray(np.linalg.norm(np.stack(positions_m) - queries.position_m, axis=2))


def fit_knn(plan: FitPlan, scans: FingerprintSet) -> Fitted:
    """Choose the settings that the plan leaves open, and keep the scans as the radio map.

    Parameters
    ----------
    plan : FitPlan
    scans : FingerprintSet
        With positions, or places, or both.
    """
    settings, error = choose_settings(scans, plan.settings, seed=plan.run.seed, progress=plan.run.progress)
    values = settings.model_dump()
    metrics = {}
    if error is not None and scans.position_m is not None:
        metrics = {"held_out_mae_m": round(error, 3)}
    lineage = MethodLineage(settings=values, metrics=metrics)
    return Fitted(NearestNeighbours.fit(scans, settings), lineage, twin_settings=values)


def _continue(
    method: NearestNeighbours, old: FingerprintSet, new: FingerprintSet, _run: RunOptions
) -> NearestNeighbours:
    return NearestNeighbours.fit(FingerprintSet.join([old, new]), method.settings)


def _export_parts(method: NearestNeighbours) -> ExportParts:
    settings = {"metric": method.settings.metric, "k": method.settings.k}
    return ExportParts("knn", settings, method.radio_map.label_names(), arrays=method.tensors())


def _explanation(lineage: MethodLineage) -> dict[str, Any]:
    return {"settings": lineage.settings}


def _choose_for_parts(plan: FitPlan, scans: FingerprintSet) -> FitPlan:
    settings, _ = choose_settings(scans, plan.settings, seed=plan.run.seed, progress=plan.run.progress)
    return replace(plan, settings=settings.model_dump())


register_method(
    MethodSpec(
        "knn",
        "weighted k nearest neighbours: the bar for everything else; learns nothing",
        fit_knn,
        NearestNeighbours.from_config,
        update=UpdateSpec(_continue),
        export=_export_parts,
        explain=_explanation,
        for_parts=_choose_for_parts,
    )
)
