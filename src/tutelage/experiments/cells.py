"""Cells of the tables: configurations, each with a hash by which a finished one is known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from tutelage.experiments.budgets import table_budget
from tutelage.experiments.compared_methods import (
    BLEND,
    BOUND,
    KNN,
    MATCHER,
    METHODS,
    SCORED,
    WITH_MATCHER,
    Method,
)
from tutelage.methods.blend import BlendSettings
from tutelage.methods.matcher import MATCHER_FORMAT, MatcherRecipe
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.paper.expert_training import teaching_recipe
from tutelage.paper.transfer import transfer_recipe

__all__ = ["UNTRAINED", "Cell", "TeacherCell", "pretraining_recipe"]

UNTRAINED = "untrained"
# Positions alone, as the paper's networks learn.
_NO_LABELS = {"weight_labels": 0.0}
_BESIDE_THE_MATCHER = "dnn"
_YOUNGER = ("offset", "averaged")
_JOINED = "+"  # between the sources of one pretrained matcher
# Settings of the matcher that count where a teacher goes on with the target's radio map.
_OF_TUNING = (
    "fine_tune_updates",
    "fine_tune_learning_rate",
    "fine_tune_passes",
    "own_share",
    "own_points",
)


@dataclass(frozen=True)
class TeacherCell:
    """A teacher to make.

    Parameters
    ----------
    source, network : whose representations a surrogate teacher models; of a pretrained matcher, its sources
    recipe : "default" or "paper"
    permuted : trained on permuted locations, a control
    budget : its name
    seed : of the training, and of the permutation
    """

    source: str
    network: str
    recipe: str
    permuted: bool
    budget: str
    seed: int

    @property
    def sources(self) -> tuple[str, ...]:
        """One building, or those of a pretrained matcher."""
        return tuple(self.source.split(_JOINED))

    @cached_property
    def hash(self) -> str:
        """Names the configuration; teachers with one hash are the same teacher."""
        return _hash(self.configuration())

    def configuration(self) -> dict[str, Any]:
        """Everything that the teacher depends on, beside the code and the data."""
        if self.network == MATCHER:
            recipe = _counted(pretraining_recipe(self.budget).model_dump(), _OF_TUNING)
            known = {"sources": list(self.sources), "network": MATCHER, "format": MATCHER_FORMAT}
            return {**known, "recipe": recipe, "seed": self.seed}
        spec = network_spec(self.network)
        return {
            "source": self.source,
            "permuted": self.permuted,
            "network": {self.network: spec.settings()},
            "recipe": _counted(teaching_recipe(self.recipe, {}, spec).model_dump()),
            "length": _length(self.budget, self.network),
            "seed": self.seed,
        }


@dataclass(frozen=True)
class Cell:
    """A model to fit and to evaluate on the target's test split, once.

    Parameters
    ----------
    target : building that is learnt
    sources : buildings that take part in the method; for untrained teachers, "untrained" for each
    network : "knn", "matcher", "blend" or a registered network
    method : name among `METHODS`, of matcher and blend among `SCORED`; of k-NN "none" or `BOUND`
    budget : its name
    train_fraction : share of the target's training scans, drawn at random with the seed
    seed : of everything
    whole_points : the share is drawn among the reference points, not among the scans
    held_out : evaluated on reference points held out of the target's training data instead
    """

    target: str
    sources: tuple[str, ...]
    network: str
    method: str
    budget: str
    train_fraction: float
    seed: int
    whole_points: bool = False
    held_out: bool = False

    @property
    def how(self) -> Method:
        """What the method's name stands for; k-NN has its own data alone."""
        if self.network == KNN:
            return METHODS["none"]
        return (SCORED if self.network in WITH_MATCHER else METHODS)[self.method]

    @property
    def settings(self) -> dict[str, Any]:
        """Changes to the method's recipe."""
        if self.network not in WITH_MATCHER:
            return {**_NO_LABELS, **self.how.settings}
        recipe = _shortened(MatcherRecipe(), self.budget)
        lengths = ("updates", "fine_tune_updates") if self._goes_on else ("updates",)
        of_matcher = {**recipe.model_dump(include=set(lengths)), **self.how.settings}
        if self.network == MATCHER:
            return of_matcher
        prefixed = {f"{MATCHER}.{name}": value for name, value in of_matcher.items()}
        return {"network": _BESIDE_THE_MATCHER, **_NO_LABELS, **prefixed}

    @property
    def _goes_on(self) -> bool:
        """Whether a matcher that other buildings taught goes on with the target's radio map."""
        return bool(self.how.settings.get("fine_tune"))

    @property
    def teachers(self) -> tuple[TeacherCell, ...]:
        """The teachers that must be made before."""
        if self.network == KNN or not self.how.with_teacher_files:
            return ()
        how = self.how
        if self.network in WITH_MATCHER:
            joined = _JOINED.join(self.sources)
            return (TeacherCell(joined, MATCHER, how.recipe, False, self.budget, self.seed),)
        return tuple(
            TeacherCell(source, self.network, how.recipe, how.kind == "shuffled", self.budget, self.seed)
            for source in self.sources
        )

    @cached_property
    def hash(self) -> str:
        """Names the configuration: cells with one hash have the same result, in whichever table."""
        return _hash(self.configuration())

    def configuration(self) -> dict[str, Any]:
        """Everything that the result depends on, beside the code and the data."""
        common: dict[str, Any] = {"target": self.target, "train_fraction": float(self.train_fraction)}
        common |= {"seed": self.seed, **({"drawn": "reference points"} if self.whole_points else {})}
        common |= {"evaluated": "held-out reference points"} if self.held_out else {}
        if self.network == KNN:
            return {**common, "network": KNN, **({"method": BOUND} if self.method == BOUND else {})}
        if self.network in WITH_MATCHER:
            return {**common, **self._configuration_with_matcher()}
        how, spec = self.how, network_spec(self.network)
        recipe = (transfer_recipe if how.transfer else distilling_recipe)(how.recipe, self.settings, spec)
        return {
            **common,
            "network": {self.network: spec.settings()},
            "transfer": how.kind if how.transfer else None,
            "sources": list(self.sources) if how.transfer or how.kind == UNTRAINED else [],
            "teachers": [teacher.configuration() for teacher in self.teachers],
            "recipe": _counted(recipe.model_dump()),
            "length": _length(self.budget, self.network),
        }

    def _configuration_with_matcher(self) -> dict[str, Any]:
        recipe = _shortened(MatcherRecipe(), self.budget)
        known: dict[str, Any] = {
            "network": self.network,
            "format": MATCHER_FORMAT,
            "teachers": [teacher.configuration() for teacher in self.teachers],
            "kind": self.how.kind,
            "settings": self.settings,
            "matcher": _counted(recipe.model_dump(), () if self._goes_on else _OF_TUNING),
        }
        if self.network == BLEND:
            spec = network_spec(_BESIDE_THE_MATCHER)
            of_network = distilling_recipe("default", _NO_LABELS, spec).model_dump()
            known |= {"beside": spec.settings(), "recipe": _counted(of_network)}
            known |= {"blend": BlendSettings().model_dump()}
            known |= {"length": _length(self.budget, _BESIDE_THE_MATCHER)}
        return known

    def key(self, experiment: str) -> dict[str, str]:
        """The cell as a table's columns."""
        return {
            "experiment": experiment,
            "target": self.target,
            "sources": "+".join(self.sources),
            "network": self.network,
            "method": self.method,
            "budget": self.budget,
            "train_fraction": f"{self.train_fraction:g}",
            "seed": str(self.seed),
        }


def pretraining_recipe(budget: str) -> MatcherRecipe:
    """How a pretrained matcher learns within a budget: its own length, or a share of it."""
    return _shortened(MatcherRecipe.for_pretraining(), budget)


def _shortened(recipe: MatcherRecipe, budget: str) -> MatcherRecipe:
    share = table_budget(budget).share or 1.0
    lengths = {name: getattr(recipe, name) for name in ("updates", "fine_tune_updates")}
    return recipe.model_copy(update={name: max(1, round(share * n)) for name, n in lengths.items()})


def _length(budget: str, network: str) -> dict[str, Any]:
    return asdict(table_budget(budget).length(network))


def _counted(recipe: dict[str, Any], others: Collection[str] = ("updates",)) -> dict[str, Any]:
    """The settings that count: not `others`, such as the recipe's own length where a budget goes before it.

    Settings younger than the first tables count where they are in use: older cells keep their names.
    """
    left_out = {*others, *(name for name in _YOUNGER if not recipe.get(name))}
    return {name: value for name, value in recipe.items() if name not in left_out}


def _hash(configuration: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()[:16]
