"""Models of parts of a survey, asked about reference points or walks that none of them saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import HoldOut, unsaid
from tutelage.errors import BadInputError
from tutelage.evaluation.compare.candidates import BASELINE, Candidate, candidate
from tutelage.evaluation.compare.held_out import Answers, Part, SurveyedPoints, surveyed_points
from tutelage.evaluation.label_hits import LabelHits
from tutelage.evaluation.plan.learning_curve import LearningCurve, learning_curve
from tutelage.evaluation.plan.named_places import NamedPlaces, named_places
from tutelage.evaluation.plan.sampling import Sampling, sampling
from tutelage.evaluation.plan.surveyed_places import SurveyedPlaces, surveyed_places
from tutelage.methods.answer_errors import unit_of
from tutelage.methods.fit_plan import AnySurvey, fit_plan
from tutelage.training import Budget, RunOptions

__all__ = ["SurveyPlan", "plan"]

_FEWEST_POINTS = 20


@dataclass(frozen=True)
class SurveyPlan:
    """How much more to survey, and where.

    Parameters
    ----------
    name : of the survey
    method : that learnt
    n_repetitions : how often each size was learnt
    n_scans : training scans that hear anything
    n_left_out : reference points, walks or blocks that the curve leaves out: none of their scans got an
        answer at every size
    curve, places : what was found; places are reference points, or named places in a survey of these alone
    held_out : what each error comes from, such as "24 of 120 walks"; "" if that is reference points
    unsaid : what no hold-out of the survey can measure; "" where there is nothing to say
    """

    name: str
    method: Candidate
    n_repetitions: int
    n_scans: int
    n_left_out: int
    curve: LearningCurve
    places: SurveyedPlaces | NamedPlaces
    held_out: str = ""
    unsaid: str = ""

    @property
    def basis(self) -> str:
        """What the errors come from, as a sentence; "" if that is reference points."""
        if not self.held_out:
            return ""
        unsaid_too = f"; {self.unsaid}" if self.unsaid else ""
        return f"Errors come from {self.held_out} at a time, held out{unsaid_too}."

    def as_dict(self) -> dict[str, Any]:
        """Plain figures, for JSON."""
        places = self.places
        of_places, of_all = (
            ("n_places", "all_places") if isinstance(places, NamedPlaces) else ("n_points", "points")
        )
        return {
            "survey": self.name,
            "method": self.method.method.spec.name,
            "settings": dict(self.method.settings),
            of_places: len(places),
            "n_scans": self.n_scans,
            "n_left_out": self.n_left_out,
            "n_repetitions": self.n_repetitions,
            **({"held_out": self.held_out} if self.held_out else {}),
            **({"unsaid": self.unsaid} if self.unsaid else {}),
            "curve": self.curve.as_dict(),
            "places": [places.record(point) for point in places.first],
            of_all: [places.record(point) for point in range(len(places))],
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

    A learning curve over reference points is extrapolated, or over walks where there are eight or more. A map
    shows where errors are large. Only training scans are used, never a test split. In a survey of places
    alone, the curve is over blocks of scans within places, and hits of each place are counted.

    Parameters
    ----------
    survey : Survey or FingerprintSet
    method : Candidate, optional
        Method to fit, as `candidate` makes it. By default, k-NN. A method that chooses settings does so once,
        on all training scans. A matcher keeps its pretrained weights.
    n_folds : int
        Parts into which the reference points or walks are divided. Each part is held out in turn.
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
        If the survey has fewer than 20 reference points or blocks of scans, or fewer walks than `n_folds`,
        the method cannot be fitted, or its teacher was trained in this survey and `source_too` is off.

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
    _require_enough(points)
    sampled = sampling(points.scans, n_folds=n_folds, n_rounds=n_rounds, seed=run.seed)
    method = _settled(method, points.scans, run)
    groups = sampled.groups
    parts = [
        Part(method, d.part(share), d.held_out_points) for d in sampled.drawn for share in sampled.shares
    ]
    answers = replace(points, point=groups.group).answers(parts, "learning parts", run, sampled.asked)
    errors = _curve_errors(answers, points, sampled)
    counted = np.isfinite(errors[:, 0]).any(axis=0)
    if not counted.any():
        raise BadInputError(
            f"no scan hears an access point of other {groups.kind}s; there is no curve to draw"
        )
    n_shares, is_block = len(sampled.shares), groups.kind == "block"
    largest = answers[n_shares - 1 :: n_shares]
    has_basis = is_block or groups.n_walks > 0
    return SurveyPlan(
        points.name,
        method,
        len(sampled.drawn),
        len(points.scans),
        int((~counted).sum()),
        learning_curve(
            sampled.n_learnt,
            list(errors),
            len(groups),
            unit=sampled.unit,
            error_unit=unit_of(points.scans),
            seed=run.seed,
        ),
        _places_by_need(largest, points, sampled.divisions) if is_block else _points_by_need(largest, points),
        sampled.divisions[0].words if has_basis else "",
        unsaid(points.scans) if has_basis else "",
    )


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


def _require_enough(points: SurveyedPoints) -> None:
    n_points = len(points)
    if n_points >= _FEWEST_POINTS:
        return
    if points.kind == "block":
        raise BadInputError(
            f"{n_points} blocks of scans within places are too few for a learning curve; scan each place "
            f"more often, for {_FEWEST_POINTS} blocks at least"
        )
    raise BadInputError(
        f"{n_points} reference points are too few for a learning curve; survey at least {_FEWEST_POINTS}"
    )


def _curve_errors(answers: Sequence[Answers], points: SurveyedPoints, sampled: Sampling) -> np.ndarray:
    """Give errors [n_repetitions, n_shares, n_groups] over the scans that got an answer at every size.

    So all sizes are asked the same.
    """
    group, n_groups, n_shares = sampled.groups.group, len(sampled.groups), len(sampled.shares)
    of_curve = []
    for i, division in enumerate(sampled.divisions):
        table = np.full((n_shares, len(group)), np.nan)
        for j, size in enumerate(answers[i * n_shares : (i + 1) * n_shares]):
            table[j, size.row] = size.errors(points.scans)
        asked = division.held_out[np.isfinite(table[:, division.held_out]).all(axis=0)]
        of_curve.append([_means(group[asked], errors[asked], n_groups) for errors in table])
    return np.array(of_curve)


def _points_by_need(largest: Sequence[Answers], points: SurveyedPoints) -> SurveyedPlaces:
    """Give errors of reference points, over all scans that got a position from the largest parts."""
    point, n_points = points.point, len(points)
    total, n_answers = np.zeros(n_points), np.zeros(n_points)
    for each in largest:
        errors_m = each.errors(points.scans)
        is_answered = np.isfinite(errors_m)
        answered = each.row[is_answered]
        total += np.bincount(point[answered], errors_m[is_answered], n_points)
        n_answers += np.bincount(point[answered], minlength=n_points)
    error_m = np.where(n_answers > 0, total / np.maximum(n_answers, 1), np.nan)
    return surveyed_places(points.scans, point, error_m)


def _places_by_need(
    largest: Sequence[Answers], points: SurveyedPoints, divisions: Sequence[HoldOut]
) -> NamedPlaces:
    """Give hits of named places, over all scans that got an answer from the largest parts."""
    place = points.scans.known_place
    answer, truth = [], []
    for each, division in zip(largest, divisions, strict=True):
        assert each.positions.places is not None, "the scans name places, so the model answers them"
        is_asked = np.isin(each.row, division.held_out) & each.positions.answered
        answer.append(each.positions.places.best[is_asked])
        truth.append(place[each.row[is_asked]])
    return named_places(place, LabelHits(np.concatenate(answer), np.concatenate(truth)))


def _means(group: np.ndarray, errors: np.ndarray, n_groups: int) -> np.ndarray:
    n = np.bincount(group, minlength=n_groups)
    return np.where(n > 0, np.bincount(group, errors, n_groups) / np.maximum(n, 1), np.nan)
