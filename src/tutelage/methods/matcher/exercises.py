"""Exercises: scans of reference points that are taken off the radio map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.data.splits import reference_points
from tutelage.errors import BadInputError
from tutelage.methods.matcher.matcher_recipe import HELD_OUT_SHARE, MatcherRecipe
from tutelage.methods.matcher.smoothing import candidate_search

__all__ = ["ExerciseBatch", "Exercises", "SurveyScans", "exercise_lists", "some_groups", "storeys"]

_CELL_M = 2.0
_METRIC = 2  # columns of an offset in metres
_FEWEST = 10  # fingerprints of a thinned radio map
_ROUNDS_AHEAD = 2  # made in threads of their own: to make a round takes longer than to learn it


@dataclass(frozen=True)
class ExerciseBatch:
    """B lists of candidates whose right answer is known.

    Parameters
    ----------
    feature : Tensor [B, k, len(FEATURES)]
    truth : Tensor
        [B, k, 2] from the scan's true position to each candidate, in metres. Without positions, [B, k, 1]: 1
        for a candidate in the scan's true place, else 0.
    mask : Tensor [B, k] of bool
        False fills the list of a small radio map.
    """

    feature: Tensor
    truth: Tensor
    mask: Tensor

    @property
    def has_positions(self) -> bool:
        """Whether `truth` is in metres."""
        return self.truth.shape[-1] == _METRIC


@dataclass(frozen=True, eq=False)
class SurveyScans:
    """A building's training scans, grouped.

    Parameters
    ----------
    strength : csr_array [n, n_ap]
        RSS in the positive representation.
    position_m : ndarray [n, 2], or None
        None in a survey of places alone.
    storey, point, cell : ndarray [n] of int
        The floor of its building, the reference point and the 2 m cell of each scan. Without positions, its
        place, and twice the block of scans within the place.
    user : ndarray [n] of int, or None
        None where there are not several.
    """

    strength: sparse.csr_array
    position_m: np.ndarray | None
    storey: np.ndarray
    point: np.ndarray
    cell: np.ndarray
    user: np.ndarray | None

    def __len__(self) -> int:
        """Count the scans."""
        return len(self.point)

    def __getitem__(self, rows: np.ndarray) -> SurveyScans:
        """Select scans by their row numbers."""
        return SurveyScans(
            self.strength[rows],
            None if self.position_m is None else self.position_m[rows],
            self.storey[rows],
            self.point[rows],
            self.cell[rows],
            None if self.user is None else _several_users(self.user[rows]),
        )

    @classmethod
    def of(cls, train: FingerprintSet) -> SurveyScans:
        """Group all scans of `train` that hear anything.

        Parameters
        ----------
        train : FingerprintSet
            With positions or places.

        Raises
        ------
        BadInputError
            If they come from one reference point, or there are none.
        """
        usable_scans = train[train.n_heard > 0]
        representation = RssRepresentation.fit(usable_scans, "positive")
        strength = representation.transform(usable_scans)
        storey = storeys(usable_scans.floor, usable_scans.building, len(usable_scans))
        position_m = usable_scans.position_m
        if position_m is None:
            storey = np.unique(usable_scans.known_place, return_inverse=True)[1]
        point = reference_points(usable_scans)
        if point.max(initial=0) < 1:
            raise BadInputError(
                f"{len(usable_scans)} scans that hear anything come from {min(len(usable_scans), 1)} "
                "reference point(s); a matcher can only learn from several"
            )
        return cls(
            strength,
            position_m,
            storey,
            point,
            reference_points(usable_scans, _CELL_M),
            None
            if usable_scans.user is None
            else _several_users(np.unique(usable_scans.user, return_inverse=True)[1]),
        )


def _several_users(user: np.ndarray) -> np.ndarray | None:
    """Give the users if there are several: to hold out the only one would leave no radio map."""
    return user if len(np.unique(user)) > 1 else None


def storeys(floor: np.ndarray | None, building: np.ndarray | None, n: int) -> np.ndarray:
    """Give a number to each floor of each building.

    Parameters
    ----------
    floor, building : ndarray [n] of str, or None
        Labels of the scans.
    n : int
        Number of scans.

    Returns
    -------
    ndarray [n] of int
        One number for each floor of each building; 0 without labels.
    """
    codes = [np.unique(label, return_inverse=True)[1] for label in (floor, building) if label is not None]
    if not codes:
        return np.zeros(n, dtype=np.int64)
    return np.unique(np.column_stack(codes), axis=0, return_inverse=True)[1].ravel()


class Exercises:
    """Batches of exercises from one building or several; each round has its own scans and radio maps.

    Parameters
    ----------
    buildings : sequence of SurveyScans
        Where the scans and their candidates come from.
    recipe : MatcherRecipe
        How many exercises a round has, how radio maps are thinned and devices varied.
    device : torch.device
        Device of the batches.
    n_steps : int
        Number of batches that the training takes. The next rounds are made while one is learnt, but none
        beyond the last.
    """

    def __init__(
        self, buildings: Sequence[SurveyScans], recipe: MatcherRecipe, device: torch.device, n_steps: int = 1
    ) -> None:
        self.buildings = buildings
        self.recipe = recipe
        self.device = device
        self.n_steps = n_steps
        self._executor = ThreadPoolExecutor(max_workers=_ROUNDS_AHEAD)
        self._rounds: dict[tuple[int, int], Future[ExerciseBatch]] = {}

    def batch(self, step: int, batch_size: int, seed: int) -> ExerciseBatch:
        """Give the batch of a step; it depends on `step` and `seed` alone, so that resuming is exact.

        Parameters
        ----------
        step : int
            Number of the step, from 0.
        batch_size : int
        seed : int
            Random seed.
        """
        n_batches = self.steps_per_pass(batch_size)
        steps_per_round = self.recipe.passes * n_batches
        number, step_in_round = divmod(step, steps_per_round)
        pass_number, place = divmod(step_in_round, n_batches)
        whole = self._round(seed, number, last=math.ceil(self.n_steps / steps_per_round) - 1)
        order = np.random.default_rng((seed, number, pass_number)).permutation(len(whole.mask))
        rows = torch.as_tensor(order[place * batch_size : (place + 1) * batch_size], device=self.device)
        return ExerciseBatch(whole.feature[rows], whole.truth[rows], whole.mask[rows])

    def steps_per_pass(self, batch_size: int) -> int:
        """Count the batches of a round.

        Parameters
        ----------
        batch_size : int
        """
        return max(1, self.recipe.exercises // batch_size)

    def _round(self, seed: int, number: int, last: int) -> ExerciseBatch:
        """Give a round; those that follow, up to the last, are started with it."""
        ahead = range(number + 1, min(number + _ROUNDS_AHEAD, last) + 1)
        keys = [(seed, each) for each in (number, *ahead)]
        for key in keys:
            if key not in self._rounds:
                self._rounds[key] = self._executor.submit(self.make_round, *key)
        self._rounds = {key: self._rounds[key] for key in keys}
        return self._rounds[seed, number].result()

    def make_round(self, seed: int, number: int) -> ExerciseBatch:
        """Make a round: exercises of every building.

        Parameters
        ----------
        seed : int
            Random seed.
        number : int
            Number of the round, from 0.
        """
        rng = np.random.default_rng((seed, number))
        n = math.ceil(self.recipe.exercises / len(self.buildings))
        parts = [_exercises(building, n, self.recipe, rng) for building in self.buildings]
        tensors = (torch.as_tensor(np.concatenate(part)) for part in zip(*parts, strict=True))
        return ExerciseBatch(*(tensor.to(self.device) for tensor in tensors))


def _exercises(
    building: SurveyScans, n: int, recipe: MatcherRecipe, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make n exercises of one building on one radio map: the arrays of an `ExerciseBatch`."""
    by_user = building.user is not None and rng.random() < 0.5
    is_held_out = some_groups(building.user if by_user and building.user is not None else building.point, rng)
    held_out_rows = np.flatnonzero(is_held_out)
    map_rows = np.flatnonzero(~is_held_out)
    query_rows = rng.choice(held_out_rows, n, replace=len(held_out_rows) < n)
    strength = building.strength[query_rows]
    if rng.random() < recipe.thinned:
        map_rows = map_rows[_thin(building.cell[map_rows], recipe, rng)]
        strength = _vary_device(strength, recipe, rng)
    return exercise_lists(building, query_rows, map_rows, strength, recipe.n_candidates)


