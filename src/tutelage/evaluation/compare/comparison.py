"""Every candidate on the same reference points held out, with intervals, and which one to take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.errors import BadInputError
from tutelage.evaluation.compare.candidates import Candidate
from tutelage.evaluation.compare.held_out import (
    Part,
    SurveyedPoints,
    folds,
    places_of_groups,
    surveyed_points,
)
from tutelage.evaluation.metrics import Evaluation, evaluate_positions
from tutelage.evaluation.report import write_report
from tutelage.methods.answer_errors import ErrorUnit, unit_of, wrong_places
from tutelage.methods.fit_plan import AnySurvey
from tutelage.runtime.positions import Positions
from tutelage.statistics import Difference, holm, paired_bootstraps
from tutelage.training import RunOptions

__all__ = ["Comparison", "Recommendation", "Standing", "compare", "write_comparison"]

_ALPHA = 0.05


@dataclass(frozen=True)
class Standing:
    """How a candidate did.

    Parameters
    ----------
    candidate : the way to learn
    evaluation : every scan, located by a model that never saw its reference point
    error : mean error over reference points in metres of the data set, with its interval; over blocks of
        scans, the share of wrong places, in a survey of places alone
    against_knn : error minus that of k-NN, paired by reference point; None for k-NN itself
    p : of no difference to k-NN, Holm-corrected over the candidates; None for k-NN itself
    fit_seconds : mean of the folds
    """

    candidate: Candidate
    evaluation: Evaluation
    error: Difference
    against_knn: Difference | None
    p: float | None
    fit_seconds: float

    @property
    def unit(self) -> ErrorUnit:
        """What the errors are counted in."""
        return unit_of(self.evaluation.truth)

    @property
    def clearly_better(self) -> bool:
        """Than k-NN: the interval and the corrected p-value agree."""
        if self.against_knn is None or self.p is None:
            return False
        return self.against_knn.high < 0 and self.p <= _ALPHA


@dataclass(frozen=True)
class Recommendation:
    """Which candidate to take, and in words why."""

    standing: Standing
    words: str


@dataclass(frozen=True)
class Comparison:
    """Candidates in the order in which they were given.

    Parameters
    ----------
    name : of the building
    standings : one a candidate, k-NN first
    n_folds, n_points, n_scans : what they rest on
    kind : what is held out together: "reference point", "walk", or "block" of scans within a place
    """

    name: str
    standings: tuple[Standing, ...]
    n_folds: int
    n_points: int
    n_scans: int
    kind: str = "reference point"

    @property
    def unit(self) -> ErrorUnit:
        """What the errors are counted in."""
        return self.standings[0].unit

    @property
    def recommended(self) -> Recommendation:
        """The best candidate that is clearly better than k-NN, else k-NN."""
        knn = self.standings[0]
        best = _best(self.standings)
        clear = [standing for standing in self.standings if standing.clearly_better]
        if clear:
            taken = _best(clear)
            words = f"{taken.candidate.name}: {_in_words(taken)}"
            return Recommendation(taken, words if best is taken else f"{words}; {_not_clearly(best)}")
        if best is knn:
            return Recommendation(knn, f"k-NN: nothing was better on the {self.kind}s held out")
        return Recommendation(
            knn, f"k-NN: nothing was clearly better; the best, {best.candidate.name}, was {_in_words(best)}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain figures, for JSON."""
        take = self.recommended
        return {
            "survey": self.name,
            "n_folds": self.n_folds,
            "n_points": self.n_points,
            "held_out_together": self.kind,
            "n_scans": self.n_scans,
            "methods": [_figures(standing) for standing in self.standings],
            "recommended": {"name": take.standing.candidate.name, "why": take.words},
        }


def compare(
    survey: AnySurvey,
    candidates: Sequence[Candidate],
    *,
    n_folds: int = 3,
    source_too: bool = False,
    run: RunOptions | None = None,
) -> Comparison:
    """Compare candidates on reference points that they were not fitted to.

    The reference points are divided into parts, or the walks of a walked survey. Each part is held out in
    turn, and located by candidates that were fitted to the rest. Only training scans are used, never a test
    split. In a survey of places alone, blocks of scans within places are held out, and wrong places counted.

    Parameters
    ----------
    survey : Survey or FingerprintSet
    candidates : sequence of Candidate
        See `tutelage.candidates`; k-NN is the first.
    n_folds : int
        Parts into which the reference points are divided.
    source_too : bool
        Allow a survey in which a candidate's teacher was trained.
    run : RunOptions, optional
        Seed of the parts and of every fit, device, progress. Its length applies to networks.

    Returns
    -------
    Comparison
        Each candidate's errors, and a recommendation.

    Raises
    ------
    BadInputError, UnknownNameError
        If the survey has too few reference points, a candidate cannot be fitted, or its teacher was trained
        in this survey and `source_too` is off.

    Examples
    --------
    >>> import tutelage as tt
    >>> office = tt.simulated_survey(seed=2, n_train=120, n_test=20)
    >>> comparison = tt.compare(office, tt.candidates(["knn"]))
    >>> comparison.recommended.standing.candidate.name
    'knn'
    """
    run = run or RunOptions()
    surveyed = surveyed_points(survey, candidates, source_too=source_too)
    points, divisions, asked = _divided(surveyed, n_folds, run.seed)
    parts = [Part(each, *division) for each in candidates for division in divisions]
    answers = points.answers(parts, "comparing", run, asked)
    by_candidate = [answers[first : first + n_folds] for first in range(0, len(answers), n_folds)]
    evaluations = [
        evaluate_positions(
            Positions.join([part.positions for part in of_one]), points.scans[asked], name=candidate.name
        )
        for candidate, of_one in zip(candidates, by_candidate, strict=True)
    ]
    seconds = [sum(part.fit_seconds for part in of_one) / n_folds for of_one in by_candidate]
    standings = _standings(candidates, evaluations, points.point[asked], seconds)
    return Comparison(points.name, standings, n_folds, len(points), int(asked.sum()), points.kind)


