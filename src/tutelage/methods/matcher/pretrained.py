"""The pretrained matcher's file: how to weigh candidates, learnt in other buildings, without their data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.errors import BadInputError, FileFormatError
from tutelage.files.atomic import replaced_file
from tutelage.files.weights import content_hash, read_weights, weights_to_bytes
from tutelage.methods.matcher.exercises import Surveyed
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.matcher_privacy import memberships
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.matcher_training import exercise_errors_m, learn_from
from tutelage.training import RunOptions

__all__ = [
    "MATCHER_FORMAT",
    "MatcherCard",
    "MatcherSource",
    "PretrainedMatcher",
    "pretrain",
    "shipped_matcher",
]

MATCHER_FORMAT: Literal["tutelage-matcher-2"] = "tutelage-matcher-2"
"""Goes up when the matcher's features or its network change."""
_SHIPPED = "methods", "matcher", "shipped.matcher"


class MatcherQuality(BaseModel):
    """Mean errors on fresh exercises in a source: scans of reference points that are off its radio map.

    The matcher learnt from the same scans on other radio maps: how good it is in a building that it never saw
    is for `tutelage reproduce accuracy` to say, which teaches one without each target.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    exercise_mae_m: float
    nearest_mae_m: float
    """Of the mean position of the five nearest candidates."""


class MatcherSource(BaseModel):
    """A building that a matcher learnt in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    licence: str
    data_hash: str
    n_train: int
    quality: MatcherQuality | None = None
    """None in files from before it was measured."""
    membership: float | None = None
    """How often a scan learnt from is told from another (see `memberships`); None where not measured."""


class MatcherCard(BaseModel):
    """What a pretrained matcher says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["tutelage-matcher-2"] = MATCHER_FORMAT
    sources: list[MatcherSource]
    recipe: MatcherRecipe
    seed: int
    n_steps: int
    version: str


@dataclass(frozen=True, eq=False)
class PretrainedMatcher:
    """A matcher that learnt in other buildings, and where.

    Parameters
    ----------
    network : in evaluation mode, on the CPU
    card : sources, recipe, seed
    """

    network: MatcherNetwork
    card: MatcherCard

    def content_hash(self) -> str:
        """SHA-256 over card and weights: tells whether two teachers are the same."""
        return content_hash(self._header(), self.network.state_dict())

    def save(self, path: str | Path) -> None:
        """Write one safetensors file with the card in its header; it appears whole or not at all."""
        with replaced_file(path) as beside:
            beside.write_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The content of a teacher's file."""
        return weights_to_bytes(self._header(), self.network.state_dict())

    def _header(self) -> dict[str, str]:
        return {"tutelage": self.card.model_dump_json()}

    @classmethod
    def load(cls, path: str | Path) -> PretrainedMatcher:
        """Read a pretrained matcher's file.

        Raises
        ------
        BadInputError
            If there is no such file.
        FileFormatError
            If it is damaged, cut short, or no pretrained matcher.
        """
        path = Path(path)
        if not path.is_file():
            raise BadInputError(
                f"there is no teacher file {path}; leave it out to take the one that comes with Tutelage, "
                "or make one with: tutelage teach --network matcher"
            )
        return cls.from_bytes(path.read_bytes(), name=f"teacher file {path}")

    @classmethod
    def from_bytes(cls, content: bytes, *, name: str) -> PretrainedMatcher:
        """The teacher of a file's content; `name` is what errors call it.

        Raises
        ------
        FileFormatError
            If it is damaged, cut short, or no pretrained matcher.
        """
        try:
            header, tensors = read_weights(content, name=name)
            card = MatcherCard.model_validate_json(header["tutelage"])
            network = MatcherNetwork(card.recipe.width)
            network.load_state_dict(tensors)
        except (SafetensorError, KeyError, TypeError, RuntimeError, ValueError, ValidationError) as error:
            raise FileFormatError(
                f"{name} is no pretrained matcher of this version ({MATCHER_FORMAT}), or is damaged; "
                "surrogate teachers are for the other networks"
            ) from error
        return cls(network.eval(), card)


def shipped_matcher() -> PretrainedMatcher:
    """The pretrained matcher that comes with Tutelage."""
    content = files("tutelage").joinpath(*_SHIPPED).read_bytes()
    return PretrainedMatcher.from_bytes(content, name="the pretrained matcher that comes with Tutelage")


def pretrain(
    sources: Sequence[Survey],
    recipe: MatcherRecipe | None = None,
    options: RunOptions | None = None,
    *,
    privacy: bool = False,
) -> PretrainedMatcher:
    """Teach a matcher in buildings, from their training splits; no test split is touched.

    Parameters
    ----------
    sources : buildings
    recipe, options : how it learns, None for `MatcherRecipe.for_pretraining`
    privacy : also measure what it gives away, which takes as long again (see `memberships`); of a budget in
        minutes, each takes half

    Raises
    ------
    BadInputError
        If there is no source, one is named twice, or the scans of one come from a single reference point.
    """
    recipe, options = recipe or MatcherRecipe.for_pretraining(), options or RunOptions()
    if not sources:
        raise BadInputError("name at least one source building for the matcher to learn in")
    names = [survey.name for survey in sources]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadInputError(f"source {twice} is named twice; name it once")
    described = [_described(survey.name, survey.licence, survey.train) for survey in sources]
    surveyed = [Surveyed.of(survey.train) for survey in sources]
    fingerprint = {
        "sources": [[source.source, source.data_hash] for source in described],
        "recipe": recipe.model_dump(),
        "seed": options.seed,
    }
    share = 0.5 if privacy else 1.0
    network, n_steps = learn_from(surveyed, recipe, options, fingerprint, share)
    told_apart = (
        memberships(surveyed, recipe, options, fingerprint, share) if privacy else [None] * len(surveyed)
    )
    measured = [
        {
            "quality": _quality(network, building, recipe, options.seed),
            "membership": None if share is None else round(share, 4),
        }
        for building, share in zip(surveyed, told_apart, strict=True)
    ]
    pairs = zip(described, measured, strict=True)
    card = MatcherCard(
        sources=[source.model_copy(update=figures) for source, figures in pairs],
        recipe=recipe,
        seed=options.seed,
        n_steps=n_steps,
        version=version("tutelage"),
    )
    return PretrainedMatcher(network, card)


def _described(name: str, licence: str, train: FingerprintSet) -> MatcherSource:
    return MatcherSource(source=name, licence=licence, data_hash=train.content_hash(), n_train=len(train))


def _quality(network: MatcherNetwork, building: Surveyed, recipe: MatcherRecipe, seed: int) -> MatcherQuality:
    scored_m, nearest_m = exercise_errors_m(network, building, recipe, seed)
    return MatcherQuality(exercise_mae_m=round(scored_m, 3), nearest_mae_m=round(nearest_m, 3))
