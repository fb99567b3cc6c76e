"""The matcher as a method: pretrained on other buildings, fine-tuned on the own radio map, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sets.same_building import same_building
from tutelage.errors import BadInputError
from tutelage.methods.base import (
    ExportParts,
    FitPlan,
    Fitted,
    MethodSpec,
    PretrainedChoice,
    TeacherCandidate,
    UpdateSpec,
)
from tutelage.methods.lineage import MethodLineage
from tutelage.methods.matcher.exercises import SurveyScans
from tutelage.methods.matcher.matcher import Matcher
from tutelage.methods.matcher.matcher_card import MatcherCard
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.matcher_recipe import FAST_UPDATES, MatcherRecipe
from tutelage.methods.matcher.matcher_training import Learnt, fine_tune_matcher, learn_from
from tutelage.methods.matcher.pretrained import PretrainedMatcher, shipped_matcher
from tutelage.methods.method_registry import register_method
from tutelage.networks import checked_settings
from tutelage.training import Budget, RunOptions

__all__ = [
    "MATCHER_METHOD",
    "MatcherSettings",
    "continue_matcher",
    "fit_matcher",
    "matcher_export_parts",
    "pretrained_candidates",
    "require_effect",
]

_NETWORK_SETTINGS = ("width", "n_candidates")
_METHOD_SETTINGS = {"fine_tune", "sharpness"}
# Settings of the fine-tuning, with those that do the same for random weights.
_FINE_TUNING = {
    "fine_tune_updates": "updates",
    "fine_tune_learning_rate": "learning_rate",
    "fine_tune_passes": "passes",
    "fine_tune_schedule": "schedule",
    "fine_tune_averaged": "averaged",
    "own_share": None,
    "own_points": None,
}


class MatcherSettings(MatcherRecipe):
    """Settings of the method matcher."""

    fine_tune: bool | None = None
    """Train on your own map too. By default the zoo's matcher does if there are positions; others do not."""
    sharpness: Annotated[float, Field(gt=0)] = 1.25
    """Factor on the scores of a pretrained matcher that is not fine-tuned.

    It was trained on degraded maps, so its weights are too flat on a good one. Fine-tuning corrects that.
    """


class _Lesson(NamedTuple):
    """How a matcher learns, checked."""

    settings: MatcherSettings
    recipe: MatcherRecipe
    fine_tune: bool


