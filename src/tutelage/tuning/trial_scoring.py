"""The score of a trial: the error on reference points that it has not learnt from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optuna

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.data.splits import split_by_position
from tutelage.errors import TrainingDivergedError
from tutelage.networks import build_network
from tutelage.paper.expert_distilling import DistillingRecipe, TeacherChoice, distil
from tutelage.training import RunOptions
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["Scored", "scored_on_held_out"]

_HELD_OUT = 0.2
_LOOK_AT = 1000  # scans, where a trial is looked at on the way
_LAST = 10  # the look after the last step: what comes then is the score itself

Scored = Callable[[dict[str, Any], DistillingRecipe, optuna.Trial], float]
"""Trains a network with settings by a recipe; its error in metres, or `optuna.TrialPruned`."""


def scored_on_held_out(
    scans: FingerprintSet,
    network: str,
    recipe_name: str,
    teachers: Sequence[TeacherChoice],
    options: RunOptions,
    *,
    of_network: dict[str, Any],
) -> Scored:
    """The score over a fifth of the reference points of `scans`, held out.

    Parameters
    ----------
    scans : training scans, each hearing something
    network, recipe_name, teachers, options : of every trial
    of_network : settings of the network as the search begins

    Raises
    ------
    BadInputError
        If there is only one reference point, or a teacher does not fit the network.
    """
    rest, held_rows = split_by_position(scans, _HELD_OUT, options.seed)
    train, held = scans[rest], scans[held_rows]
    few = np.random.default_rng(options.seed).permutation(len(held))[:_LOOK_AT]
    look = held[np.sort(few)]
    _require_fit(train, network, teachers, of_network)

    def score(settings: dict[str, Any], recipe: DistillingRecipe, trial: optuna.Trial) -> float:
        last = 0

        def watch(student: TrainedNetwork, tenth: int) -> None:
            nonlocal last
            if not last < tenth < _LAST:  # a run measured in minutes may begin its count again
                return
            last = tenth
            trial.report(_error_m(student, look), tenth)
            if trial.should_prune():
                raise optuna.TrialPruned

        student = distil(train, network, settings, teachers, recipe_name, recipe, options, watch)
        error_m = _error_m(student, held)
        if not math.isfinite(error_m):
            raise TrainingDivergedError("the error on held-out scans is no finite number")
        return error_m

    return score


def _error_m(student: TrainedNetwork, scans: FingerprintSet) -> float:
    answers = student.locate(scans).position_m
    return float(np.linalg.norm(answers - scans.known_position_m, axis=1).mean())


def _require_fit(
    train: FingerprintSet, network: str, teachers: Sequence[TeacherChoice], settings: dict[str, Any]
) -> None:
    taught = [teacher for teacher in teachers if not isinstance(teacher, str)]
    if not taught:
        return
    n_ap = len(RssRepresentation.fit(train).access_points)
    d_e = build_network(network, n_ap, settings).d_e(n_ap)
    for teacher in taught:
        teacher.require_fit(network, d_e)