def exercise_lists(
    building: SurveyScans,
    query_rows: np.ndarray,
    map_rows: np.ndarray,
    strength: sparse.csr_array,
    n_candidates: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List the candidates of n scans on a radio map.

    Parameters
    ----------
    building : SurveyScans
    query_rows : ndarray [n] of int
        Rows of the scans to locate.
    map_rows : ndarray [m] of int
        Rows of the scans of the radio map.
    strength : csr_array [n, n_ap]
        RSS of the scans to locate, in the positive representation.
    n_candidates : int
        Length k of each list.

    Returns
    -------
    feature, truth, mask : ndarray
        The arrays of an `ExerciseBatch`.
    """
    position_m = building.position_m
    map_m = None if position_m is None else position_m[map_rows]
    search = candidate_search(building.strength[map_rows], map_m, building.storey[map_rows])
    lists = search.candidates(strength, n_candidates)
    candidate = map_rows[lists.row]
    if position_m is None:
        truth = (building.storey[candidate] == building.storey[query_rows][:, None])[..., None]
    else:
        truth = position_m[candidate] - position_m[query_rows][:, None]
    padding = (0, 0), (0, n_candidates - lists.row.shape[1])
    return (
        np.pad(lists.feature, (*padding, (0, 0))),
        np.pad(truth.astype(np.float32), (*padding, (0, 0))),
        np.pad(np.ones(lists.row.shape, dtype=bool), padding),
    )


def some_groups(group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose some of the groups at random, at least one and never all.

    Parameters
    ----------
    group : ndarray [n] of int
        Group of each scan.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray [n] of bool
        Whether a scan is in one of them.
    """
    groups = np.unique(group)
    some = rng.choice(groups, max(1, round(HELD_OUT_SHARE * len(groups))), replace=False)
    return np.isin(group, some)


def _thin(cell: np.ndarray, recipe: MatcherRecipe, rng: np.random.Generator) -> np.ndarray:
    """Choose the rows of the scans in some of the cells, or of some of these scans."""
    cell_share = np.exp(rng.uniform(np.log(recipe.thinnest), 0))
    cells = np.unique(cell)
    some = rng.choice(cells, max(1, round(cell_share * len(cells))), replace=False)
    rows = np.flatnonzero(np.isin(cell, some))
    if rng.random() < 0.5:
        scan_share = np.exp(rng.uniform(np.log(0.1), 0))
        rows = np.sort(rng.choice(rows, max(1, round(scan_share * len(rows))), replace=False))
    return rows if len(rows) >= _FEWEST else np.arange(len(cell))


def _vary_device(
    strength: sparse.csr_array, recipe: MatcherRecipe, rng: np.random.Generator
) -> sparse.csr_array:
    """Make scans of another device: each with its own offset, with noise, and with readings lost."""
    n = strength.shape[0]
    row = np.repeat(np.arange(n), np.diff(strength.indptr))
    noisy = strength.data + rng.normal(0, recipe.offset, n)[row] + rng.normal(0, recipe.noise, len(row))
    is_lost = rng.random(len(row)) < (rng.random(n) * recipe.access_point_dropout)[row]
    values = np.where(is_lost, 0, np.clip(noisy, 0, 1))
    return sparse.csr_array((values, strength.indices, strength.indptr), shape=strength.shape)
