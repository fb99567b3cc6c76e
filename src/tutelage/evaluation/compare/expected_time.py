"""About how long a comparison takes, from the sizes of survey, networks and lessons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tutelage.data.fingerprints import FingerprintSet
from tutelage.evaluation.compare.candidates import Candidate
from tutelage.methods.blend import thin_evidence
from tutelage.methods.matcher_method import MatcherSettings
from tutelage.methods.network import network_lesson
from tutelage.networks import NetworkChoice, network_choice, network_cost
from tutelage.runtime.prefixes import with_prefix
from tutelage.training import Budget

__all__ = ["expected_seconds", "in_words"]

# On two idle cores; half or twice as much is no surprise (research/speed.md).
_SEARCHED = 1e-3  # seconds for each scan of a k-NN, whose settings are chosen
_UPDATE = 0.010  # of a matcher
_ROUND_A_SCAN = 1.5e-5  # of a map of exercises, for each of its scans
_EXERCISE = 1e-4  # with its candidates described, beside the updates
_PRODUCTS = 3e10  # of a network, each second
_STEP = 0.003  # of a network, however small
_TEACHERS = 4.0  # times the update alone: teachers are asked, and constraints differentiated


def expected_seconds(
    candidates: Sequence[Candidate], scans: FingerprintSet, n_folds: int, budget: Budget
) -> float:
    """Estimate how long the fits of a comparison take.

    Parameters
    ----------
    candidates : sequence of Candidate
        A method that is not part of Tutelage counts nothing: nobody knows.
    scans : FingerprintSet
        Training scans of the building.
    n_folds : int
        Each candidate is fitted so many times, to all parts but one.
    budget : Budget
        Length of the networks.

    Returns
    -------
    float
        Seconds, to a factor of about two.
    """
    n = round(len(scans) * (n_folds - 1) / n_folds)
    return n_folds * sum(_fit_seconds(each, scans, n, budget) for each in candidates)


def in_words(seconds: float) -> str:
    """Write a length of time as roughly as it is known: 20 seconds, 3 minutes, 2 hours.

    Parameters
    ----------
    seconds : float
    """
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds >= 1.5 * size:
            return f"{math.ceil(seconds / size)} {unit}s"
    return f"{max(10, 10 * math.ceil(seconds / 10))} seconds"


def _fit_seconds(candidate: Candidate, scans: FingerprintSet, n: int, budget: Budget) -> float:
    spec = candidate.method.spec
    if spec.name == "knn":
        return _SEARCHED * n
    if spec.name == "matcher":
        return _matcher_seconds(candidate, candidate.settings, n)
    if spec.name == "blend":
        alone = _matcher_seconds(candidate, with_prefix(candidate.settings, "matcher."), n)
        if thin_evidence(scans):
            return alone
        # Both learn twice: without the points that choose their shares, and with all.
        return 2 * (alone + _network_seconds(network_choice("dnn"), {}, scans, n, budget))
    if candidate.method.network is None:
        return 0.0
    seconds = _network_seconds(candidate.method.network, candidate.settings, scans, n, budget)
    return seconds * (_TEACHERS if candidate.teachers else 1.0)


def _matcher_seconds(candidate: Candidate, settings: Mapping[str, Any], n: int) -> float:
    recipe = MatcherSettings(**settings)
    from_nothing = candidate.pretrained == "none"
    updates = recipe.updates if from_nothing else recipe.updates_of(n)
    passes = recipe.passes if from_nothing else recipe.fine_tune_passes
    rounds = updates * recipe.batch_size / (passes * recipe.round_of(n))
    return _UPDATE * updates + rounds * (_ROUND_A_SCAN * n + _EXERCISE * recipe.round_of(n))


def _network_seconds(
    network: NetworkChoice, settings: Mapping[str, Any], scans: FingerprintSet, n: int, budget: Budget
) -> float:
    if budget.minutes:
        return 60 * budget.minutes
    lesson = network_lesson(network, "default", settings)
    n_heard = round(float(scans.n_heard.mean()))
    cost = network_cost(lesson.spec.name, len(scans.access_points), n_heard, lesson.settings)
    forward_and_back = 3 * lesson.recipe.batch_size * cost.multiply_adds
    update = _STEP + (forward_and_back + 10 * cost.weights) / _PRODUCTS
    return budget.n_steps(n, lesson.recipe) * update
