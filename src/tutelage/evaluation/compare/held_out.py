"""Models of some reference points of a building, asked about others that they never saw."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import Groups, are_apart, groups_of, hold_out_groups
from tutelage.data.splits import reference_points
from tutelage.evaluation.compare.candidates import Candidate
from tutelage.evaluation.evaluate import require_unseen
from tutelage.methods.answer_errors import wrong_places
from tutelage.methods.fit_plan import AnySurvey, training_set
from tutelage.progress import progress_bar
from tutelage.runtime.positions import Positions
from tutelage.training import RunOptions

__all__ = ["Answers", "Part", "SurveyedPoints", "folds", "places_of_groups", "surveyed_points"]


class Part(NamedTuple):
    """A candidate, and the numbers of the reference points that it learns and that are held out."""

    candidate: Candidate
    training_points: np.ndarray
    held_out_points: np.ndarray


class Answers(NamedTuple):
    """What a candidate says of the scans at points held out."""

    row: np.ndarray
    """Numbers of these scans [k]."""
    positions: Positions
    fit_seconds: float

    def errors(self, scans: FingerprintSet) -> np.ndarray:
        """Compute the error of each answer in the unit of the scans, NaN without one.

        Parameters
        ----------
        scans : FingerprintSet
            All scans of the survey.

        Returns
        -------
        ndarray [k]
        """
        if scans.position_m is None:
            return wrong_places(self.positions.places, scans.known_place[self.row])
        offset_m = self.positions.position_m - scans.position_m[self.row]
        return np.asarray(np.linalg.norm(offset_m, axis=1))


@dataclass(frozen=True, eq=False)
class SurveyedPoints:
    """The training scans of a building that hear anything, by reference point.

    Parameters
    ----------
    name : of the building
    scans : n scans
    point : [n] numbers of their reference points, from 0
    kind : "reference point"; "walk" if `point` numbers walks, "block" if it numbers blocks within places
    """

    name: str
    scans: FingerprintSet
    point: np.ndarray
    kind: str = "reference point"

    def __len__(self) -> int:
        """How many reference points there are."""
        return int(self.point.max()) + 1

    @property
    def groups(self) -> Groups:
        """What `point` numbers."""
        return Groups(self.point, self.kind, 0)

    def in_groups(self) -> SurveyedPoints:
        """Return the same with the number of its walk for each scan, where whole walks are held out."""
        groups = groups_of(self.scans)
        return replace(self, point=groups.group, kind=groups.kind)

    def near_others(self, divisions: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray | None:
        """Tell which scans can be asked about: those of which the rest knows anything (`hold_out_groups`).

        Parameters
        ----------
        divisions : sequence of (training points, held-out points)
            Each point is held out once.

        Returns
        -------
        ndarray [n] of bool, or None
            None if that is true of few, as of walks that went their own ways.
        """
        parts = [hold_out_groups(self.scans, self.groups, held_out) for _, held_out in divisions]
        if are_apart(parts):
            return None
        asked = np.zeros(len(self.point), dtype=bool)
        asked[np.concatenate([part.held_out for part in parts])] = True
        return asked

    def answers(
        self, parts: Sequence[Part], words: str, run: RunOptions, asked: np.ndarray | None = None
    ) -> list[Answers]:
        """Fit every part, and locate the scans at its points held out.

        Parameters
        ----------
        parts : sequence of Part
        words : str
            Beside the progress bar, which `run.progress` shows on standard error.
        run : RunOptions
            Seed, device and length of every fit.
        asked : numpy.ndarray, optional
            Which of the scans are located where they are held out, [n] bool. By default, all.
        """
        quiet = replace(run, progress=False)
        asked = np.ones(len(self.point), dtype=bool) if asked is None else asked
        bar = progress_bar(parts, words, progress=run.progress)
        return [self._answers(part, quiet, asked) for part in bar]

    def _answers(self, part: Part, run: RunOptions, asked: np.ndarray) -> Answers:
        began = time.monotonic()
        training_scans = self.scans[np.isin(self.point, part.training_points)]
        model = part.candidate.localizer(run, calibrate=False).fit(training_scans)
        fit_seconds = time.monotonic() - began
        row = np.flatnonzero(np.isin(self.point, part.held_out_points) & asked)
        return Answers(row, model.predict(self.scans[row]), fit_seconds)


def surveyed_points(
    survey: AnySurvey, candidates: Iterable[Candidate], *, source_too: bool
) -> SurveyedPoints:
    """Give the training scans by reference point, or by block of scans in a survey of places alone.

    A test split stays sealed.

    Raises
    ------
    BadInputError
        If the building has fewer than two reference points, or a candidate's teacher learnt in it and
        `source_too` is off.
    """
    if not source_too:
        require_unseen([card for candidate in candidates for card in candidate.cards()], survey)
    scans, name, _ = training_set(survey)
    usable_scans = scans[scans.n_heard > 0]
    kind = "block" if usable_scans.position_m is None else "reference point"
    return SurveyedPoints(name, usable_scans, reference_points(usable_scans), kind)


def places_of_groups(scans: FingerprintSet, groups: Groups) -> np.ndarray:
    """Return the place of each block of scans, as a number.

    Parameters
    ----------
    scans : FingerprintSet
        n scans.
    groups : Groups
        Of the n scans.

    Returns
    -------
    ndarray [n_groups] of int
        0 for each group that does not lie within a place.
    """
    if groups.kind != "block":
        return np.zeros(len(groups), dtype=np.int64)
    first = np.unique(groups.group, return_index=True)[1]
    return np.unique(scans.known_place[first], return_inverse=True)[1]


def folds(
    n_points: int, n_folds: int, rng: np.random.Generator, place: np.ndarray | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Divide points into parts of nearly one size, and each place's points among them.

    Parameters
    ----------
    n_points, n_folds : int
    rng : numpy.random.Generator
    place : ndarray [n_points] of int, optional
        Place of each point. By default, all are of one.

    Returns
    -------
    list of (others, own)
        For each part, the numbers of all other points and its own.
    """
    rank = rng.permutation(n_points)
    if place is not None:
        rank[np.lexsort((rank, place))] = np.arange(n_points)
    fold = rank % n_folds
    return [(np.flatnonzero(fold != each), np.flatnonzero(fold == each)) for each in range(n_folds)]
