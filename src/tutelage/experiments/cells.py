"""Define the cells of the tables. The hash of a cell names its configuration and finds its result again."""

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
    MATCHER_METHODS,
    METHODS,
    WITH_MATCHER,
    LearningMethod,
)
from tutelage.methods.blend import BlendSettings
from tutelage.methods.matcher.matcher_card import MATCHER_FORMAT
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.paper.expert_training import teaching_recipe
from tutelage.paper.transfer import transfer_recipe

__all__ = ["UNTRAINED", "Cell", "TeacherCell", "pretraining_recipe"]

UNTRAINED = "untrained"
# Positions alone, as the paper's networks learn.
_NO_LABELS = {"weight_labels": 0.0}
_BESIDE_THE_MATCHER = "dnn"
_YOUNGER = {
    "offset": 0.0,
    "averaged": 0.0,
    "last_batch": "dropped",
    "learning_rates": "one",
    "initial_weights": "pytorch",
    "loss_unit": "metres",
    "mae_form": "student",
    "fi_contraction": "batch",
    "fi_where_refused": False,
    "fi_distance": "absolute",
    "share_sim": 0.0,
    "share_mi": 0.0,
    "share_fi": 0.0,
    "held_out": 0.1,
    "source_pass": "once",
    "own_exercises": 2048,
    "fine_tune_schedule": "one_cycle",
    "fine_tune_averaged": 0.0,
}
_LENGTHS = ("updates", "length")
# In tables the matcher learns a map as it did when they were begun, so that their cells stay comparable.
_EARLIER: dict[str, Any] = {
    "own_exercises": 2048,
    "fine_tune_schedule": "one_cycle",
    "fine_tune_averaged": 0.0,
}
_MATCHER_RECIPE = MatcherRecipe(fine_tune_updates=1000, **_EARLIER)
_JOINED = "+"  # between the sources of one pretrained matcher
# These settings of the matcher count only where it is fine-tuned on the target's radio map.
_FINE_TUNING_SETTINGS = (
    "fine_tune_updates",
    "fine_tune_learning_rate",
    "fine_tune_passes",
    "fine_tune_schedule",
    "fine_tune_averaged",
    "own_exercises",
    "own_share",
    "own_points",
)


