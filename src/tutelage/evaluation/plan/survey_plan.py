"""Models of parts of a survey, asked about reference points that none of them saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tutelage.errors import BadInputError
from tutelage.evaluation.compare import Candidate, all_of_zoo, candidates
from tutelage.evaluation.compare.held_out import Answers, SurveyedPoints, Trial, surveyed_points
from tutelage.evaluation.plan.learning_curve import LearningCurve, learning_curve
from tutelage.evaluation.plan.sampling import SHARES, repetitions
from tutelage.evaluation.plan.surveyed_places import SurveyedPlaces, surveyed_places
from tutelage.methods.knn import choose_settings
from tutelage.methods.learning import Building
from tutelage.methods.teachers.teacher_names import (
    ALL,
    AUTO,
    NONE,
    network_teacher,
    pretrained_matcher,
    teacher_list,
)
from tutelage.networks import plain_name
from tutelage.training import Budget

__all__ = ["SurveyPlan", "plan_survey", "planning_method"]

_FEWEST_POINTS = 20
_FEWEST_LEARNT = 4  # points of a part that is worth a model


@dataclass(frozen=True)
class SurveyPlan:
    """How much more to survey, and where.

    Parameters
    ----------
    name : of the survey
    method : that learnt
    n_repetitions : how often each size was learnt
    n_scans : training scans that hear anything
    n_left_out : reference points that the curve leaves out: none of their scans got a position at every size
    curve, places : what was found
    """

    name: str
    method: Candidate
    n_repetitions: int
    n_scans: int
    n_left_out: int
    curve: LearningCurve
    places: SurveyedPlaces

    def as_dict(self) -> dict[str, Any]:
        """Plain figures, for JSON."""
        places = self.places
        return {
            "survey": self.name,
            "network": self.method.network,
            "settings": dict(self.method.settings),
            "n_points": len(places),
            "n_scans": self.n_scans,
            "n_left_out": self.n_left_out,
            "n_repetitions": self.n_repetitions,
            "curve": self.curve.as_dict(),
            "places": [places.record(point) for point in places.first],
            "points": [places.record(point) for point in range(len(places))],
        }


def planning_method(
    network: str = "knn",
    teachers: Sequence[str] = (),
    budget: Budget | None = None,
    building: Building | None = None,
) -> Candidate:
    """What learns the parts; a matcher weighs as its teacher taught it, without learning from each part anew.

    Parameters
    ----------
    network, teachers : as of `Localizer`, but for "auto"
    budget : length of each fit, None for the recipe's own
    building : of "all", teachers that learnt in it are left out

    Raises
    ------
    UnknownNameError, BadInputError
        If the network does not exist, a teacher cannot be read, or what is given does not go with the method.
    """
    candidates([network])
    _require_fitting(network, teachers, budget)
    if network == "matcher":
        pretrained_matcher(teachers)
        settings = {} if NONE in teachers else {"fine_tune": False}
        return Candidate(network, network, tuple(teachers), settings)
    return Candidate(network, network, _named(network, teachers, building))


def _require_fitting(network: str, teachers: Sequence[str], budget: Budget | None) -> None:
    timed = budget not in (None, Budget())
    if network == "knn" and (teacher_list(teachers) or timed):
        raise BadInputError("knn has no teachers or epochs; leave them out, or choose another network")
    if network == "matcher" and timed:
        raise BadInputError("the matcher learns nothing from the parts; leave epochs and minutes out")
    if AUTO in teachers:
        raise BadInputError("teachers are chosen by fit alone; here, name them, or give all or none")


def _named(network: str, teachers: Sequence[str], building: Building | None) -> tuple[str, ...]:
    """The teachers by name, each one known to be of the right kind."""
    if network == "blend":
        pretrained_matcher(teachers)
        return tuple(teachers)
    given = teacher_list(teachers)
    if given == [ALL]:
        name = plain_name(network)
        given = [*all_of_zoo(name, building)]
        if not given:
            raise BadInputError(
                f"no teacher of network {name!r} comes with Tutelage, or none but of this building; "
                "name a teacher file"
            )
    for teacher in given:
        network_teacher(teacher)
    return tuple(map(str, given))


def plan_survey(
    building: Building,
    method: Candidate | None = None,
    *,
    n_folds: int = 5,
    n_rounds: int = 2,
    source_too: bool = False,
    seed: int = 0,
    progress: bool = False,
    **options: Any,
) -> SurveyPlan:
    """Learning curve over reference points with its extrapolation, and where the model is least sure.

    Only training scans are used: a test split stays sealed.

    Parameters
    ----------
    building : a survey or scans
    method : see `planning_method`, by default k-NN, whose settings are chosen once on all training scans
    n_folds : parts into which the reference points are divided; one after another is held out
    n_rounds : how often they are divided anew
    source_too : also of a survey in which the method's teacher learnt
    seed : of the parts, the fits and the intervals
    progress : show progress bars on standard error
    options : as of `Localizer`, such as `minutes`; k-NN and matcher have no length

    Raises
    ------
    BadInputError, UnknownNameError
        If the survey has fewer than 20 reference points, the method cannot be fitted, or its teacher learnt
        in this survey and `source_too` is off.
    """
    method = method or planning_method()
    points = surveyed_points(building, [method], source_too=source_too)
    n_points = len(points)
    _require_enough(n_points, n_folds, n_rounds)
    if method.network == "knn":
        settings, _ = choose_settings(points.scans, method.settings, seed=seed, progress=progress)
        method = replace(method, settings=settings.model_dump())
    drawn = repetitions(n_points, n_folds=n_folds, n_rounds=n_rounds, seed=seed)
    shares = [share for share in SHARES if min(len(each.part(share)) for each in drawn) >= _FEWEST_LEARNT]
    trials = [Trial(method, each.part(share), each.held) for each in drawn for share in shares]
    answers = points.answers(trials, "learning parts", seed=seed, progress=progress, **options)
    of_curve, of_points = _over_points(answers, points, len(shares))
    counted = np.isfinite(of_curve[:, 0]).any(axis=0)
    if not counted.any():
        raise BadInputError(
            "no scan hears an access point of other reference points; there is no curve to draw"
        )
    n_learnt = np.array([[len(each.part(share)) for share in shares] for each in drawn])
    curve = learning_curve(n_learnt, list(of_curve), n_points, seed=seed)
    places = surveyed_places(points.scans, points.point, of_points)
    n_scans, n_left_out = len(points.scans), int((~counted).sum())
    return SurveyPlan(points.name, method, len(drawn), n_scans, n_left_out, curve, places)


def _require_enough(n_points: int, n_folds: int, n_rounds: int) -> None:
    if n_points < _FEWEST_POINTS:
        raise BadInputError(
            f"{n_points} reference points are too few for a learning curve; survey at least {_FEWEST_POINTS}"
        )
    if not 2 <= n_folds <= n_points // 2 or n_rounds < 1:
        raise BadInputError(
            f"{n_folds} folds of {n_points} reference points in {n_rounds} rounds; at least 2 folds, "
            "of 2 points or more each, and 1 round"
        )


def _over_points(
    answers: Sequence[Answers], points: SurveyedPoints, n_shares: int
) -> tuple[np.ndarray, np.ndarray]:
    """Errors of scans to those of reference points.

    Returns
    -------
    of_curve, of_points : [n_repetitions, n_shares, n_points], [n_points]
        Over the scans that got a position at every size, so that all sizes are asked the same; and over all
        that got one from the largest parts.
    """
    point, n_points = points.point, len(points)
    known_m = points.scans.known_position_m
    of_curve = []
    total, n_answers = np.zeros(n_points), np.zeros(n_points)
    for first in range(0, len(answers), n_shares):
        sizes = answers[first : first + n_shares]
        row, table = sizes[0].row, np.full((n_shares, len(point)), np.nan)
        for i, size in enumerate(sizes):
            table[i, row] = np.linalg.norm(size.positions.position_m - known_m[row], axis=1)
        everywhere = np.flatnonzero(np.isfinite(table).all(axis=0))
        of_curve.append([_means(point[everywhere], errors[everywhere], n_points) for errors in table])
        answered = row[np.isfinite(table[-1, row])]
        total += np.bincount(point[answered], table[-1, answered], n_points)
        n_answers += np.bincount(point[answered], minlength=n_points)
    return np.array(of_curve), np.where(n_answers > 0, total / np.maximum(n_answers, 1), np.nan)


def _means(point: np.ndarray, error_m: np.ndarray, n_points: int) -> np.ndarray:
    n = np.bincount(point, minlength=n_points)
    return np.where(n > 0, np.bincount(point, error_m, n_points) / np.maximum(n, 1), np.nan)
