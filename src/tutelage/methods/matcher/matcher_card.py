"""The card of a pretrained matcher: its sources, recipe and quality."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tutelage.methods.matcher.matcher_recipe import MatcherRecipe

__all__ = ["MATCHER_FORMAT", "MatcherCard", "MatcherQuality", "MatcherSource"]

MATCHER_FORMAT: Literal["tutelage-matcher-2"] = "tutelage-matcher-2"
"""Goes up when the matcher's features or its network change."""


class MatcherQuality(BaseModel):
    """Mean errors on fresh exercises in a source: scans of reference points that are off its radio map.

    The matcher learnt from the same scans on other radio maps. How good it is in a building that it never saw
    is measured by `tutelage reproduce accuracy`, which pretrains one without each target.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    exercise_mae_m: float
    nearest_mae_m: float
    """Error of the mean position of the five nearest candidates."""


class MatcherSource(BaseModel):
    """A building that a matcher learnt in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    licence: str
    data_hash: str
    n_train: int
    quality: MatcherQuality | None = None
    """None in files written before it was measured."""
    membership: float | None = None
    """Chance to tell a training scan from another scan (see `memberships`); None where not measured."""


class MatcherCard(BaseModel):
    """The card of a pretrained matcher, as it stands in its file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["tutelage-matcher-2"] = MATCHER_FORMAT
    sources: list[MatcherSource]
    recipe: MatcherRecipe
    seed: int
    n_steps: int
    version: str
