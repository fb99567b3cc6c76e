"""Settings of the matcher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from tutelage.networks import checked_settings
from tutelage.training import OptimiserRecipe

__all__ = ["MatcherRecipe"]

Share = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]

# Radio maps that are never seen again, and the mean of the weights along the way, keep a teacher from
# learning its sources by heart (docs/matcher.md). Of averaging where other domains are met than were learnt:
# Cha et al., "SWAD: Domain generalization by seeking flat minima" (NeurIPS 2021).
_PRETRAINING = {
    "updates": 2000,
    "passes": 1,
    "schedule": "constant",
    "learning_rate": 5e-3,
    "averaged": 0.7,
}


class MatcherRecipe(OptimiserRecipe):
    """How a matcher learns the target's own radio map; of a teacher's lesson see `for_pretraining`."""

    updates: Annotated[int, Field(ge=1)] = 1000
    """Of a matcher that begins with random weights."""
    fine_tune_updates: Annotated[int, Field(ge=1)] = 1000
    """Of one that was taught by other buildings and learns from the target's own radio map."""
    fine_tune_learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    own_share: Share | None = None
    """Of the tuned weights in the mean of them and the teacher's; None: half, and more in a large survey."""
    own_points: Annotated[float, Field(gt=0)] = 300.0
    """Reference points with which the tuned weights have two thirds of the mean."""
    n_candidates: Annotated[int, Field(ge=2)] = 48
    width: Annotated[int, Field(ge=1)] = 64
    weight_distance: NonNegative = 0.3
    """Of the error of the predicted log distances, beside metres / 5."""
    exercises: Annotated[int, Field(ge=1)] = 2048
    """Scans of a round, in equal shares of the buildings; each round has its own radio maps."""
    passes: Annotated[int, Field(ge=1)] = 2
    """How often a round is gone through before the next is drawn."""
    fine_tune_passes: Annotated[int, Field(ge=1)] = 2
    """The same, of the target's own radio map."""
    averaged: Share = 0.0
    """Last part of the lesson over whose steps the weights are averaged (Izmailov et al. 2018); 0: none."""
    thinned: Share = 0.5
    """Share of the rounds with a thinned radio map and scans of another device."""
    thinnest: Annotated[float, Field(gt=0, le=1)] = 0.02
    """Smallest share of the 2 m cells that a thinned radio map keeps."""
    offset: NonNegative = 0.04
    """Standard deviation of another device's offset, in the positive representation: 0.04 is about 4 dB."""
    noise: NonNegative = 0.01
    access_point_dropout: Share = 0.3
    """Another device's scan loses a share of its readings drawn from [0, this]."""

    def share_of_own(self, n_points: int) -> float:
        """`own_share`, for a survey of so many reference points."""
        if self.own_share is not None:
            return self.own_share
        return (n_points + self.own_points) / (n_points + 2 * self.own_points)

    @classmethod
    def checked(cls, given: Mapping[str, Any]) -> MatcherRecipe:
        """The recipe with the settings `given`; our own messages for unknown names and wrong values."""
        return cls(**checked_settings(cls, given, "setting of the matcher"))

    @classmethod
    def for_pretraining(cls, given: Mapping[str, Any] | None = None) -> MatcherRecipe:
        """How a matcher learns from other buildings: longer, each round gone through once, and averaged.

        `given` and errors as of `checked`.
        """
        return cls.checked(_PRETRAINING | dict(given or {}))