def _divided(
    surveyed: SurveyedPoints, n_folds: int, seed: int
) -> tuple[SurveyedPoints, list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Divide the walks of a walked survey, else its reference points; say which scans can be asked about."""
    for points in (surveyed.in_groups(), surveyed):
        if not 2 <= n_folds <= len(points) // 2:
            raise BadInputError(
                f"{n_folds} folds of {len(points)} {points.kind}s; at least 2 folds, of 2 of them or "
                "more each"
            )
        place = places_of_groups(points.scans, points.groups)
        divisions = folds(len(points), n_folds, np.random.default_rng(seed), place)
        asked = points.near_others(divisions)
        if asked is not None:
            return points, divisions, asked
    # Reference points can always be asked about.
    raise BadInputError("most places have one scan, so that none can be held out; scan each several times")


def _standings(
    candidates: Sequence[Candidate],
    evaluations: Sequence[Evaluation],
    point: np.ndarray,
    seconds: Sequence[float],
) -> tuple[Standing, ...]:
    """Errors and differences over reference points: scans of one point are no independent witnesses."""
    answered = np.logical_and.reduce([evaluation.answers.answered for evaluation in evaluations])
    if not answered.any():
        raise BadInputError(
            "no scan hears an access point of other reference points; there is nothing to compare"
        )
    point_of_scan = np.unique(point[answered], return_inverse=True)[1]
    n_scans = np.bincount(point_of_scan)
    of_points = np.array(
        [np.bincount(point_of_scan, weights=_errors(e)[answered]) / n_scans for e in evaluations]
    )
    errors = paired_bootstraps(of_points[:, None])
    against = paired_bootstraps((of_points[1:] - of_points[0])[:, None]) if len(of_points) > 1 else []
    p = holm([difference.p for difference in against])
    return tuple(
        Standing(
            candidate,
            evaluations[i],
            errors[i],
            against[i - 1] if i else None,
            float(p[i - 1]) if i else None,
            seconds[i],
        )
        for i, candidate in enumerate(candidates)
    )


def _errors(evaluation: Evaluation) -> np.ndarray:
    if evaluation.truth.position_m is not None:
        return evaluation.errors_m
    return wrong_places(evaluation.answers.places, evaluation.truth.known_place)


def write_comparison(comparison: Comparison, path: str | Path) -> None:
    """Write an HTML page: the recommendation, every candidate's figures, and maps of the errors.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import tutelage as tt
    >>> office = tt.simulated_survey(seed=2, n_train=120, n_test=20)
    >>> comparison = tt.compare(office, tt.candidates(["knn"]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tt.write_comparison(comparison, Path(folder) / "methods.html")
    ...     (Path(folder) / "methods.html").exists()
    True
    """
    unit = comparison.unit
    notes = [
        f"Take {comparison.recommended.words}.",
        f"{comparison.n_points:,} {comparison.kind}s in {comparison.n_folds} parts, each located by models "
        "that learnt the others; training scans alone.",
        *(
            f"{s.candidate.name}: {unit.words(s.error.mean)} a {comparison.kind} ({unit.interval(s.error)})"
            + (f", {_in_words(s)}" if s.against_knn else "")
            for s in comparison.standings
        ),
    ]
    evaluations = [standing.evaluation for standing in comparison.standings]
    write_report(
        evaluations, path, title=f"Methods for {comparison.name}", data_set=comparison.name, notes=notes
    )


def _best(standings: Sequence[Standing]) -> Standing:
    return min(standings, key=lambda standing: standing.error.mean)


def _in_words(standing: Standing, than: str = " than k-NN") -> str:
    """Give the difference to k-NN."""
    d = standing.against_knn
    if d is None:
        return ""
    unit = standing.unit
    side, low, high = ("better", -d.high, -d.low) if d.mean < 0 else ("worse", d.low, d.high)
    ends = f"{unit.number(low)} to {unit.number(high)} {unit.step}"
    return f"{unit.number(abs(d.mean))} {unit.step} {side}{than} (95 % interval {ends})"


def _not_clearly(standing: Standing) -> str:
    return f"{standing.candidate.name} was {_in_words(standing, than='')}, but not clearly so"


def _figures(standing: Standing) -> dict[str, Any]:
    d = standing.against_knn
    of = standing.unit.suffix
    return {
        "name": standing.candidate.name,
        "method": standing.candidate.method.spec.name,
        f"error{of}": standing.error.mean,
        f"low{of}": standing.error.low,
        f"high{of}": standing.error.high,
        f"against_knn{of}": d and d.mean,
        f"against_knn_low{of}": d and d.low,
        f"against_knn_high{of}": d and d.high,
        "p": standing.p,
        "clearly_better": standing.clearly_better,
        "fit_seconds": round(standing.fit_seconds, 2),
        **{key: value for key, value in standing.evaluation.figures().items() if key != "n_refused"},
    }
