"""Models of parts of a survey, asked about reference points that none of them saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.evaluation.compare.candidates import BASELINE, Candidate, candidate
from tutelage.evaluation.compare.held_out import Answers, Part, SurveyedPoints, surveyed_points
from tutelage.evaluation.plan.learning_curve import LearningCurve, learning_curve
from tutelage.evaluation.plan.sampling import SHARES, repetitions
from tutelage.evaluation.plan.surveyed_places import SurveyedPlaces, surveyed_places
from tutelage.methods.fit_plan import AnySurvey, fit_plan
from tutelage.training import Budget, RunOptions

__all__ = ["SurveyPlan", "plan"]

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
            "method": self.method.method.spec.name,
            "settings": dict(self.method.settings),
            "n_points": len(places),
            "n_scans": self.n_scans,
            "n_left_out": self.n_left_out,
            "n_repetitions": self.n_repetitions,
            "curve": self.curve.as_dict(),
            "places": [places.record(point) for point in places.first],
            "points": [places.record(point) for point in range(len(places))],
        }


def plan(
    survey: AnySurvey,
    method: Candidate | None = None,
    *,
    n_folds: int = 5,
    n_rounds: int = 2,
    source_too: bool = False,
    run: RunOptions | None = None,
) -> SurveyPlan:
    """Estimate what more reference points would gain, and where to take them.

    A learning curve over reference points is extrapolated. A map shows where errors are large. Only training
    scans are used, never a test split.

    Parameters
    ----------
    survey : Survey or FingerprintSet
    method : Candidate, optional
        Method to fit, as `candidate` makes it. By default, k-NN. A method that chooses settings does so once,
        on all training scans. A matcher keeps its pretrained weights.
    n_folds : int
        Parts into which the reference points are divided. Each part is held out in turn.
    n_rounds : int
        Number of times that they are divided anew.
    source_too : bool
        Allow a survey in which the method's teacher was trained.
    run : RunOptions, optional
        Seed of the parts, the fits and the intervals, device, progress. Its length applies to networks.

    Returns
    -------
    SurveyPlan

    Raises
    ------
    BadInputError, UnknownNameError
        If the survey has fewer than 20 reference points, the method cannot be fitted, or its teacher was
        trained in this survey and `source_too` is off.

    Examples
    --------
    >>> import tutelage as tt
    >>> office = tt.simulated_survey(seed=2, n_train=240, n_test=20)
    >>> knn = tt.candidate("knn", settings={"k": 3, "metric": "sorensen", "representation": "powed"})
    >>> tt.plan(office, knn, n_folds=3, n_rounds=1).n_repetitions
    3
    """
    run = run or RunOptions()
    method = method or candidate(BASELINE)
    points = surveyed_points(survey, [method], source_too=source_too)
    n_points = len(points)
    _require_enough(n_points, n_folds, n_rounds)
    method = _settled(method, points.scans, run)
    drawn = repetitions(n_points, n_folds=n_folds, n_rounds=n_rounds, seed=run.seed)
    shares = [share for share in SHARES if min(len(each.part(share)) for each in drawn) >= _FEWEST_LEARNT]
    parts = [Part(method, each.part(share), each.held_out_points) for each in drawn for share in shares]
    answers = points.answers(parts, "learning parts", run)
    curve_errors_m, point_errors_m = _over_points(answers, points, len(shares))
    counted = np.isfinite(curve_errors_m[:, 0]).any(axis=0)
    if not counted.any():
        raise BadInputError(
            "no scan hears an access point of other reference points; there is no curve to draw"
        )
    n_learnt = np.array([[len(each.part(share)) for share in shares] for each in drawn])
    curve = learning_curve(n_learnt, list(curve_errors_m), n_points, seed=run.seed)
    places = surveyed_places(points.scans, points.point, point_errors_m)
    n_scans = len(points.scans)
    n_left_out = int((~counted).sum())
    return SurveyPlan(points.name, method, len(drawn), n_scans, n_left_out, curve, places)


def _settled(method: Candidate, scans: FingerprintSet, run: RunOptions) -> Candidate:
    """Choose settings once, on all training scans, where the method chooses any."""
    spec = method.method.spec
    if run.budget != Budget() and not spec.trains_network:
        raise BadInputError(f"{spec.name} learns nothing from the parts; leave epochs and minutes out")
    fit = fit_plan(
        method.method,
        teachers=method.teachers,
        pretrained=method.pretrained,
        settings=method.settings,
        run=run,
    )
    return replace(method, settings=spec.for_parts(fit, scans).settings)


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