@dataclass(frozen=True)
class TeacherCell:
    """A teacher to make.

    Parameters
    ----------
    source : str
        The building that the teacher learns. A pretrained matcher has several, joined by "+".
    network : str
        The network whose representations the teacher models, or "matcher".
    recipe : {"default", "paper", "printed"}
        The recipe of the training.
    permuted : bool
        Whether the teacher is trained on permuted locations, which makes a control.
    budget : str
        Name of the budget.
    seed : int
        Seed of the training and of the permutation.
    settings : tuple of (str, value)
        Changes to the recipe, by name.
    """

    source: str
    network: str
    recipe: str
    permuted: bool
    budget: str
    seed: int
    settings: tuple[tuple[str, Any], ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The source buildings: one, or several for a pretrained matcher."""
        return tuple(self.source.split(_JOINED))

    @cached_property
    def hash(self) -> str:
        """The name of the configuration. Teachers with the same hash are the same teacher."""
        return _hash(self.configuration())

    def configuration(self) -> dict[str, Any]:
        """Return everything that the teacher depends on, except the code and the data.

        Returns
        -------
        dict
            Plain values, which the hash covers.
        """
        if self.network == MATCHER:
            recipe = _hashed_settings(pretraining_recipe(self.budget).model_dump(), _FINE_TUNING_SETTINGS)
            return {
                "sources": list(self.sources),
                "network": MATCHER,
                "format": MATCHER_FORMAT,
                "recipe": recipe,
                "seed": self.seed,
            }
        spec = network_spec(self.network)
        return {
            "source": self.source,
            "permuted": self.permuted,
            "network": {self.network: spec.settings()},
            "recipe": _hashed_settings(teaching_recipe(self.recipe, dict(self.settings), spec).model_dump()),
            "length": _length(self.budget, self.network),
            "seed": self.seed,
        }


@dataclass(frozen=True)
class Cell:
    """A model to fit and to evaluate on the target's test split, once.

    Parameters
    ----------
    target : str
        The building that is learnt.
    sources : tuple of str
        The buildings that take part in the method; "untrained" for each untrained teacher.
    network : str
        "knn", "matcher", "blend" or a registered network.
    method : str
        A key of `METHODS`. The matcher and the blend take a key of `MATCHER_METHODS`, k-NN takes "none" or
        `BOUND`.
    budget : str
        Name of the budget.
    train_fraction : float
        Share of the target's training scans. The seed draws them at random.
    seed : int
        Random seed.
    whole_points : bool
        Whether the share is drawn among the reference points and not among the scans.
    held_out : bool
        Whether the cell is evaluated on held-out reference points of the training data and not on the test
        split.
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
    def learning_method(self) -> LearningMethod:
        """The method of the cell; k-NN only has its own data."""
        if self.network == KNN:
            return METHODS["none"]
        return (MATCHER_METHODS if self.network in WITH_MATCHER else METHODS)[self.method]

    @property
    def settings(self) -> dict[str, Any]:
        """The changes to the method's recipe."""
        if self.network not in WITH_MATCHER:
            return {**_NO_LABELS, **self.learning_method.settings}
        recipe = _shortened(_MATCHER_RECIPE, self.budget)
        lengths = ("updates", "fine_tune_updates") if self._is_fine_tuned else ("updates",)
        earlier = _EARLIER if self._is_fine_tuned else {"own_exercises": _EARLIER["own_exercises"]}
        matcher_settings = {
            **recipe.model_dump(include=set(lengths)),
            **self.learning_method.settings,
            **earlier,
        }
        if self.network == MATCHER:
            return matcher_settings
        prefixed = {f"{MATCHER}.{name}": value for name, value in matcher_settings.items()}
        return {"network": _BESIDE_THE_MATCHER, **_NO_LABELS, **prefixed}

    @property
    def _is_fine_tuned(self) -> bool:
        """Whether a pretrained matcher is fine-tuned on the target's radio map."""
        return bool(self.learning_method.settings.get("fine_tune"))

    @property
    def teachers(self) -> tuple[TeacherCell, ...]:
        """The teachers that the cell needs."""
        if self.network == KNN or not self.learning_method.with_teacher_files:
            return ()
        recipe = self.learning_method.recipe
        if self.network in WITH_MATCHER:
            joined_sources = _JOINED.join(self.sources)
            return (TeacherCell(joined_sources, MATCHER, recipe, False, self.budget, self.seed),)
        permuted = self.learning_method.kind == "shuffled"
        return tuple(
            TeacherCell(source, self.network, recipe, permuted, self.budget, self.seed)
            for source in self.sources
        )

    @cached_property
    def hash(self) -> str:
        """The name of the configuration. Cells with the same hash have the same result in every table."""
        return _hash(self.configuration())

    def configuration(self) -> dict[str, Any]:
        """Return everything that the result depends on, except the code and the data.

        Returns
        -------
        dict
            Plain values, which the hash covers.
        """
        common: dict[str, Any] = {"target": self.target, "train_fraction": float(self.train_fraction)}
        common |= {"seed": self.seed, **({"drawn": "reference points"} if self.whole_points else {})}
        common |= {"evaluated": "held-out reference points"} if self.held_out else {}
        if self.network == KNN:
            return {**common, "network": KNN, **({"method": BOUND} if self.method == BOUND else {})}
        if self.network in WITH_MATCHER:
            return {**common, **self._configuration_with_matcher()}
        method = self.learning_method
        spec = network_spec(self.network)
        make_recipe = transfer_recipe if method.transfer else distilling_recipe
        recipe = make_recipe(method.recipe, self.settings, spec)
        return {
            **common,
            "network": {self.network: spec.settings()},
            "transfer": method.kind if method.transfer else None,
            "sources": list(self.sources) if method.transfer or method.kind == UNTRAINED else [],
            "teachers": [teacher.configuration() for teacher in self.teachers],
            "recipe": _hashed_settings(recipe.model_dump()),
            "length": _length(self.budget, self.network),
        }

    def _configuration_with_matcher(self) -> dict[str, Any]:
        recipe = _shortened(_MATCHER_RECIPE, self.budget)
        ignored = () if self._is_fine_tuned else _FINE_TUNING_SETTINGS
        configuration: dict[str, Any] = {
            "network": self.network,
            "format": MATCHER_FORMAT,
            "teachers": [teacher.configuration() for teacher in self.teachers],
            "kind": self.learning_method.kind,
            "settings": {
                name: value
                for name, value in self.settings.items()
                if name.removeprefix(f"{MATCHER}.") not in _EARLIER
            },
            "matcher": _hashed_settings(recipe.model_dump(), ignored),
        }
        if self.network == BLEND:
            spec = network_spec(_BESIDE_THE_MATCHER)
            network_recipe = distilling_recipe("default", _NO_LABELS, spec).model_dump()
            configuration |= {"beside": spec.settings(), "recipe": _hashed_settings(network_recipe)}
            configuration |= {"blend": BlendSettings().model_dump(exclude={"always"})}  # always on in tables
            configuration |= {"length": _length(self.budget, _BESIDE_THE_MATCHER)}
        return configuration

    def key(self, experiment: str) -> dict[str, str]:
        """Return the columns that identify the cell in a table.

        Parameters
        ----------
        experiment : str
            Name of the table.

        Returns
        -------
        dict of str to str
            Values by column.
        """
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
    """Return the recipe of a pretrained matcher: its own length, or the budget's share of it.

    Parameters
    ----------
    budget : str
        Name of the budget.

    Returns
    -------
    MatcherRecipe
        The recipe.
    """
    return _shortened(MatcherRecipe.for_pretraining(), budget)


def _shortened(recipe: MatcherRecipe, budget: str) -> MatcherRecipe:
    share = table_budget(budget).share or 1.0
    lengths = {name: getattr(recipe, name) for name in ("updates", "fine_tune_updates")}
    shorter = {name: max(1, round(share * n)) for name, n in lengths.items() if n is not None}
    return recipe.model_copy(update=shorter)


def _length(budget: str, network: str) -> dict[str, Any]:
    return asdict(table_budget(budget).length(network))


def _hashed_settings(recipe: dict[str, Any], ignored: Collection[str] = _LENGTHS) -> dict[str, Any]:
    """Return the settings that enter the hash.

    The `ignored` ones do not: a budget replaces the recipe's own length, for example. Settings that are
    younger than the first tables enter where they differ from what was done before them, so that older cells
    keep their hashes.
    """
    left_out = {*ignored, *(name for name, before in _YOUNGER.items() if recipe.get(name) == before)}
    return {name: value for name, value in recipe.items() if name not in left_out}


def _hash(configuration: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()[:16]
