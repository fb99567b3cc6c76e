"""The matcher's network: it says how much each candidate counts."""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tutelage.runtime.candidate_lists import FEATURES

__all__ = ["MatcherNetwork", "Scores"]

_MOST = 5.0  # standard deviations: a feature of a strange building does not run away


class Scores(NamedTuple):
    """The network's answer for lists of k candidates."""

    weight: Tensor
    """[B, k], at least 0; the weights of a list sum to 1."""
    log_distance: Tensor
    """[B, k], expected log(1 + metres) from the scan to the candidate."""


class MatcherNetwork(nn.Module):
    """One perceptron for every candidate: features - width - width - (score, log distance).

    Parameters
    ----------
    width : int
        Units of each of its two hidden layers.
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
        """Set the mean and the spread by which features are standardised from now on.

        Parameters
        ----------
        feature : Tensor [n, len(FEATURES)]
            Features to measure them on.
        """
        self.centre.copy_(feature.mean(dim=0))
        self.spread.copy_(feature.std(dim=0).clamp_min(1e-3))

    def towards(self, other: MatcherNetwork, share: float) -> MatcherNetwork:
        """Make a copy whose weights are a mean of our own and those of another network.

        Parameters
        ----------
        other : MatcherNetwork
        share : float
            Share of the other network's weights, 0 to 1.
        """
        copy = deepcopy(self)
        theirs = other.state_dict()
        copy.load_state_dict(
            {name: torch.lerp(ours, theirs[name], share) for name, ours in self.state_dict().items()}
        )
        return copy

    def sharper(self, factor: float) -> MatcherNetwork:
        """Make a copy that gives more weight to the best candidates.

        Parameters
        ----------
        factor : float
            The copy's scores are so many times as far apart.
        """
        copy = deepcopy(self)
        last = copy.layers[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            for score_weights in (last.weight[0], last.bias[0]):
                score_weights *= factor
        return copy

    def forward(self, feature: Tensor, mask: Tensor) -> Scores:
        """Score candidates by their features.

        Parameters
        ----------
        feature : Tensor [B, k, len(FEATURES)]
        mask : Tensor [B, k] of bool
            False for what fills up a short list; it gets weight 0.
        """
        standard = ((feature - self.centre) / self.spread).clamp(-_MOST, _MOST)
        score, log_distance = self.layers(standard).unbind(dim=-1)
        return Scores(score.masked_fill(~mask, -1e9).softmax(dim=1), log_distance)
