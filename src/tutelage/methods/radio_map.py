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
from tutelage.runtime.readings import readings_of
from tutelage.runtime.votes import Labels, Places

__all__ = ["RadioMap"]


@dataclass(frozen=True, eq=False)
class RadioMap:
    """Training scans as they are searched and averaged.

    Parameters
    ----------
    representation : fitted on the scans
    value : CSR [n, n_ap], the scans in it
    position_m : [n, 2] in the training frame
    floor, building : [n] labels, or None
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
        """Keep the training scans, without those that hear nothing unless `drop_blank` is off."""
        kept = train[train.n_heard > 0] if drop_blank else train
        representation = RssRepresentation.fit(kept, kind, rss_min_dbm)
        value = representation.transform(kept)
        return cls(representation, value, kept.known_position_m, kept.floor, kept.building)

    def __len__(self) -> int:
        return len(self.position_m)

    def fingerprints(self, frame: LocalFrame) -> FingerprintSet:
        """The scans again, in dBm; those below the representation's lowest RSS stand at it.

        Parameters
        ----------
        frame : of `position_m`
        """
        kind, rss_min_dbm = self.representation.kind, self.representation.rss_min_dbm
        # Readings are whole or of few decimals, which the way there and back must not change.
        rss_dbm = np.round(readings_of(self.value.data, kind, rss_min_dbm), 4)
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
        """[n] bool: whether the map has a scan with the same readings from the same place, to the centimetre.

        Parameters
        ----------
        scans : in the frame of `position_m`
        """
        # A random sum stands for the readings of a row: other readings have another, but by a wild chance.
        factor = np.random.default_rng(0).normal(size=self.value.shape[1])
        sums = np.concatenate([self.value @ factor, self.representation.transform(scans) @ factor])
        place_m = np.concatenate([self.position_m, scans.known_position_m])
        rows = np.column_stack([np.round(sums, 6), np.round(place_m, 2)])
        same = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
        return np.isin(same[len(self) :], same[: len(self)])

    def located(self, row: np.ndarray, weight: np.ndarray) -> Located:
        """Fingerprints [n, k] with weights [n, k] >= 0 to their mean positions and most voted labels."""
        return self._places.located(row, weight)

    @cached_property
    def _places(self) -> Places:
        return Places(self.position_m, Labels.of(self.floor), Labels.of(self.building))

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the tensors."""
        return {
            "representation": self.representation.config(),
            **{
                f"{name}s": None if labels is None else labels.name.tolist()
                for name, labels in self._named_labels()
            },
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """The fingerprints as arrays; labels as places in the sorted names of `config`."""
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
        """The radio map that `config` and `tensors` described."""
        representation = RssRepresentation.from_config(config["representation"])
        shape = (len(tensors["position_m"]), len(representation.access_points))
        value = sparse.csr_array((tensors["value"], tensors["column"], tensors["offset"]), shape=shape)
        floor, building = (
            None if config[names] is None else np.asarray(config[names], dtype=np.str_)[tensors[code]]
            for names, code in (("floors", "floor"), ("buildings", "building"))
        )
        return cls(representation, value, tensors["position_m"], floor, building)
