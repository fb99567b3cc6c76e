"""Models of some reference points of a building, asked about others that they never saw."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.splits import reference_points
from tutelage.evaluation.compare.candidates import Candidate
from tutelage.evaluation.evaluate import require_unseen
from tutelage.methods.learning import Building, training_scans
from tutelage.progress import counted_off
from tutelage.runtime.positions import Positions

__all__ = ["Answers", "SurveyedPoints", "Trial", "folds", "surveyed_points"]


class Trial(NamedTuple):
    """A candidate, the numbers of the reference points that it learns, and of those it is asked about."""

    candidate: Candidate
    learnt: np.ndarray
    held: np.ndarray


class Answers(NamedTuple):
    """Of a trial: [k] numbers of the scans at held-out points, their positions, and how long the fit took."""

    row: np.ndarray
    positions: Positions
    fit_seconds: float


@dataclass(frozen=True, eq=False)
class SurveyedPoints:
    """The training scans of a building that hear anything, by reference point.

    Parameters
    ----------
    name : of the building
    scans : n scans
    point : [n] numbers of their reference points, from 0
    """

    name: str
    scans: FingerprintSet
    point: np.ndarray

    def __len__(self) -> int:
        """How many reference points there are."""
        return int(self.point.max()) + 1

    def answers(
        self, trials: Sequence[Trial], words: str, *, seed: int, progress: bool, **options: Any
    ) -> list[Answers]:
        """What came of each trial.

        Parameters
        ----------
        words : beside the progress bar, which `progress` shows on standard error
        seed, options : as of `Candidate.trial_localizer`
        """
        shown = counted_off(trials, words, progress=progress)
        return [self._answers(trial, seed, options) for trial in shown]

    def _answers(self, trial: Trial, seed: int, options: dict[str, Any]) -> Answers:
        began = time.monotonic()
        learnt = self.scans[np.isin(self.point, trial.learnt)]
        model = trial.candidate.trial_localizer(seed, **options).fit(learnt)
        fit_seconds = time.monotonic() - began
        row = np.flatnonzero(np.isin(self.point, trial.held))
        return Answers(row, model.predict(self.scans[row]), fit_seconds)


def surveyed_points(
    building: Building, candidates: Iterable[Candidate], *, source_too: bool
) -> SurveyedPoints:
    """What there is to learn and to ask about; a test split stays sealed.

    Raises
    ------
    BadInputError
        If the building has fewer than two reference points, or a candidate's teacher learnt in it and
        `source_too` is off.
    """
    if not source_too:
        require_unseen([card for candidate in candidates for card in candidate.cards()], building)
    scans, name, _ = training_scans(building)
    heard = scans[scans.n_heard > 0]
    return SurveyedPoints(name, heard, reference_points(heard))


def folds(n_points: int, n_folds: int, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Points in parts of nearly one size: for each, the numbers of all others, and its own."""
    fold = rng.permutation(n_points) % n_folds
    return [(np.flatnonzero(fold != each), np.flatnonzero(fold == each)) for each in range(n_folds)]
