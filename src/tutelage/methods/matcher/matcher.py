"""The fitted matcher: a radio map, and the network that weighs a scan's nearest fingerprints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.methods.matcher.exercises import storeys
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.smoothing import described_map
from tutelage.methods.radio_map import RadioMap
from tutelage.runtime.candidate_lists import CandidateSearch, DescribedMap
from tutelage.runtime.candidate_weights import CandidateWeights
from tutelage.runtime.exported_methods import MATCHER_WEIGHTS, described_arrays, described_map_of
from tutelage.runtime.positions import Located
from tutelage.runtime.prefixes import with_prefix
from tutelage.runtime.rows import slice_rows

__all__ = ["Matcher"]

_QUERIES = 512  # at a time
# Of averages in a model folder. With them, a position waits for neither PyTorch nor scipy; a model so large
# takes longer to read than to describe again.
_MOST_BYTES = 64_000_000


@dataclass(frozen=True, eq=False)
class Matcher:
    """A radio map and the network that weighs candidates from it.

    Parameters
    ----------
    network : MatcherNetwork
        In evaluation mode, on the CPU.
    recipe : MatcherRecipe
        Says how long its lists of candidates are.
    radio_map : RadioMap
        In the positive representation.
    """

    network: MatcherNetwork
    recipe: MatcherRecipe
    radio_map: RadioMap
    described: DescribedMap | None = None
    """The radio map with averages around each of its points, if these were read from a file."""

    @classmethod
    def of(cls, train: FingerprintSet, network: MatcherNetwork, recipe: MatcherRecipe) -> Matcher:
        """Make a matcher whose radio map is the training scans that hear anything.

        Parameters
        ----------
        train : FingerprintSet
            With positions, places or both.
        network : MatcherNetwork
            In evaluation mode, on the CPU.
        recipe : MatcherRecipe
        """
        return cls(network, recipe, RadioMap.fit(train, "positive"))

    @property
    def representation(self) -> RssRepresentation:
        """How it reads RSS, and the access points that it knows."""
        return self.radio_map.representation

    @cached_property
    def _search(self) -> CandidateSearch:
        return CandidateSearch(self.feature_map)

    @cached_property
    def feature_map(self) -> DescribedMap:
        """What the features of candidates are made from."""
        if self.described is not None:
            return self.described
        radio_map = self.radio_map
        storey = storeys(radio_map.floor, radio_map.building, len(radio_map))
        if radio_map.position_m is None and radio_map.place is not None:
            storey = np.unique(radio_map.place, return_inverse=True)[1]
        return described_map(radio_map.value, radio_map.position_m, storey)

    @cached_property
    def _weights(self) -> CandidateWeights:
        return CandidateWeights(self._network_arrays())

    def _network_arrays(self) -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in self.network.state_dict().items()}

    def locate(self, scans: FingerprintSet) -> Located:
        """Average the positions of the candidates, weighted by the network.

        Labels are chosen by the same weighted vote.
        """
        strength = self.representation.transform(scans)
        k = min(self.recipe.n_candidates, len(self.radio_map))
        row = np.empty((len(scans), k), dtype=np.int64)
        weight = np.empty((len(scans), k))
        for first in range(0, len(scans), _QUERIES):
            block = slice(first, first + _QUERIES)
            queries = slice_rows(strength, first, first + _QUERIES)
            lists = self._search.candidates(queries, self.recipe.n_candidates)
            row[block] = lists.row
            weight[block] = self._weights(lists.feature)
        return self.radio_map.locate(row, weight)

    def config(self) -> dict[str, Any]:
        """Give what `from_config` needs beside the tensors."""
        return {"recipe": self.recipe.model_dump(), **self.radio_map.config()}

    def tensors(self) -> dict[str, np.ndarray]:
        """Give radio map, averages around its points unless they are many, and weights as arrays."""
        weights = {MATCHER_WEIGHTS + name: value for name, value in self._network_arrays().items()}
        averages = self.averages()
        if sum(array.nbytes for array in averages.values()) > _MOST_BYTES:
            averages = {}
        return {**self.radio_map.tensors(), **averages, **weights}

    def averages(self) -> dict[str, np.ndarray]:
        """Give averages around the map's points as arrays; `tutelage.runtime` cannot compute them itself."""
        return described_arrays(self.feature_map)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Matcher:
        """Make the matcher that `config` and `tensors` describe."""
        recipe = MatcherRecipe(**config["recipe"])
        network = MatcherNetwork(recipe.width)
        weights = {
            key: torch.as_tensor(value) for key, value in with_prefix(tensors, MATCHER_WEIGHTS).items()
        }
        network.load_state_dict(weights)
        radio_map = RadioMap.from_config(config, tensors)
        # Models of earlier versions have no averages.
        described = described_map_of(tensors, radio_map.value.shape[1]) if "point" in tensors else None
        return cls(network.eval(), recipe, radio_map, described)
