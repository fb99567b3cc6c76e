"""A radio map: surveyed fingerprints, where each was taken, and under which floor and building."""

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


@dataclass(frozen=True, eq=False)
class RadioMap:
    """Training scans to search and to average.

    Parameters
    ----------
    representation : RssRepresentation
        Fitted on the scans.
    value : csr_array [n, n_ap]
        The scans in that representation.
    position_m : ndarray [n, 2]
        In the training frame.
    floor, building : ndarray [n] of str, or None
        Labels.
    """

    representation: RssRepresentation
    value: sparse.csr_array
    position_m: np.ndarray
    floor: np.ndarray | None
    building: np.ndarray | None

    @classmethod
    def fit(
        cls, train: FingerprintSet, kind: str, rss_min_dbm: float | None = None, *, drop_blank: bool = True
    ) -> RadioMap:
        """Make a radio map of training scans.

        Parameters
        ----------
        train : FingerprintSet
            With positions.
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
        return cls(representation, value, scans.known_position_m, scans.floor, scans.building)

    def __len__(self) -> int:
        """Count the fingerprints."""
        return len(self.position_m)

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
        )

    def holds(self, scans: FingerprintSet) -> np.ndarray:
        """Tell which scans the map has: the same readings at the same place, to the centimetre.

        Parameters
        ----------
        scans : FingerprintSet
            In the frame of `position_m`.

        Returns
        -------
        ndarray [n] of bool
        """
        # A random sum stands for the readings of a row: other readings have another sum, almost surely.
        factor = np.random.default_rng(0).normal(size=self.value.shape[1])
        sums = np.concatenate([self.value @ factor, self.representation.transform(scans) @ factor])
        place_m = np.concatenate([self.position_m, scans.known_position_m])
        rows = np.column_stack([np.round(sums, 6), np.round(place_m, 2)])
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
        return MapPlaces(self.position_m, Labels.encode(self.floor), Labels.encode(self.building))

    def label_names(self) -> tuple[list[str] | None, list[str] | None]:
        """Give the sorted names of floors and of buildings; None for labels that the scans lack."""
        floors, buildings = (
            None if labels is None else labels.name.tolist() for _, labels in self._named_labels()
        )
        return floors, buildings

    def config(self) -> dict[str, Any]:
        """Give what `from_config` needs beside the tensors."""
        floors, buildings = self.label_names()
        return {
            "representation": self.representation.config(),
            "floors": floors,
            "buildings": buildings,
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """Give the fingerprints as arrays, labels as indices into the sorted names of `config`."""
        arrays = {
            "value": self.value.data,
            "column": self.value.indices,
            "offset": self.value.indptr,
            "position_m": self.position_m,
        }
        codes = {name: labels.code for name, labels in self._named_labels() if labels is not None}
        return arrays | {name: code.astype(np.int32) for name, code in codes.items()}

    def _named_labels(self) -> Iterable[tuple[str, Labels | None]]:
        return ("floor", self._places.floor), ("building", self._places.building)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> RadioMap:
        """Make the radio map that `config` and `tensors` describe."""
        representation = RssRepresentation.from_config(config["representation"])
        shape = (len(tensors["position_m"]), len(representation.access_points))
        value = sparse.csr_array((tensors["value"], tensors["column"], tensors["offset"]), shape=shape)
        floor, building = (
            None if config[names] is None else np.asarray(config[names], dtype=np.str_)[tensors[code]]
            for names, code in (("floors", "floor"), ("buildings", "building"))
        )
        return cls(representation, value, tensors["position_m"], floor, building)
