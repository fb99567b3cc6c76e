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
from tutelage.runtime.positions import Located
from tutelage.runtime.prefixes import with_prefix
from tutelage.runtime.rows import slice_rows

__all__ = ["Matcher"]

_QUERIES = 512  # at a time
_WEIGHTS = "matcher."  # before the names of the network's weights


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
        return CandidateSearch(self.feature_map())

    def feature_map(self) -> DescribedMap:
        """Compute what the features of candidates are made from."""
        radio_map = self.radio_map
        storey = storeys(radio_map.floor, radio_map.building, len(radio_map))
        if radio_map.position_m is None and radio_map.place is not None:
            storey = np.unique(radio_map.place, return_inverse=True)[1]
        return described_map(radio_map.value, radio_map.position_m, storey)

    @torch.inference_mode()
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
            mask = torch.ones(lists.row.shape, dtype=torch.bool)
            scores = self.network(torch.as_tensor(lists.feature), mask)
            row[block] = lists.row
            weight[block] = scores.weight.numpy()
        return self.radio_map.locate(row, weight)

    def config(self) -> dict[str, Any]:
        """Give what `from_config` needs beside the tensors."""
        return {"recipe": self.recipe.model_dump(), **self.radio_map.config()}

    def tensors(self) -> dict[str, np.ndarray]:
        """Give radio map and weights as arrays."""
        weights = {_WEIGHTS + key: value.numpy() for key, value in self.network.state_dict().items()}
        return {**self.radio_map.tensors(), **weights}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Matcher:
        """Make the matcher that `config` and `tensors` describe."""
        recipe = MatcherRecipe(**config["recipe"])
        network = MatcherNetwork(recipe.width)
        weights = {key: torch.as_tensor(value) for key, value in with_prefix(tensors, _WEIGHTS).items()}
        network.load_state_dict(weights)
        return cls(network.eval(), recipe, RadioMap.from_config(config, tensors))
