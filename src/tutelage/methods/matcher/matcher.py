"""A building located by weighing its nearest fingerprints as a matcher says."""

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
from tutelage.runtime.positions import Located
from tutelage.runtime.rows import part

__all__ = ["Matcher"]

_QUERIES = 512  # at a time
_WEIGHTS = "matcher."  # before the names of the network's weights


@dataclass(frozen=True, eq=False)
class Matcher:
    """A radio map and the network that weighs candidates from it.

    Parameters
    ----------
    network : in evaluation mode, on the CPU
    recipe : of its lists
    radio_map : in the positive representation
    """

    network: MatcherNetwork
    recipe: MatcherRecipe
    radio_map: RadioMap

    @classmethod
    def of(cls, train: FingerprintSet, network: MatcherNetwork, recipe: MatcherRecipe) -> Matcher:
        """The training scans that hear anything as the radio map."""
        return cls(network, recipe, RadioMap.fit(train, "positive"))

    @property
    def representation(self) -> RssRepresentation:
        return self.radio_map.representation

    @cached_property
    def _search(self) -> CandidateSearch:
        return CandidateSearch(self.described())

    def described(self) -> DescribedMap:
        """The radio map as candidates are described by it."""
        known = self.radio_map
        storey = storeys(known.floor, known.building, len(known))
        return described_map(known.value, known.position_m, storey)

    @torch.inference_mode()
    def locate(self, scans: FingerprintSet) -> Located:
        """Mean position of the candidates, weighted by the matcher; labels by the same vote."""
        strength = self.representation.transform(scans)
        k = min(self.recipe.n_candidates, len(self.radio_map))
        row, weight = np.empty((len(scans), k), dtype=np.int64), np.empty((len(scans), k))
        for first in range(0, len(scans), _QUERIES):
            these = slice(first, first + _QUERIES)
            asked = part(strength, first, first + _QUERIES)
            lists = self._search.candidates(asked, self.recipe.n_candidates)
            known = torch.ones(lists.row.shape, dtype=torch.bool)
            scores = self.network(torch.as_tensor(lists.feature), known)
            row[these], weight[these] = lists.row, scores.weight.numpy()
        return self.radio_map.located(row, weight)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the tensors."""
        return {"recipe": self.recipe.model_dump(), **self.radio_map.config()}

    def tensors(self) -> dict[str, np.ndarray]:
        """Radio map and weights as arrays."""
        weights = {_WEIGHTS + key: value.numpy() for key, value in self.network.state_dict().items()}
        return {**self.radio_map.tensors(), **weights}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Matcher:
        """The matcher that `config` and `tensors` described."""
        recipe = MatcherRecipe(**config["recipe"])
        network = MatcherNetwork(recipe.width)
        weights = {
            key.removeprefix(_WEIGHTS): torch.as_tensor(value)
            for key, value in tensors.items()
            if key.startswith(_WEIGHTS)
        }
        network.load_state_dict(weights)
        return cls(network.eval(), recipe, RadioMap.from_config(config, tensors))
