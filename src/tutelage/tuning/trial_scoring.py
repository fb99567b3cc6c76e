"""The score of a trial: the error on reference points that it has not learnt from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optuna

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import hold_out
from tutelage.data.representation import RssRepresentation
from tutelage.errors import TrainingDivergedError
from tutelage.networks import build_network, network_spec
from tutelage.paper.expert_distilling import DistillingRecipe, TeacherChoice, distil
from tutelage.training import RunOptions, TrainedNetwork, train_network

__all__ = ["ScoreFunction", "held_out_score", "mean_error_m"]

_HELD_OUT_SHARE = 0.2
_MOST_PROGRESS_SCANS = 1000  # scans for the score of a trial that still trains
_LAST = 10  # the tenth at the end of the training, which has the score itself

ScoreFunction = Callable[[dict[str, Any], DistillingRecipe, optuna.Trial], float]
"""Trains a network with settings by a recipe; gives its error in metres, or raises `optuna.TrialPruned`."""


def held_out_score(
    scans: FingerprintSet,
    network: str,
    recipe_name: str,
    teachers: Sequence[TeacherChoice],
    run: RunOptions,
    *,
    network_settings: dict[str, Any],
) -> ScoreFunction:
    """Make the function that scores a trial on a fifth of the reference points, held out.

    Parameters
    ----------
    scans : FingerprintSet
        Training scans; each hears something.
    network, recipe_name : str
        Network and recipe of every trial.
    teachers : sequence of Teacher or "untrained"
        Teachers of every trial.
    run : RunOptions
        Seed, device and length of every trial.
    network_settings : dict
        Settings of the network at the beginning of the search.

    Returns
    -------
    ScoreFunction

    Raises
    ------
    BadInputError
        If there is only one reference point, or a teacher does not fit the network.
    """
    division = hold_out(scans, _HELD_OUT_SHARE, run.seed)
    train = scans[division.rest]
    held_out = scans[division.held_out]
    some = np.random.default_rng(run.seed).permutation(len(held_out))[:_MOST_PROGRESS_SCANS]
    progress_scans = held_out[np.sort(some)]
    _require_fit(train, network, teachers, network_settings)
    spec = network_spec(network)

    def score(settings: dict[str, Any], recipe: DistillingRecipe, trial: optuna.Trial) -> float:
        last = 0

        def watch(network: TrainedNetwork, tenth: int) -> None:
            nonlocal last
            if not last < tenth < _LAST:  # a run whose length is in minutes may begin its count again
                return
            last = tenth
            trial.report(mean_error_m(network, progress_scans), tenth)
            if trial.should_prune():
                raise optuna.TrialPruned

        if teachers:
            trained = distil(
                train, spec, settings, teachers, recipe, run, recipe_name=recipe_name, watch=watch
            )
        else:
            trained = train_network(train, spec, settings, recipe, run, watch=watch)
        error_m = mean_error_m(trained, held_out)
        if not math.isfinite(error_m):
            raise TrainingDivergedError("the error on held-out scans is no finite number")
        return error_m

    return score


def mean_error_m(network: TrainedNetwork, scans: FingerprintSet) -> float:
    """Return the mean 2-D error of a network on scans with positions.

    Parameters
    ----------
    network : TrainedNetwork
    scans : FingerprintSet
        With positions.

    Returns
    -------
    float
        In metres.
    """
    position_m = network.locate(scans).position_m
    return float(np.linalg.norm(position_m - scans.known_position_m, axis=1).mean())


def _require_fit(
    train: FingerprintSet, network: str, teachers: Sequence[TeacherChoice], settings: dict[str, Any]
) -> None:
    trained_teachers = [teacher for teacher in teachers if not isinstance(teacher, str)]
    if not trained_teachers:
        return
    n_ap = len(RssRepresentation.fit(train).access_points)
    d_e = build_network(network, n_ap, settings).d_e(n_ap)
    for teacher in trained_teachers:
        teacher.require_fit(network, d_e)