def fit_matcher(plan: FitPlan, scans: FingerprintSet) -> Fitted:
    """Fit a matcher to training scans.

    Parameters
    ----------
    plan : FitPlan
        Its `pretrained` says what it begins with: the zoo's matcher, the user's, or random weights (the
        control). "none" learns from the survey's own radio map alone. The setting `fine_tune` decides whether
        a pretrained matcher learns that map too. By default the zoo's does if there are positions, another
        does not.
    scans : FingerprintSet
        With positions, places or both. Without positions, it learns by the cross-entropy of its votes.

    Raises
    ------
    UnknownNameError, BadInputError
        If a setting does not exist, or does not go with the pretrained matcher.
    """
    pretrained = plan.pretrained
    run = plan.run
    settings, recipe, fine_tune = _lesson(plan, scans)
    fingerprint = {
        "recipe": recipe.model_dump(),
        "seed": run.seed,
        "data": scans.full_hash(),
        "teacher": pretrained.content_hash() if isinstance(pretrained, PretrainedMatcher) else pretrained,
    }
    sharpness = 1.0
    learnt: Learnt | None = None
    card: MatcherCard | Literal["untrained"] | None = None
    if pretrained == "none":
        own = SurveyScans.of(scans)
        of_own = recipe.model_copy(update={"exercises": recipe.round_of(len(own))})
        learnt = learn_from([own], of_own, run, fingerprint)
        network = learnt.network
    else:
        network, recipe, card = _start(pretrained, recipe, plan.settings, run.seed)
        if fine_tune:
            learnt = fine_tune_matcher(network, SurveyScans.of(scans), recipe, run, fingerprint)
            network = learnt.network
        elif pretrained != "untrained":
            sharpness = settings.sharpness
            network = network.sharper(sharpness)
    lineage = MethodLineage(
        pretrained=card,
        fine_tune=fine_tune,
        sharpness=sharpness,
        recipe=recipe.model_dump(),
        n_steps=learnt.n_steps if learnt else 0,
        learning_curve=learnt.curve if learnt else None,
    )
    is_fine_tuned = fine_tune and pretrained != "none"
    # A twin serves for figures alone: half of the fine-tuning is enough.
    twin_settings = {"fine_tune_updates": max(1, recipe.updates_of(len(scans)) // 2)} if is_fine_tuned else {}
    return Fitted(Matcher.of(scans, network, recipe), lineage, twin_settings=twin_settings)


def _lesson(plan: FitPlan, scans: FingerprintSet) -> _Lesson:
    settings = MatcherSettings(**checked_settings(MatcherSettings, plan.settings, "setting of the matcher"))
    pretrained = plan.pretrained
    fine_tune = _learns(settings, pretrained, scans)
    if pretrained == "none" and not fine_tune:
        raise BadInputError(
            "fine_tune=false leaves nothing to learn from; give pretrained weights, or leave it out"
        )
    if not fine_tune and plan.run.budget != Budget():
        raise BadInputError(
            "a pretrained matcher that is used as it is learns nothing here; leave epochs and minutes out, "
            "or set fine_tune=true"
        )
    if "sharpness" in plan.settings and (fine_tune or pretrained == "untrained"):
        raise BadInputError(
            "sharpness is for a pretrained matcher that is used as it is; leave it out, or give one and set "
            "fine_tune=false"
        )
    require_effect(plan, scans)
    return _Lesson(settings, MatcherRecipe(**settings.model_dump(exclude=_METHOD_SETTINGS)), fine_tune)


def _learns(settings: MatcherSettings, pretrained: PretrainedChoice, scans: FingerprintSet) -> bool:
    """Tell whether the survey's own radio map is learnt.

    On places alone, fine-tuning gained on no set and lost much with few scans a room (research/rooms.md).
    """
    if settings.fine_tune is not None:
        return settings.fine_tune
    return pretrained == "none" or (pretrained == "zoo" and scans.position_m is not None)


def require_effect(plan: FitPlan, scans: FingerprintSet, prefix: str = "") -> None:
    """Refuse settings of the fine-tuning where nothing is fine-tuned.

    Parameters
    ----------
    plan : FitPlan
        Of a matcher.
    scans : FingerprintSet
        What it learns.
    prefix : str, default ""
        Stands before the names of the settings where the user gives them, such as "matcher." in a blend.

    Raises
    ------
    UnknownNameError, BadInputError
        If a setting has no effect, does not exist or is not allowed.
    """
    settings = MatcherSettings(**checked_settings(MatcherSettings, plan.settings, "setting of the matcher"))
    named = [name for name in _FINE_TUNING if name in plan.settings]
    if not named or (_learns(settings, plan.pretrained, scans) and plan.pretrained != "none"):
        return
    name = prefix + named[0]
    if plan.pretrained != "none":
        raise BadInputError(
            f"{name} has no effect on a pretrained matcher that is used as it is; leave it out, or set "
            f"{prefix}fine_tune=true"
        )
    same = _FINE_TUNING[named[0]]
    instead = f"set {prefix}{same} instead" if same else "leave it out"
    raise BadInputError(
        f"{name} has no effect without pretrained weights, for nothing is fine-tuned; {instead}, or give "
        "pretrained weights"
    )


def _start(
    pretrained: PretrainedChoice, recipe: MatcherRecipe, user_settings: Mapping[str, Any], seed: int
) -> tuple[MatcherNetwork, MatcherRecipe, MatcherCard | Literal["untrained"]]:
    """Give the network to begin with, the recipe with its sizes, and its card for the lineage."""
    if pretrained == "untrained":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return MatcherNetwork(recipe.width).eval(), recipe, "untrained"
    matcher = pretrained if isinstance(pretrained, PretrainedMatcher) else shipped_matcher()
    for name in _NETWORK_SETTINGS:
        theirs = getattr(matcher.card.recipe, name)
        ours = getattr(recipe, name)
        if name in user_settings and ours != theirs:
            raise BadInputError(f"the pretrained matcher has {name} = {theirs}, not {ours}; leave {name} out")
    sizes = {name: getattr(matcher.card.recipe, name) for name in _NETWORK_SETTINGS}
    return matcher.network, recipe.model_copy(update=sizes), matcher.card


# -- choosing the pretrained weights -------------------------------------------------------------------


def pretrained_candidates(plan: FitPlan, scans: FingerprintSet, survey: str) -> list[TeacherCandidate]:
    """List the zoo's matcher, unless it learnt in this building, then the survey's own data alone.

    Parameters
    ----------
    plan : FitPlan
    scans : FingerprintSet
        Training scans.
    survey : str
        Name of their survey.

    Raises
    ------
    BadInputError
        If the settings turn off learning from own data.
    """
    settings = MatcherSettings(**checked_settings(MatcherSettings, plan.settings, "setting of the matcher"))
    if settings.fine_tune is False:
        raise BadInputError(
            "fine_tune=false does not go with pretrained auto, which may choose your radio map alone; leave "
            "one of them out"
        )
    sources = [(source.source, source.data_hash) for source in shipped_matcher().card.sources]
    own_data = TeacherCandidate("none", pretrained="none", without=frozenset(_FINE_TUNING))
    if same_building(sources, scans, survey):
        return [own_data]
    is_fine_tuned = _learns(settings, "zoo", scans)
    zoo = TeacherCandidate("zoo", pretrained="zoo", without=frozenset(() if is_fine_tuned else _FINE_TUNING))
    return [zoo, replace(own_data, rivals=(zoo.name,))]


def _trial(plan: FitPlan, _scans: FingerprintSet) -> FitPlan:
    settings = {name: value for name, value in plan.settings.items() if name != "fine_tune"}
    return replace(plan, settings=settings)


def _without_fine_tuning(plan: FitPlan, _scans: FingerprintSet) -> FitPlan:
    """Use pretrained weights as they are, instead of fine-tuning them on every part of a survey."""
    if plan.pretrained == "none":
        return plan
    settings = {name: value for name, value in plan.settings.items() if name not in _FINE_TUNING}
    return replace(plan, settings={**settings, "fine_tune": False})


# -- the spec ------------------------------------------------------------------------------------------


def continue_matcher(method: Matcher, old: FingerprintSet, new: FingerprintSet, _run: RunOptions) -> Matcher:
    """Search old and new scans together; the weights stay.

    Parameters
    ----------
    method : Matcher
        It does not change.
    old, new : FingerprintSet
        Scans over the same access points.
    """
    return Matcher.of(FingerprintSet.join([old, new]), method.network, method.recipe)


def matcher_export_parts(method: Matcher) -> ExportParts:
    """Describe a matcher for `tutelage.runtime`.

    Parameters
    ----------
    method : Matcher
    """
    settings = {"n_candidates": method.recipe.n_candidates}
    labels = method.radio_map.label_names()
    arrays = {**method.radio_map.tensors(), **method.averages()}
    return ExportParts("matcher", settings, labels, arrays=arrays, matcher=method.network)


def _explanation(lineage: MethodLineage) -> dict[str, Any]:
    curve = {"learning_curve": list(lineage.learning_curve)} if lineage.learning_curve else {}
    return {"fine_tune": lineage.fine_tune, **curve}


MATCHER_METHOD = register_method(
    MethodSpec(
        "matcher",
        "a k-NN whose neighbour weights are learnt, in other buildings and on your radio map",
        fit_matcher,
        Matcher.from_config,
        options=frozenset({"pretrained", "length"}),
        refusals={
            "teachers": "what other buildings taught it comes by pretrained; surrogate teachers are for "
            "networks",
            "transfer": "what other buildings taught it comes by pretrained; transfer is for networks",
            "recipe": "the paper does not describe it",
        },
        update=UpdateSpec(continue_matcher),
        export=matcher_export_parts,
        explain=_explanation,
        trial=_trial,
        candidates=pretrained_candidates,
        for_parts=_without_fine_tuning,
        fine_tune_setting="fine_tune",
        fast={"fine_tune_updates": FAST_UPDATES},
    )
)
