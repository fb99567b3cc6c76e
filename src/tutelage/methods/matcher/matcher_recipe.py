"""Settings of the matcher."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from tutelage.networks import checked_settings
from tutelage.training import OptimiserRecipe

__all__ = ["FAST_UPDATES", "HELD_OUT_SHARE", "MatcherRecipe"]

FAST_UPDATES = 96
"""Updates of a fine-tuning in a hurry (`fit --fast`)."""
# By a third of the updates UJIIndoorLoc's 19,861 scans lose 5 % on held-out users. Four surveys of 209 to
# 1,732 scans change by -2.0 to +1.3 % (research/speed.md).
_LARGE = 10_000
_UPDATES = 320
_UPDATES_OF_LARGE = 1000
HELD_OUT_SHARE = 0.15
"""Share of the reference points, or of the users, that a round takes off the map."""

Share = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]

# Radio maps that are used only once, and the mean of the weights along the way, keep a pretrained matcher
# from learning its sources by heart (research/matcher.md). On averaging for new domains: Cha et al., "SWAD:
# Domain generalization by seeking flat minima" (NeurIPS 2021).
_PRETRAINING = {
    "updates": 2000,
    "passes": 1,
    "schedule": "constant",
    "learning_rate": 5e-3,
    "averaged": 0.7,
}


class MatcherRecipe(OptimiserRecipe):
    """How a matcher learns the target's own radio map; see `for_pretraining` for other buildings."""

    updates: Annotated[int, Field(ge=1)] = 1000
    """Updates of a matcher that starts from random weights."""
    fine_tune_updates: Annotated[int, Field(ge=1)] | None = None
    """Updates of a pretrained matcher on your own map.

    By default 320, and 1,000 in a survey of 10,000 scans or more.
    """
    fine_tune_learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    """Largest learning rate of the fine-tuning."""
    fine_tune_schedule: Literal["constant", "one_cycle"] = "constant"
    """Course of its learning rate."""
    fine_tune_averaged: Share = 0.7
    """Average the weights over this last part of the fine-tuning, as in pretraining."""
    own_share: Share | None = None
    """Share of the fine-tuned weights when they are averaged with the pretrained ones.

    By default, a half in a small survey, and more in a large one.
    """
    own_points: Annotated[float, Field(gt=0)] = 300.0
    """Number of reference points at which the fine-tuned weights get two thirds."""
    n_candidates: Annotated[int, Field(ge=2)] = 48
    """Neighbours of a scan that the matcher weighs. A pretrained matcher fixes it."""
    width: Annotated[int, Field(ge=1)] = 64
    """Units of its hidden layers. A pretrained matcher fixes it."""
    weight_distance: NonNegative = 0.3
    """Weight of the error of the predicted distances, beside the error of the position."""
    exercises: Annotated[int, Field(ge=1)] = 2048
    """Scans in a round of training. All buildings have an equal share."""
    own_exercises: Annotated[int, Field(ge=1)] | None = None
    """Scans in a round on your own map alone.

    By default, about as many as a round takes off the map, `exercises` at most: in a small survey more would
    only ask about the same scans again.
    """
    passes: Annotated[int, Field(ge=1)] = 2
    """Times that each round is learnt, before a new one is drawn."""
    fine_tune_passes: Annotated[int, Field(ge=1)] = 2
    """The same in fine-tuning."""
    averaged: Share = 0.0
    """Average the weights over this last part of the training (Izmailov et al. 2018). 0 averages nothing."""
    thinned: Share = 0.5
    """Share of the rounds with a sparser radio map and scans of a simulated other phone."""
    thinnest: Annotated[float, Field(gt=0, le=1)] = 0.02
    """Smallest share of the 2 m cells that a sparser radio map keeps."""
    offset: NonNegative = 0.04
    """Standard deviation of the other phone's offset, in ranges of the readings: 0.04 is about 4 dB."""
    noise: NonNegative = 0.01
    """Standard deviation of the other phone's noise, in the same unit."""
    access_point_dropout: Share = 0.3
    """Each scan of the other phone loses a random share of its readings, at most this one."""

    def round_of(self, n_scans: int) -> int:
        """Give the scans in a round on one survey's own map, in whole batches.

        Parameters
        ----------
        n_scans : int
            Scans of the survey.
        """
        if self.own_exercises is not None:
            return self.own_exercises
        n_batches = math.ceil(HELD_OUT_SHARE * n_scans / self.batch_size)
        return min(self.exercises, n_batches * self.batch_size)

    def updates_of(self, n_scans: int) -> int:
        """Give the updates of a fine-tuning on one survey's own map.

        Parameters
        ----------
        n_scans : int
            Scans of the survey.
        """
        if self.fine_tune_updates is not None:
            return self.fine_tune_updates
        return _UPDATES if n_scans < _LARGE else _UPDATES_OF_LARGE

    def share_of_own(self, n_points: int) -> float:
        """Give `own_share` for a survey.

        Parameters
        ----------
        n_points : int
            Reference points of the survey.
        """
        if self.own_share is not None:
            return self.own_share
        return (n_points + self.own_points) / (n_points + 2 * self.own_points)

    @classmethod
    def checked(cls, changes: Mapping[str, Any]) -> MatcherRecipe:
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
        return cls(**checked_settings(cls, changes, "setting of the matcher"))

    @classmethod
    def for_pretraining(cls, changes: Mapping[str, Any] | None = None) -> MatcherRecipe:
        """Give the recipe for other buildings: longer, each round learnt once, and averaged.

        Parameters
        ----------
        changes : mapping, optional
            Settings by name; the others keep the defaults of pretraining.

        Raises
        ------
        UnknownNameError, BadInputError
            If a setting does not exist or is not allowed.
        """
        return cls.checked(_PRETRAINING | dict(changes or {}))
