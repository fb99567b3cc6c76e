"""Learning a building by whichever method, and the trial that tells how far off it will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from tutelage.calibration import Trial
from tutelage.errors import BadInputError
from tutelage.fingerprints import FingerprintSet
from tutelage.learning import (
    Sources,
    TransferChoice,
    checked_transfer,
    learn_by_transfer,
    learn_under_teachers,
    listed_sources,
)
from tutelage.neighbours import NearestNeighbours, RadioMap, choose_settings
from tutelage.networks import plain_name
from tutelage.positions import Located
from tutelage.representation import RssRepresentation
from tutelage.scorer import Scorer, ScorerTeaching, fit_scorer
from tutelage.student import Student
from tutelage.surveys import is_spread, reference_points, split_by_position
from tutelage.teacher_names import TeacherNames, network_teachers, scorer_teaching, teacher_list
from tutelage.training import Budget, RunOptions
from tutelage.tutor import Tutor, fit_tutor

__all__ = [
    "FitPlan",
    "Fitted",
    "Method",
    "learn_building",
    "method_class",
    "radio_map_of",
    "share_held_out",
    "trial_of",
]

_METHODS = {"knn": NearestNeighbours, "scorer": Scorer, "tutor": Tutor}  # other names are networks'
_HELD_OUT, _HELD_OUT_OF_FEW = 0.15, 0.5
_ENOUGH_POINTS = 19  # the fewest that promise a radius at 95 %
_FEWEST_POINTS = 8  # below, half of them is too few for a map


class Method(Protocol):
    """What stands behind a localizer: a radio map with a distance, or a trained network."""

    @property
    def representation(self) -> RssRepresentation: ...
    def locate(self, scans: FingerprintSet) -> Located: ...
    def config(self) -> dict[str, Any]: ...
    def tensors(self) -> dict[str, np.ndarray]: ...


class Fitted(NamedTuple):
    """A method that knows its building, and how it came about."""

    method: Method
    lineage: dict[str, Any]
    trial: Trial | None = None
    """Where the method made one for its own purposes."""


@dataclass(frozen=True)
class FitPlan:
    """What learns, from whom and how; names as of `Localizer`."""

    network: str
    teachers: TeacherNames
    transfer: TransferChoice
    sources: Sources
    recipe: str
    settings: Mapping[str, Any]
    options: RunOptions


def method_class(network: str) -> Any:
    """The class behind a name of `Localizer`."""
    return _METHODS.get(network, Student)


def radio_map_of(method: Method) -> RadioMap | None:
    """The surveyed scans that a method holds; None of a network, which holds none."""
    if isinstance(method, Tutor):
        return method.scorer.radio_map
    return method.radio_map if isinstance(method, (NearestNeighbours, Scorer)) else None


def share_held_out(n_points: int) -> float | None:
    """The share of reference points that a calibration holds out, None where there are fewer than eight."""
    if n_points < _FEWEST_POINTS:
        return None
    return _HELD_OUT if _HELD_OUT * n_points > _ENOUGH_POINTS + 1 else _HELD_OUT_OF_FEW


def learn_building(plan: FitPlan, scans: FingerprintSet) -> Fitted:
    """Fit what the plan says to training scans.

    Raises
    ------
    BadInputError, UnknownNameError
        If the data, a name or a setting cannot be used.
    """
    special = {"knn": _fit_knn, "scorer": _fit_scorer, "tutor": _fit_tutor}
    return special.get(plan.network, _fit_network)(plan, scans)


def trial_of(plan: FitPlan, scans: FingerprintSet, fitted: Fitted) -> Trial | None:
    """What a twin of the fitted model, learnt without some reference points, makes of those.

    Of the points 15 % are held out, of a survey of few points half; the twin takes the settings that the
    model chose.

    Returns
    -------
    None where there are fewer than eight reference points, or all that are left are at one position.
    """
    heard = scans[scans.n_heard > 0]
    share = share_held_out(_n_points(heard))
    if share is None:
        return None
    if fitted.trial and len(np.unique(fitted.trial.point)) >= _ENOUGH_POINTS:
        return fitted.trial
    rest, held = split_by_position(heard, fraction=share, seed=plan.options.seed)
    if not is_spread(heard[rest]):
        return None
    twin = replace(
        plan,
        settings={**plan.settings, **_of_twin(plan.network, fitted.lineage)},
        options=plan.options.within("calibration", "to calibrate: "),
    )
    method = learn_building(twin, heard[rest]).method
    return Trial(heard[rest], heard[held], reference_points(heard)[held], method.locate(heard[held]))


def _of_twin(network: str, lineage: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the twin: what the model chose; of the scorer, half of the tuning."""
    if network == "knn":
        return dict(lineage["settings"])
    if network == "tutor":
        return {"share": lineage["share"]}
    if network == "scorer":
        return {"updates_of_tuning": max(1, lineage["recipe"]["updates_of_tuning"] // 2)}
    return {}


def _fit_knn(plan: FitPlan, scans: FingerprintSet) -> Fitted:
    if checked_transfer(plan.transfer, listed_sources(plan.sources), plan.teachers):
        raise BadInputError("knn has no transfer; leave it out, or choose a network")
    options = plan.options
    if teacher_list(plan.teachers) or plan.recipe != "default" or options.budget != Budget():
        raise BadInputError("knn has no teachers, recipes or epochs; leave them out, or choose a network")
    settings, held_out_m = choose_settings(scans, plan.settings, seed=options.seed, progress=options.progress)
    metrics = {} if held_out_m is None else {"held_out_mae_m": round(held_out_m, 3)}
    lineage = {"teachers": [], "settings": settings.model_dump(), "metrics": metrics}
    return Fitted(NearestNeighbours.fit(scans, settings), lineage)


def _fit_scorer(plan: FitPlan, scans: FingerprintSet) -> Fitted:
    scorer, lineage = fit_scorer(scans, _scorer_teaching(plan), plan.settings, plan.options)
    return Fitted(scorer, {**lineage, "metrics": {}})


def _fit_tutor(plan: FitPlan, scans: FingerprintSet) -> Fitted:
    return Fitted(*fit_tutor(scans, _scorer_teaching(plan), plan.settings, plan.options))


def _scorer_teaching(plan: FitPlan) -> ScorerTeaching:
    if checked_transfer(plan.transfer, listed_sources(plan.sources), ()):
        raise BadInputError(
            f"the {plan.network} has no transfer; what other buildings taught is in its teacher"
        )
    if plan.recipe != "default":
        raise BadInputError(f"the {plan.network} has one recipe, default; the paper does not describe it")
    return scorer_teaching(plan.teachers)


def _fit_network(plan: FitPlan, scans: FingerprintSet) -> Fitted:
    heard = scans[scans.n_heard > 0]
    sources = listed_sources(plan.sources)
    kind = checked_transfer(plan.transfer, sources, plan.teachers)
    how = (plan.recipe, plan.settings, plan.options)
    student, lineage = (
        learn_by_transfer(heard, plan.network, sources, kind, *how)
        if kind
        else learn_under_teachers(
            heard, plan.network, network_teachers(plan.teachers, plain_name(plan.network), scans), *how
        )
    )
    error_m = np.linalg.norm(student.locate(heard).position_m - heard.known_position_m, axis=1)
    return Fitted(student, {**lineage, "metrics": {"training_mae_m": round(float(error_m.mean()), 3)}})


def _n_points(scans: FingerprintSet) -> int:
    return int(reference_points(scans).max(initial=-1)) + 1
