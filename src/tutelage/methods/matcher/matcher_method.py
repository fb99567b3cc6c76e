"""The three ways in which a matcher comes to know a building."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.methods.matcher.exercises import Surveyed
from tutelage.methods.matcher.matcher import Matcher
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.matcher_training import fine_tune_matcher, learn_from
from tutelage.methods.matcher.pretrained import PretrainedMatcher, shipped_matcher
from tutelage.networks import checked_settings
from tutelage.training import Budget, RunOptions

__all__ = ["FittedMatcher", "MatcherSettings", "Pretrained", "fit_matcher"]

Pretrained = PretrainedMatcher | Literal["shipped", "untrained", "none"]
_OF_THE_NETWORK = "width", "n_candidates"
_OF_THE_RUN = {"fine_tune", "sharpness"}


class MatcherSettings(MatcherRecipe):
    """Settings of `--network matcher`."""

    fine_tune: bool | None = None
    """Learn from the target's own radio map too; None: unless a teacher was named."""
    sharpness: Annotated[float, Field(gt=0)] = 1.25
    """How much farther apart a teacher's scores are where it is used as it is.

    It learnt on radio maps and phones of all kinds, half of them thinned and changed, and is less sure of a
    good map than it could be (docs/matcher.md); one that goes on with the own map learns that itself.
    """


class FittedMatcher(NamedTuple):
    """A matcher that knows its building, and how it came about."""

    matcher: Matcher
    lineage: dict[str, Any]


def fit_matcher(
    train: FingerprintSet, teacher: Pretrained, settings: Mapping[str, Any], options: RunOptions
) -> FittedMatcher:
    """A matcher for a building.

    Parameters
    ----------
    train : its training scans
    teacher : learnt in other buildings: the one that comes with Tutelage, one of the user's, or a network
        with random weights (the control); "none" learns from the target's own radio map alone
    settings : changes to `MatcherSettings`; `fine_tune` decides whether the teacher goes on with the target's
        own radio map. Without it, "shipped" does, and a teacher that was named does not
    options : of the run

    Raises
    ------
    UnknownNameError, BadInputError
        If a setting does not exist, or does not go with the teacher.
    """
    of_run = MatcherSettings(**checked_settings(MatcherSettings, settings, "setting of the matcher"))
    fine_tune = of_run.fine_tune if of_run.fine_tune is not None else teacher in ("shipped", "none")
    if teacher == "none" and not fine_tune:
        raise BadInputError("fine_tune=false leaves nothing to learn from; name a teacher, or leave it out")
    if not fine_tune and options.budget != Budget():
        raise BadInputError(
            "a pretrained matcher that is used as it is learns nothing here; leave epochs and minutes out, or "
            "set fine_tune=true"
        )
    if "sharpness" in settings and (fine_tune or teacher == "untrained"):
        raise BadInputError(
            "sharpness is of a teacher that learnt and is used as it is; leave it out, or name one and set "
            "fine_tune=false"
        )
    recipe = MatcherRecipe(**of_run.model_dump(exclude=_OF_THE_RUN))
    fingerprint = {
        "recipe": recipe.model_dump(),
        "seed": options.seed,
        "data": train.full_hash(),
        "teacher": teacher.content_hash() if isinstance(teacher, PretrainedMatcher) else teacher,
    }
    n_steps, sharpness = 0, 1.0
    if teacher == "none":
        network, n_steps = learn_from([Surveyed.of(train)], recipe, options, fingerprint)
        cards: list[Any] = []
    else:
        network, recipe, cards = _taught(teacher, recipe, settings, options.seed)
        if fine_tune:
            network, n_steps = fine_tune_matcher(network, Surveyed.of(train), recipe, options, fingerprint)
        elif teacher != "untrained":
            sharpness = of_run.sharpness
            network = network.sharpened(sharpness)
    how = {"fine_tune": fine_tune, "sharpness": sharpness, "recipe": recipe.model_dump(), "n_steps": n_steps}
    return FittedMatcher(Matcher.of(train, network, recipe), {"teachers": cards, **how})


def _taught(
    teacher: PretrainedMatcher | Literal["shipped", "untrained"],
    recipe: MatcherRecipe,
    given: Mapping[str, Any],
    seed: int,
) -> tuple[MatcherNetwork, MatcherRecipe, list[Any]]:
    """The teacher's network, the recipe with its sizes, and what the lineage says of it."""
    if teacher == "untrained":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return MatcherNetwork(recipe.width).eval(), recipe, ["untrained"]
    known = shipped_matcher() if teacher == "shipped" else teacher
    for name in _OF_THE_NETWORK:
        theirs, ours = getattr(known.card.recipe, name), getattr(recipe, name)
        if name in given and ours != theirs:
            raise BadInputError(f"the pretrained matcher has {name} = {theirs}, not {ours}; leave {name} out")
    sizes = {name: getattr(known.card.recipe, name) for name in _OF_THE_NETWORK}
    return known.network, recipe.model_copy(update=sizes), [known.card.model_dump()]
