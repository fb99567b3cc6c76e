"""Learning a building by whichever method, and the trial that tells how far off it will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.data.splits import is_spread, reference_points, split_by_position
from tutelage.errors import BadInputError
from tutelage.methods.blend import Blend, fit_blend
from tutelage.methods.calibration import Trial
from tutelage.methods.knn import NearestNeighbours, choose_settings
from tutelage.methods.learning import (
    Sources,
    TransferChoice,
    checked_transfer,
    learn_by_transfer,
    learn_under_teachers,
    listed_sources,
)
from tutelage.methods.matcher import Matcher, Pretrained, fit_matcher
from tutelage.methods.radio_map import RadioMap
from tutelage.methods.teachers.teacher_names import (
    TeacherNames,
    network_teachers,
    pretrained_matcher,
    teacher_list,
)
from tutelage.networks import plain_name
from tutelage.runtime.positions import Located
from tutelage.training import Budget, RunOptions
from tutelage.training.trained_network import TrainedNetwork

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

_METHODS = {"knn": NearestNeighbours, "matcher": Matcher, "blend": Blend}  # other names are networks'
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
    return _METHODS.get(network, TrainedNetwork)


def radio_map_of(method: Method) -> RadioMap | None:
    """The surveyed scans that a method holds; None of a network, which holds none."""
    if isinstance(method, Blend):
        return method.matcher.radio_map
    return method.radio_map if isinstance(method, (NearestNeighbours, Matcher)) else None


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
    special = {"knn": _fit_knn, "matcher": _fit_matcher, "blend": _fit_blend}
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
    """Settings of the twin: what the model chose; of the matcher, half of the tuning."""
    if network == "knn":
        return dict(lineage["settings"])
    if network == "blend":
        return {"share": lineage["share"]}
    if network == "matcher":
        return {"fine_tune_updates": max(1, lineage["recipe"]["fine_tune_updates"] // 2)}
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


def _fit_matcher(plan: FitPlan, scans: FingerprintSet) -> Fitted:
    matcher, lineage = fit_matcher(scans, _pretrained_matcher(plan), plan.settings, plan.options)
    return Fitted(matcher, {**lineage, "metrics": {}})


def _fit_blend(plan: FitPlan, scans: FingerprintSet) -> Fitted:
    return Fitted(*fit_blend(scans, _pretrained_matcher(plan), plan.settings, plan.options))


def _pretrained_matcher(plan: FitPlan) -> Pretrained:
    if checked_transfer(plan.transfer, listed_sources(plan.sources), ()):
        raise BadInputError(
            f"the {plan.network} has no transfer; what other buildings taught is in its teacher"
        )
    if plan.recipe != "default":
        raise BadInputError(f"the {plan.network} has one recipe, default; the paper does not describe it")
    return pretrained_matcher(plan.teachers)


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
