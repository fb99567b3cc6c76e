"""Search spaces: four by name, and the plan that several of them make together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from optuna import Study, Trial
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.networks import NetworkSpec, SearchSpace, Suggest

__all__ = ["DEFAULTS", "SPACES", "Plan", "default_spaces", "search_plan"]

Choice = TypeVar("Choice")

_ARCHITECTURE = "architecture"
_WAITING = (TrialState.WAITING,)
DEFAULTS = "defaults"
"""Mark of the trial that changes no setting."""

_RANGES: dict[str, dict[str, BaseDistribution]] = {
    "learning": {
        "learning_rate": FloatDistribution(1e-4, 2e-2, log=True),
        "weight_decay": FloatDistribution(1e-4, 1e-1, log=True),
        "access_point_dropout": FloatDistribution(0.0, 0.8),
        "gain": FloatDistribution(0.0, 0.2),
        "noise": FloatDistribution(0.0, 0.1),
        "row_normalise": CategoricalDistribution((True, False)),
        "representation": CategoricalDistribution(("positive", "exponential", "powed")),
    },
    "constraints": {
        "weight_sim": FloatDistribution(0.0, 5.0),
        "weight_mi": FloatDistribution(0.0, 5.0),
        "weight_fi": FloatDistribution(0.0, 5.0),
        "margin_rad": FloatDistribution(0.0, 0.5),
    },
    # Appendix A. Its margin goes up to 0.52 rad (30 degrees) in steps of 0.1 from 0, so that 0.5 is the last.
    "paper": {
        "weight_mae": FloatDistribution(1.0, 5.0, step=0.2),
        "weight_sim": FloatDistribution(0.1, 1.0, step=0.1),
        "weight_mi": FloatDistribution(0.1, 1.0, step=0.1),
        "weight_fi": FloatDistribution(0.1, 1.0, step=0.1),
        "margin_rad": FloatDistribution(0.0, 0.5, step=0.1),
    },
}
_TEACHER_SPACES = ("constraints", "paper")
SPACES = (_ARCHITECTURE, *_RANGES)
"""Names of the spaces."""


@dataclass(frozen=True)
class Plan:
    """The settings that a search varies.

    Parameters
    ----------
    ranges : mapping of str to BaseDistribution
        Range of each setting of the recipe.
    architecture : SearchSpace or None
        The network's own space; None if it is not searched.
    start : mapping
        Default settings that lie within the space, for the first trial.
    """

    ranges: Mapping[str, BaseDistribution]
    architecture: SearchSpace | None
    start: Mapping[str, Any]

    def ask(self, study: Study) -> tuple[Trial, dict[str, Any]]:
        """Give the next trial and the settings that it changes.

        Parameters
        ----------
        study : optuna.Study
        """
        trial = study.ask(dict(self.ranges))
        settings = {name: _round(trial.params[name]) for name in self.ranges}
        return trial, settings | self._suggest_architecture(trial)

    def ask_defaults(self, study: Study) -> tuple[Trial, dict[str, Any]]:
        """Give the trial that changes nothing, with `start` as parameters, so that the search learns from it.

        Parameters
        ----------
        study : optuna.Study
        """
        if not any(trial.user_attrs.get(DEFAULTS) for trial in study.get_trials(states=_WAITING)):
            study.enqueue_trial(dict(self.start), user_attrs={DEFAULTS: True})
        trial = study.ask({name: self.ranges[name] for name in self.ranges if name in self.start})
        if not self.start.keys() <= self.ranges.keys():
            self._suggest_architecture(trial)
        return trial, {}

    def _suggest_architecture(self, trial: Trial) -> dict[str, Any]:
        # A trial is a Suggest, which the types of its overloads hide.
        return self.architecture(cast(Suggest, trial)) if self.architecture else {}


def default_spaces(spec: NetworkSpec) -> tuple[str, ...]:
    """Give the default spaces: the architecture if the network has a search space, else learning.

    Parameters
    ----------
    spec : NetworkSpec
    """
    return (_ARCHITECTURE,) if spec.search else ("learning",)


def search_plan(
    names: Sequence[str],
    spec: NetworkSpec,
    defaults: Mapping[str, Any],
    fixed: Collection[str],
    *,
    with_teachers: bool,
) -> Plan:
    """Join search spaces to a plan.

    Parameters
    ----------
    names : sequence of str
        Some of `SPACES`.
    spec : NetworkSpec
    defaults : mapping
        All settings of the recipe at the beginning of the search.
    fixed : collection of str
        Names of settings that are not searched.
    with_teachers : bool
        Whether the network learns from teachers.

    Raises
    ------
    UnknownNameError
        If a space does not exist.
    BadInputError
        If a space has no meaning here, two spaces search the same setting, or every setting is fixed.
    """
    ranges: dict[str, BaseDistribution] = {}
    for name in dict.fromkeys(names):
        if name not in SPACES:
            raise UnknownNameError("search space", name, SPACES)
        if name in _TEACHER_SPACES and not with_teachers:
            raise BadInputError(f"the space {name} weighs what teachers say; give at least one --teachers")
        space = _RANGES.get(name, {})
        if duplicates := sorted(space.keys() & ranges.keys()):
            raise BadInputError(f"{' and '.join(names)} both search {duplicates[0]}; give one of them")
        ranges |= space
    excluded = {*fixed, "weight_fi"} if spec.no_functional_information else set(fixed)
    ranges = {name: ranges[name] for name in ranges if name not in excluded}
    architecture = _architecture(spec, fixed) if _ARCHITECTURE in names else None
    if not ranges and architecture is None:
        raise BadInputError("every setting of the search is fixed; leave one out of --set")
    start = {name: defaults[name] for name in ranges if _lies_in(ranges[name], defaults[name])}
    return Plan(ranges, architecture, start | (dict(spec.search_start) if architecture else {}))


def _architecture(spec: NetworkSpec, fixed: Collection[str]) -> SearchSpace:
    if spec.search is None:
        raise BadInputError(
            f"network {spec.name!r} has no architecture to search; give --search learning, "
            "or register it with search="
        )
    if duplicates := sorted(spec.search(_FirstChoice()).keys() & set(fixed)):
        raise BadInputError(f"{duplicates[0]} is searched and fixed; leave it out of --set")
    return spec.search


class _FirstChoice:
    """A trial that suggests the first choice of each setting: it shows which settings a space has."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:  # noqa: ARG002
        return low

    def suggest_float(
        self,
        name: str,  # noqa: ARG002
        low: float,
        high: float,  # noqa: ARG002
        *,
        step: float | None = None,  # noqa: ARG002
        log: bool = False,  # noqa: ARG002
    ) -> float:
        return low

    def suggest_categorical(self, name: str, choices: Sequence[Choice]) -> Choice:  # noqa: ARG002
        return choices[0]


def _lies_in(distribution: BaseDistribution, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    interval = cast(FloatDistribution, distribution)
    if not interval.low <= value <= interval.high:
        return False
    steps = (value - interval.low) / interval.step if interval.step else 0.0
    return bool(abs(steps - round(steps)) < 1e-8)


def _round(value: Any) -> Any:
    """Round to four digits: a person writes 0.3, not 0.30000000000000004."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
