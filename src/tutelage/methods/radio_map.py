"""A radio map: surveyed fingerprints, where each was taken, and under which floor, building and place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.data.sparse_rows import csr
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.positions import Located
from tutelage.runtime.readings import to_dbm
from tutelage.runtime.votes import Labels, MapPlaces

__all__ = ["RadioMap"]

_LABELS = ("floor", "building", "place")


@dataclass(frozen=True, eq=False)
class RadioMap:
    """Training scans to search and to average.

    Parameters
    ----------
    representation : RssRepresentation
        Fitted on the scans.
    value : csr_array [n, n_ap]
        The scans in that representation.
    position_m : ndarray [n, 2], or None
        In the training frame; None in a survey of places alone.
    floor, building, place : ndarray [n] of str, or None
        Labels.
    """

    representation: RssRepresentation
    value: sparse.csr_array
    position_m: np.ndarray | None
    floor: np.ndarray | None
    building: np.ndarray | None
    place: np.ndarray | None = None

    @classmethod
    def fit(
        cls, train: FingerprintSet, kind: str, rss_min_dbm: float | None = None, *, drop_blank: bool = True
    ) -> RadioMap:
        """Make a radio map of training scans.

        Parameters
        ----------
        train : FingerprintSet
            With positions, or places, or both.
        kind : str
            Kind of representation.
        rss_min_dbm : float, optional
            RSS that stands for "not heard"; by default the lowest training RSS minus 1.
        drop_blank : bool
            Leave out scans that hear nothing.
        """
        scans = train[train.n_heard > 0] if drop_blank else train
        representation = RssRepresentation.fit(scans, kind, rss_min_dbm)
        value = representation.transform(scans)
        return cls(representation, value, scans.position_m, scans.floor, scans.building, scans.place)

    def __len__(self) -> int:
        """Count the fingerprints."""
        return int(self.value.shape[0])

    def fingerprints(self, frame: LocalFrame) -> FingerprintSet:
        """Give the scans in dBm; readings below the representation's lowest RSS are raised to it.

        Parameters
        ----------
        frame : LocalFrame
            Frame of `position_m`.
        """
        kind = self.representation.kind
        rss_min_dbm = self.representation.rss_min_dbm
        # Readings are whole numbers, or have few decimals: the way there and back must not change them.
        rss_dbm = np.round(to_dbm(self.value.data, kind, rss_min_dbm), 4)
        return FingerprintSet(
            csr(rss_dbm, self.value.indices, self.value.indptr, self.value.shape[1]),
            self.representation.access_points,
            np.arange(len(self)).astype(np.str_),
            self.position_m,
            frame,
            floor=self.floor,
            building=self.building,
            place=self.place,
        )

    def holds(self, scans: FingerprintSet) -> np.ndarray:
        """Tell which scans the map has: the same readings at the same position, to the centimetre.

        Parameters
        ----------
        scans : FingerprintSet
            In the frame of `position_m`. Without positions on either side, the readings alone count.

        Returns
        -------
        ndarray [n] of bool
        """
        # A random sum stands for the readings of a row: other readings have another sum, almost surely.
        factor = np.random.default_rng(0).normal(size=self.value.shape[1])
        sums = np.concatenate([self.value @ factor, self.representation.transform(scans) @ factor])
        columns = [np.round(sums, 6)]
        if self.position_m is not None and scans.position_m is not None:
            columns += [*np.round(np.concatenate([self.position_m, scans.position_m]), 2).T]
        rows = np.column_stack(columns)
        same = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
        return np.isin(same[len(self) :], same[: len(self)])

    def locate(self, row: np.ndarray, weight: np.ndarray) -> Located:
        """Average fingerprints to positions, and let them vote for labels.

        Parameters
        ----------
        row : ndarray [n, k] of int
            Rows of the fingerprints.
        weight : ndarray [n, k]
            Their weights, at least 0.
        """
        return self._places.locate(row, weight)

    @cached_property
    def _places(self) -> MapPlaces:
        labels = (Labels.encode(each) for each in (self.floor, self.building, self.place))
        return MapPlaces(self.position_m, *labels)

    def label_names(self) -> dict[str, list[str]]:
        """Give the sorted names of each kind of label ("floor", "building", "place") that the scans have."""
        return {name: labels.name.tolist() for name, labels in self._named_labels() if labels is not None}

    def config(self) -> dict[str, Any]:
        """Give what `from_config` needs beside the tensors."""
        names = self.label_names()
        return {
            "representation": self.representation.config(),
            **{f"{kind}s": names.get(kind) for kind in _LABELS},
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """Give the fingerprints as arrays, labels as indices into the sorted names of `config`."""
        arrays = {"value": self.value.data, "column": self.value.indices, "offset": self.value.indptr}
        if self.position_m is not None:
            arrays["position_m"] = self.position_m
        codes = {name: labels.code for name, labels in self._named_labels() if labels is not None}
        return arrays | {name: code.astype(np.int32) for name, code in codes.items()}

    def _named_labels(self) -> Iterable[tuple[str, Labels | None]]:
        return [(name, getattr(self._places, name)) for name in _LABELS]

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> RadioMap:
        """Make the radio map that `config` and `tensors` describe."""
        representation = RssRepresentation.from_config(config["representation"])
        shape = (len(tensors["offset"]) - 1, len(representation.access_points))
        value = sparse.csr_array((tensors["value"], tensors["column"], tensors["offset"]), shape=shape)
        labels = {
            name: np.asarray(config[f"{name}s"], dtype=np.str_)[tensors[name]]
            for name in _LABELS
            if config.get(f"{name}s") is not None
        }
        return cls(representation, value, tensors.get("position_m"), *(labels.get(name) for name in _LABELS))
