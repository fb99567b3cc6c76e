"""The interface of a method: what a fitted one can do, and the spec by which one is registered.

A method is whatever `Localizer(method=...)` and `tutelage fit --method` take. It is added in one file: a
class that is a `FittedMethod`, a function that fits it, and one call of `register_method`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.errors import BadInputError
from tutelage.methods.calibration import Trial
from tutelage.methods.lineage import MethodLineage
from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.pretrained import PretrainedMatcher
from tutelage.methods.radio_map import RadioMap
from tutelage.networks import NetworkChoice
from tutelage.paper.expert_distilling import TeacherChoice
from tutelage.paper.transfer import TransferKind
from tutelage.runtime.positions import Located
from tutelage.training import Budget, RunOptions
from tutelage.training.trained_network import TrainedNetwork

__all__ = [
    "UNTRAINED",
    "ExportParts",
    "FitPlan",
    "Fitted",
    "FittedMethod",
    "MethodSpec",
    "Option",
    "PretrainedChoice",
    "SourceSurvey",
    "Teachers",
    "Transfer",
    "UpdateSpec",
]

Option = Literal["teachers", "pretrained", "transfer", "recipe", "length"]
Teachers: TypeAlias = tuple[TeacherChoice, ...] | Literal["all", "auto"]
"""Surrogate teachers; "all" of the zoo that fit, or "auto": the ones clearly best on points held out."""
PretrainedChoice: TypeAlias = PretrainedMatcher | Literal["zoo", "untrained", "none", "auto"]
"""A matcher of other buildings: the user's, the zoo's, random weights, none, or the best of them."""

UNTRAINED: Literal["untrained"] = "untrained"
"""A teacher with random weights: the control."""

_WORDS: dict[Option, str] = {
    "teachers": "surrogate teachers",
    "pretrained": "pretrained matcher",
    "transfer": "transfer",
    "recipe": "recipe but the default",
    "length": "epochs or minutes",
}


class FittedMethod(Protocol):
    """What a fitted method can do.

    Examples
    --------
    >>> import tutelage as tt
    >>> office = tt.simulated_survey(seed=2, n_train=100, n_test=10)
    >>> method = tt.Localizer("knn", settings={"k": 3}, calibrate=False).fit(office).method_
    >>> len(method.radio_map) == len(office.train)
    True
    """

    @property
    def representation(self) -> RssRepresentation:
        """How it reads RSS, and the access points that it knows."""
        ...

    @property
    def radio_map(self) -> RadioMap | None:
        """The surveyed scans that it keeps; None if it keeps none."""
        ...

    def locate(self, scans: FingerprintSet) -> Located:
        """Locate n scans. Each one hears an access point that the method knows."""
        ...

    def config(self) -> dict[str, Any]:
        """Return what `MethodSpec.load` needs beside the tensors, ready for JSON."""
        ...

    def tensors(self) -> dict[str, np.ndarray]:
        """Return weights and other arrays by name."""
        ...


@dataclass(frozen=True)
class SourceSurvey:
    """A building that a transfer learns first.

    Parameters
    ----------
    name, licence : str
        Name and licence of the survey.
    scans : FingerprintSet
        Its training scans, with positions.
    """

    name: str
    licence: str
    scans: FingerprintSet


@dataclass(frozen=True)
class Transfer:
    """A transfer from other buildings' own data.

    Parameters
    ----------
    kind : "collective" or "sequential"
    sources : tuple of SourceSurvey
        At least one.
    """

    kind: TransferKind
    sources: tuple[SourceSurvey, ...]


@dataclass(frozen=True)
class FitPlan:
    """All options of a fit, read and checked.

    Parameters
    ----------
    method : MethodSpec
    network : NetworkChoice or None
        The network and the settings of its file, if NAME:FILE names one; None for other methods.
    settings : mapping
        The user's changes to settings, by name.
    teachers : Teachers
    pretrained : PretrainedChoice
    transfer : Transfer or None
    recipe : str
    run : RunOptions
        Seed, device, length, checkpoints, progress.

    Examples
    --------
    >>> from tutelage.methods.fit_plan import fit_plan
    >>> plan = fit_plan("knn", settings={"k": 3})
    >>> plan.method.name, plan.recipe
    ('knn', 'default')
    """

    method: MethodSpec
    network: NetworkChoice | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    teachers: Teachers = ()
    pretrained: PretrainedChoice = "zoo"
    transfer: Transfer | None = None
    recipe: str = "default"
    run: RunOptions = field(default_factory=RunOptions)

    def __post_init__(self) -> None:
        """Refuse options that the method does not take."""
        for option in self._user_options():
            if option not in self.method.options:
                raise BadInputError(self.method.refusal(option))

    def with_budget(self, budget: Budget) -> FitPlan:
        """Return the same plan with another length.

        Parameters
        ----------
        budget : Budget
        """
        return replace(self, run=replace(self.run, budget=budget))

    def _user_options(self) -> list[Option]:
        """List the options that differ from their defaults."""
        differs: dict[Option, bool] = {
            "teachers": bool(self.teachers),
            "pretrained": self.pretrained != "zoo",
            "transfer": self.transfer is not None,
            "recipe": self.recipe != "default",
            "length": self.run.budget != Budget(),
        }
        return [option for option in differs if differs[option]]


class Fitted(NamedTuple):
    """The result of a fit.

    Examples
    --------
    >>> import tutelage as tt
    >>> from tutelage.methods.fit_plan import fit_plan
    >>> office = tt.simulated_survey(seed=2, n_train=100, n_test=10)
    >>> settings = {"k": 3, "metric": "sorensen", "representation": "powed"}
    >>> plan = fit_plan("knn", settings=settings)
    >>> plan.method.fit(plan, office.train).lineage.settings["k"]
    3
    """

    method: FittedMethod
    lineage: MethodLineage
    trial: Trial | None = None
    """Answers to held-out scans, if the fit made some for its own purposes."""
    twin_settings: Mapping[str, Any] = {}
    """Settings for a twin, which is fitted without some reference points to calibrate the model."""


@dataclass(frozen=True)
class UpdateSpec:
    """How a fitted method continues with new scans of its building.

    Parameters
    ----------
    continuation : callable
        Takes the fitted method, old scans, new scans (over the same access points, perhaps none) and the run.
        Returns the new method.
    learns : callable
        Takes the fitted method. Returns whether its weights are trained further. If not, the new scans are
        only searched beside the old ones.
    takes_new_access_points : callable
        Takes the fitted method. Returns whether it can take new access points.

    Examples
    --------
    >>> from tutelage import Localizer, simulated_survey
    >>> model = Localizer("knn", settings={"k": 3}).fit(simulated_survey(seed=2, n_train=100, n_test=10))
    >>> model.method_spec.update.learns(model.method_)
    False
    """

    continuation: Callable[[Any, FingerprintSet, FingerprintSet, RunOptions], FittedMethod]
    learns: Callable[[Any], bool] = lambda _method: False
    takes_new_access_points: Callable[[Any], bool] = lambda _method: True


@dataclass(frozen=True)
class ExportParts:
    """A fitted method as `tutelage.runtime` answers for it.

    Parameters
    ----------
    kind : str
        Name that the runtime knows.
    settings : mapping
        Settings for the runtime, beside arrays and graphs.
    labels : mapping of str to list of str
        Names of the labels that it answers, by their kind: "floor", "building", "place".
    arrays : mapping
        Arrays by name.
    matcher : MatcherNetwork or None
        The network that weighs candidates [B, k, features].
    network : TrainedNetwork or None
        The network that locates scans.
    """

    kind: str
    settings: Mapping[str, Any]
    labels: Mapping[str, list[str]]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    matcher: MatcherNetwork | None = None
    network: TrainedNetwork | None = None


def _nothing_to_explain(_lineage: MethodLineage) -> dict[str, Any]:
    return {}


def _same_settings(plan: FitPlan, _scans: FingerprintSet) -> FitPlan:
    return plan


@dataclass(frozen=True)
class MethodSpec:
    """A method and what it can do, for `register_method`.

    Parameters
    ----------
    name : str
        Lower-case name.
    about : str
        Description in one line.
    fit : callable
        Takes a `FitPlan` and training scans with positions, places or both. Returns a `Fitted`.
    load : callable
        Takes what `FittedMethod.config` and `tensors` returned. Returns the fitted method.
    options : collection of str
        Options that it takes, of "teachers", "pretrained", "transfer", "recipe" and "length".
    refusals : mapping
        For options that it does not take: what the error adds, by option.
    is_network : bool
        Whether it is a registered network. It then takes NAME:FILE, with the settings of a file.
    update : UpdateSpec or None
        None if it cannot be updated.
    export : callable or None
        Takes the fitted method. Returns `ExportParts`. None if it cannot be exported.
    explain : callable
        Takes its lineage. Returns the figures that `fit` prints beside the common ones.
    trial : callable
        Takes a plan and training scans. Returns the plan for a trial of candidates, if teachers or pretrained
        weights are "auto".
    candidates : callable or None
        Takes a plan, training scans and the survey's name. Returns the candidates to try. None if there is
        nothing to choose.
    for_parts : callable
        Takes a plan and training scans. Returns the plan for fits on parts of these scans, with settings that
        are chosen once.
    fine_tune_setting : str
        Name of the setting that trains pretrained weights on the survey's own map; "" if there is none.
    trains_network : bool
        Whether it trains a network. The length in `compare` and `plan` applies to such methods only.
    fast : mapping
        Settings of `fit --fast`; empty if there are none.

    Examples
    --------
    >>> from tutelage.methods.method_registry import method_spec
    >>> spec = method_spec("matcher")
    >>> spec.takes("pretrained"), spec.takes("teachers")
    (True, False)
    """

    name: str
    about: str
    fit: Callable[[FitPlan, FingerprintSet], Fitted]
    load: Callable[[Mapping[str, Any], Mapping[str, np.ndarray]], FittedMethod]
    options: frozenset[Option] = frozenset()
    refusals: Mapping[Option, str] = field(default_factory=dict)
    is_network: bool = False
    update: UpdateSpec | None = None
    export: Callable[[Any], ExportParts] | None = None
    explain: Callable[[MethodLineage], dict[str, Any]] = _nothing_to_explain
    trial: Callable[[FitPlan, FingerprintSet], FitPlan] = _same_settings
    candidates: Callable[[FitPlan, FingerprintSet, str], Sequence[TeacherCandidate]] | None = None
    for_parts: Callable[[FitPlan, FingerprintSet], FitPlan] = _same_settings
    fine_tune_setting: str = ""
    trains_network: bool = False
    fast: Mapping[str, Any] = field(default_factory=dict)

    def takes(self, option: Option) -> bool:
        """Return whether it takes an option.

        Parameters
        ----------
        option : str
        """
        return option in self.options

    def refusal(self, option: Option) -> str:
        """Return the message about an option that it does not take.

        Parameters
        ----------
        option : str
        """
        example = "matcher or blend" if option == "pretrained" else "dnn"
        why = self.refusals.get(option, f"leave it out, or choose a method that takes it, such as {example}")
        return f"{self.name} takes no {_WORDS[option]}; {why}"

    def __post_init__(self) -> None:
        """Freeze the options, whatever collection they come in."""
        object.__setattr__(self, "options", frozenset(self.options))


@dataclass(frozen=True)
class TeacherCandidate:
    """Teachers, or pretrained weights, to try.

    Parameters
    ----------
    name : str
        Their name in the record of the trial.
    teachers : Teachers
    pretrained : PretrainedChoice
    rivals : tuple of str
        Candidates that it has to be clearly better than. A control has none, and is never chosen.
    without : frozenset of str
        Settings that have no effect with it, so they are left out. A prefix such as "matcher." is left off.
    """

    name: str
    teachers: Teachers = ()
    pretrained: PretrainedChoice = "zoo"
    rivals: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
