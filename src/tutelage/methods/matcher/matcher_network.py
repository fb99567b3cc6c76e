"""The matcher: a small network that says how much each candidate counts."""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tutelage.runtime.candidate_lists import FEATURES

__all__ = ["MatcherNetwork", "Scores"]

_MOST = 5.0  # standard deviations: a feature of a strange building does not run away


class Scores(NamedTuple):
    """What the matcher says of lists of k candidates."""

    weight: Tensor
    """[B, k], >= 0, of each list 1 in all."""
    log_distance: Tensor
    """[B, k], log(1 + metres) from the scan to the candidate, as expected."""


class MatcherNetwork(nn.Module):
    """One perceptron for every candidate: features - width - width - (score, log distance).

    Parameters
    ----------
    width : units of its two hidden layers
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        n = len(FEATURES)
        self.register_buffer("centre", torch.zeros(n))
        self.register_buffer("spread", torch.ones(n))
        self.layers = nn.Sequential(
            nn.Linear(n, width),
            nn.LayerNorm(width),
            nn.GELU(),
            nn.Linear(width, width),
            nn.LayerNorm(width),
            nn.GELU(),
            nn.Linear(width, 2),
        )

    centre: Tensor
    spread: Tensor

    def standardise_as(self, feature: Tensor) -> None:
        """Take the mean and the spread of features [n, len(FEATURES)] as those of all to come."""
        self.centre.copy_(feature.mean(dim=0))
        self.spread.copy_(feature.std(dim=0).clamp_min(1e-3))

    def towards(self, other: MatcherNetwork, share: float) -> MatcherNetwork:
        """A copy whose weights are the mean of ours and, with this share of it, those of another."""
        copy, theirs = deepcopy(self), other.state_dict()
        copy.load_state_dict(
            {name: torch.lerp(ours, theirs[name], share) for name, ours in self.state_dict().items()}
        )
        return copy

    def sharpened(self, by: float) -> MatcherNetwork:
        """A copy whose scores are `by` times as far apart: more weight to the best candidates."""
        copy = deepcopy(self)
        last = copy.layers[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            for of_score in (last.weight[0], last.bias[0]):
                of_score *= by
        return copy

    def forward(self, feature: Tensor, known: Tensor) -> Scores:
        """Features [B, k, len(FEATURES)] and mask [B, k] to scores; what is not known has weight 0."""
        standard = ((feature - self.centre) / self.spread).clamp(-_MOST, _MOST)
        score, log_distance = self.layers(standard).unbind(dim=-1)
        return Scores(score.masked_fill(~known, -1e9).softmax(dim=1), log_distance)
