"""The three ways in which a scorer comes to know a building."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field

from tutelage.errors import BadInputError
from tutelage.fingerprints import FingerprintSet
from tutelage.networks import checked_settings
from tutelage.scorer.exercises import Surveyed
from tutelage.scorer.network import ScorerNetwork
from tutelage.scorer.recipe import ScorerRecipe
from tutelage.scorer.scorer import Scorer
from tutelage.scorer.teacher import ScorerTeacher, shipped_scorer
from tutelage.scorer.training import learn_from, learn_own_map
from tutelage.training import Budget, RunOptions

__all__ = ["FittedScorer", "ScorerSettings", "ScorerTeaching", "fit_scorer"]

ScorerTeaching = ScorerTeacher | Literal["shipped", "untrained", "none"]
_OF_THE_NETWORK = "width", "n_candidates"
_OF_THE_RUN = {"own_map", "sharpness"}


class ScorerSettings(ScorerRecipe):
    """Settings of `--network scorer`."""

    own_map: bool | None = None
    """Learn from the target's own radio map too; None: unless a teacher was named."""
    sharpness: Annotated[float, Field(gt=0)] = 1.25
    """How much farther apart a teacher's scores are where it is used as it is.

    It learnt on radio maps and phones of all kinds, half of them thinned and changed, and is less sure of a
    good map than it could be (docs/scorer.md); one that goes on with the own map learns that itself.
    """


class FittedScorer(NamedTuple):
    """A scorer that knows its building, and how it came about."""

    scorer: Scorer
    lineage: dict[str, Any]


def fit_scorer(
    train: FingerprintSet, teacher: ScorerTeaching, settings: Mapping[str, Any], options: RunOptions
) -> FittedScorer:
    """A scorer for a building.

    Parameters
    ----------
    train : its training scans
    teacher : learnt in other buildings: the one that comes with Tutelage, one of the user's, or a network
        with random weights (the control); "none" learns from the target's own radio map alone
    settings : changes to `ScorerSettings`; `own_map` decides whether the teacher goes on with the target's
        own radio map. Without it, "shipped" does, and a teacher that was named does not
    options : of the run

    Raises
    ------
    UnknownNameError, BadInputError
        If a setting does not exist, or does not go with the teacher.
    """
    of_run = ScorerSettings(**checked_settings(ScorerSettings, settings, "setting of the scorer"))
    own_map = of_run.own_map if of_run.own_map is not None else teacher in ("shipped", "none")
    if teacher == "none" and not own_map:
        raise BadInputError("own_map=false leaves nothing to learn from; name a teacher, or leave it out")
    if not own_map and options.budget != Budget():
        raise BadInputError(
            "a scorer teacher that is used as it is learns nothing here; leave epochs and minutes out, or "
            "set own_map=true"
        )
    if "sharpness" in settings and (own_map or teacher == "untrained"):
        raise BadInputError(
            "sharpness is of a teacher that learnt and is used as it is; leave it out, or name one and set "
            "own_map=false"
        )
    recipe = ScorerRecipe(**of_run.model_dump(exclude=_OF_THE_RUN))
    fingerprint = {
        "recipe": recipe.model_dump(),
        "seed": options.seed,
        "data": train.full_hash(),
        "teacher": teacher.content_hash() if isinstance(teacher, ScorerTeacher) else teacher,
    }
    n_steps, sharpness = 0, 1.0
    if teacher == "none":
        network, n_steps = learn_from([Surveyed.of(train)], recipe, options, fingerprint)
        cards: list[Any] = []
    else:
        network, recipe, cards = _taught(teacher, recipe, settings, options.seed)
        if own_map:
            network, n_steps = learn_own_map(network, Surveyed.of(train), recipe, options, fingerprint)
        elif teacher != "untrained":
            sharpness = of_run.sharpness
            network = network.sharpened(sharpness)
    how = {"own_map": own_map, "sharpness": sharpness, "recipe": recipe.model_dump(), "n_steps": n_steps}
    return FittedScorer(Scorer.of(train, network, recipe), {"teachers": cards, **how})


def _taught(
    teacher: ScorerTeacher | Literal["shipped", "untrained"],
    recipe: ScorerRecipe,
    given: Mapping[str, Any],
    seed: int,
) -> tuple[ScorerNetwork, ScorerRecipe, list[Any]]:
    """The teacher's network, the recipe with its sizes, and what the lineage says of it."""
    if teacher == "untrained":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return ScorerNetwork(recipe.width).eval(), recipe, ["untrained"]
    known = shipped_scorer() if teacher == "shipped" else teacher
    for name in _OF_THE_NETWORK:
        theirs, ours = getattr(known.card.recipe, name), getattr(recipe, name)
        if name in given and ours != theirs:
            raise BadInputError(f"the scorer teacher has {name} = {theirs}, not {ours}; leave {name} out")
    sizes = {name: getattr(known.card.recipe, name) for name in _OF_THE_NETWORK}
    return known.network, recipe.model_copy(update=sizes), [known.card.model_dump()]
