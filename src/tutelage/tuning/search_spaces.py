"""What can be searched: four named spaces, and the plan that several of them make together."""

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
"""Mark of the trial whose settings are those that the search begins with."""

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
_OF_TEACHERS = ("constraints", "paper")
SPACES = (_ARCHITECTURE, *_RANGES)
"""Names of the spaces."""


@dataclass(frozen=True)
class Plan:
    """What a search asks for in each trial.

    Parameters
    ----------
    ranges : what each setting of the recipe may be
    architecture : the network's own space, None if it is not searched
    start : the answers by which the first trial is the default, those that lie within the space
    """

    ranges: Mapping[str, BaseDistribution]
    architecture: SearchSpace | None
    start: Mapping[str, Any]

    def ask(self, study: Study) -> tuple[Trial, dict[str, Any]]:
        """The next trial and the settings it changes."""
        trial = study.ask(dict(self.ranges))
        chosen = {name: _rounded(trial.params[name]) for name in self.ranges}
        return trial, chosen | self._architecture_of(trial)

    def ask_defaults(self, study: Study) -> tuple[Trial, dict[str, Any]]:
        """The trial that changes nothing; it answers as `start` does, so that the search learns from it."""
        if not any(trial.user_attrs.get(DEFAULTS) for trial in study.get_trials(states=_WAITING)):
            study.enqueue_trial(dict(self.start), user_attrs={DEFAULTS: True})
        trial = study.ask({name: self.ranges[name] for name in self.ranges if name in self.start})
        if not self.start.keys() <= self.ranges.keys():
            self._architecture_of(trial)
        return trial, {}

    def _architecture_of(self, trial: Trial) -> dict[str, Any]:
        # A trial is a Suggest, which the types of its overloads hide.
        return self.architecture(cast(Suggest, trial)) if self.architecture else {}


def default_spaces(spec: NetworkSpec) -> tuple[str, ...]:
    """What is searched where nothing is said: the architecture if it can be, else how the network learns."""
    return (_ARCHITECTURE,) if spec.search else ("learning",)


def search_plan(
    names: Sequence[str],
    spec: NetworkSpec,
    defaults: Mapping[str, Any],
    fixed: Collection[str],
    *,
    with_teachers: bool,
) -> Plan:
    """The spaces `names` together.

    Parameters
    ----------
    names : some of `SPACES`
    spec : the network
    defaults : all settings of the recipe as the search begins
    fixed : settings that are held, not searched
    with_teachers : whether the network learns from teachers

    Raises
    ------
    UnknownNameError
        If a space does not exist.
    BadInputError
        If a space has no meaning here, two search the same setting, or everything is held.
    """
    ranges: dict[str, BaseDistribution] = {}
    for name in dict.fromkeys(names):
        if name not in SPACES:
            raise UnknownNameError("search space", name, SPACES)
        if name in _OF_TEACHERS and not with_teachers:
            raise BadInputError(f"the space {name} weighs what teachers say; give at least one --teacher")
        own = _RANGES.get(name, {})
        if twice := sorted(own.keys() & ranges.keys()):
            raise BadInputError(f"{' and '.join(names)} both search {twice[0]}; give one of them")
        ranges |= own
    left_out = {*fixed, "weight_fi"} if spec.no_functional_information else set(fixed)
    ranges = {name: among for name, among in ranges.items() if name not in left_out}
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
    if both := sorted(spec.search(_First()).keys() & set(fixed)):
        raise BadInputError(f"{both[0]} is searched and fixed; leave it out of --set")
    return spec.search


class _First:
    """Answers with the first there is: shows which settings a space makes."""

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


def _lies_in(among: BaseDistribution, value: Any) -> bool:
    if isinstance(among, CategoricalDistribution):
        return value in among.choices
    within = cast(FloatDistribution, among)
    if not within.low <= value <= within.high:
        return False
    steps = (value - within.low) / within.step if within.step else 0.0
    return bool(abs(steps - round(steps)) < 1e-8)


def _rounded(value: Any) -> Any:
    """Four digits: 0.3, not 0.30000000000000004, and what a person can read and write."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
