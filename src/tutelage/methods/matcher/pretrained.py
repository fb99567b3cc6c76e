"""The pretrained matcher and its file: weights that other buildings taught, without their data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError

from tutelage.data.fingerprints import Survey
from tutelage.errors import BadInputError, FileFormatError
from tutelage.files.atomic import atomic_file
from tutelage.files.weights import content_hash, read_weights, weights_to_bytes
from tutelage.methods.matcher.exercises import SurveyScans
from tutelage.methods.matcher.matcher_card import MATCHER_FORMAT, MatcherCard, MatcherQuality, MatcherSource
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.matcher_privacy import memberships
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.matcher_training import exercise_errors_m, learn_from
from tutelage.training import RunOptions

__all__ = [
    "PretrainedMatcher",
    "pretrain",
    "shipped_matcher",
    "shipped_matcher_file",
]

_SHIPPED = "methods", "matcher", "shipped.matcher"


@dataclass(frozen=True, eq=False)
class PretrainedMatcher:
    """A matcher that was trained in other buildings.

    Parameters
    ----------
    network : MatcherNetwork
        In evaluation mode, on the CPU.
    card : MatcherCard
        Its sources, recipe and seed.

    Examples
    --------
    >>> from tutelage.methods.matcher.pretrained import shipped_matcher
    >>> matcher = shipped_matcher()
    >>> len(matcher.card.sources)
    8
    """

    network: MatcherNetwork
    card: MatcherCard

    def content_hash(self) -> str:
        """Return the SHA-256 of card and weights. Equal matchers have the same one."""
        return content_hash(self._header(), self.network.state_dict())

    def save(self, path: str | Path) -> None:
        """Write one safetensors file with the card in its header; it appears whole or not at all.

        Parameters
        ----------
        path : path
            File to write.
        """
        with atomic_file(path) as beside:
            beside.write_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the content of its file."""
        return weights_to_bytes(self._header(), self.network.state_dict())

    def _header(self) -> dict[str, str]:
        return {"tutelage": self.card.model_dump_json()}

    @classmethod
    def load(cls, path: str | Path) -> PretrainedMatcher:
        """Read a pretrained matcher's file.

        Parameters
        ----------
        path : path

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
                f"there is no file {path}; leave it out to take the matcher that comes with Tutelage, "
                "or make one with: tutelage pretrain"
            )
        return cls.from_bytes(path.read_bytes(), name=f"file {path}")

    @classmethod
    def from_bytes(cls, content: bytes, *, name: str) -> PretrainedMatcher:
        """Read the content of a pretrained matcher's file.

        Parameters
        ----------
        content : bytes
        name : str
            What errors call it.

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
                "surrogate teachers are for networks"
            ) from error
        return cls(network.eval(), card)


def shipped_matcher() -> PretrainedMatcher:
    """Load the pretrained matcher that comes with Tutelage."""
    name = "the pretrained matcher that comes with Tutelage"
    return PretrainedMatcher.from_bytes(shipped_matcher_file(), name=name)


def shipped_matcher_file() -> bytes:
    """Read the file of the pretrained matcher that comes with Tutelage."""
    return files("tutelage").joinpath(*_SHIPPED).read_bytes()


def pretrain(
    surveys: Sequence[Survey],
    *,
    settings: Mapping[str, Any] | None = None,
    privacy: bool = False,
    run: RunOptions | None = None,
) -> PretrainedMatcher:
    """Pretrain a matcher on several buildings, by their training splits alone.

    Parameters
    ----------
    surveys : sequence of Survey
        The buildings.
    settings : mapping, optional
        Changes to `MatcherRecipe.for_pretraining`.
    privacy : bool
        Also measure what the result reveals about its scans (see `memberships`). This takes twice as long; a
        length in minutes is divided between both.
    run : RunOptions, optional
        Seed, device, length, checkpoints, progress.

    Returns
    -------
    PretrainedMatcher
        The matcher, for `Localizer(pretrained=...)`.

    Raises
    ------
    BadInputError
        If there is no survey, a survey is named twice, or has a single reference point.

    Examples
    --------
    >>> import tutelage as tt
    >>> museum = tt.simulated_survey(seed=1, n_train=200, n_test=20)
    >>> settings = {"updates": 2, "exercises": 32, "batch_size": 16}
    >>> tt.pretrain([museum], settings=settings).card.n_steps
    2
    """
    recipe = MatcherRecipe.for_pretraining(settings)
    run = run or RunOptions()
    if not surveys:
        raise BadInputError("name at least one survey for the matcher to learn in")
    names = [survey.name for survey in surveys]
    if duplicate := next((name for name in names if names.count(name) > 1), None):
        raise BadInputError(f"survey {duplicate} is named twice; name it once")
    sources = [_source(survey) for survey in surveys]
    buildings = [SurveyScans.of(survey.train) for survey in surveys]
    fingerprint = {
        "sources": [[source.source, source.data_hash] for source in sources],
        "recipe": recipe.model_dump(),
        "seed": run.seed,
    }
    share = 0.5 if privacy else 1.0
    network, n_steps, _ = learn_from(buildings, recipe, run, fingerprint, share)
    chances = memberships(buildings, recipe, run, fingerprint, share) if privacy else [None] * len(buildings)
    figures = [
        {
            "quality": _quality(network, building, recipe, run.seed),
            "membership": None if chance is None else round(chance, 4),
        }
        for building, chance in zip(buildings, chances, strict=True)
    ]
    pairs = zip(sources, figures, strict=True)
    card = MatcherCard(
        sources=[source.model_copy(update=changes) for source, changes in pairs],
        recipe=recipe,
        seed=run.seed,
        n_steps=n_steps,
        version=version("tutelage"),
    )
    return PretrainedMatcher(network, card)


def _source(survey: Survey) -> MatcherSource:
    return MatcherSource(
        source=survey.name,
        licence=survey.licence,
        data_hash=survey.train.content_hash(),
        n_train=len(survey.train),
    )


def _quality(
    network: MatcherNetwork, building: SurveyScans, recipe: MatcherRecipe, seed: int
) -> MatcherQuality:
    matcher_m, nearest_m = exercise_errors_m(network, building, recipe, seed)
    return MatcherQuality(exercise_mae_m=round(matcher_m, 3), nearest_mae_m=round(nearest_m, 3))
