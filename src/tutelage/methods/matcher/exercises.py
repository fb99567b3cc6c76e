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
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.smoothing import candidate_search

__all__ = ["ExerciseBatch", "Exercises", "Surveyed", "asked_about", "some_groups", "storeys"]

_CELL_M = 2.0
_TAKEN_OFF = 0.15  # of the reference points, or of the users
_FEWEST = 10  # fingerprints of a thinned radio map
_AHEAD = 2  # rounds that are drawn in threads of their own: to draw takes longer than to learn


@dataclass(frozen=True)
class ExerciseBatch:
    """B lists of candidates whose right answer is known.

    Parameters
    ----------
    feature : [B, k, len(FEATURES)]
    offset_m : [B, k, 2], from the scan's true position to each candidate
    known : [B, k] bool; False fills the list of a small radio map
    """

    feature: Tensor
    offset_m: Tensor
    known: Tensor


@dataclass(frozen=True, eq=False)
class Surveyed:
    """A building's training scans, grouped.

    Parameters
    ----------
    strength : CSR [n, n_ap], the positive representation
    position_m : [n, 2]
    storey, point, cell : [n] int, the floor of its building, reference point and 2 m cell of each scan
    user : [n] int, None where there are not several
    """

    strength: sparse.csr_array
    position_m: np.ndarray
    storey: np.ndarray
    point: np.ndarray
    cell: np.ndarray
    user: np.ndarray | None

    def __len__(self) -> int:
        return len(self.position_m)

    def __getitem__(self, rows: np.ndarray) -> Surveyed:
        """The scans of some rows, given as their numbers."""
        return Surveyed(
            self.strength[rows],
            self.position_m[rows],
            self.storey[rows],
            self.point[rows],
            self.cell[rows],
            None if self.user is None else _of_several(self.user[rows]),
        )

    @classmethod
    def of(cls, train: FingerprintSet) -> Surveyed:
        """All scans of `train` that hear anything.

        Raises
        ------
        BadInputError
            If they come from one reference point, or there are none.
        """
        heard = train[train.n_heard > 0]
        representation = RssRepresentation.fit(heard, "positive")
        strength = representation.transform(heard)
        storey, place = storeys(heard.floor, heard.building, len(heard)), heard.known_position_m
        point = reference_points(heard)
        if point.max(initial=0) < 1:
            raise BadInputError(
                f"{len(heard)} scans that hear anything come from {min(len(heard), 1)} reference point(s); "
                "a matcher can only learn from several"
            )
        return cls(
            strength,
            place,
            storey,
            point,
            reference_points(heard, _CELL_M),
            None if heard.user is None else _of_several(np.unique(heard.user, return_inverse=True)[1]),
        )


def _of_several(user: np.ndarray) -> np.ndarray | None:
    """Users, if there are several: to hold out the only one would leave no radio map."""
    return user if len(np.unique(user)) > 1 else None


def storeys(floor: np.ndarray | None, building: np.ndarray | None, n: int) -> np.ndarray:
    """[n] int from the labels of n scans: one number for each floor of each building; 0 without labels."""
    known = [np.unique(label, return_inverse=True)[1] for label in (floor, building) if label is not None]
    if not known:
        return np.zeros(n, dtype=np.int64)
    return np.unique(np.column_stack(known), axis=0, return_inverse=True)[1].ravel()


class Exercises:
    """Batches of exercises from one building or several; each round draws scans and radio maps anew.

    Parameters
    ----------
    buildings : where the scans and their candidates come from
    recipe : how many exercises of a round, how radio maps are thinned and devices varied
    device : of the batches
    n_steps : batches that will be asked for; the next rounds are drawn while one is learnt, but none beyond
    """

    def __init__(
        self, buildings: Sequence[Surveyed], recipe: MatcherRecipe, device: torch.device, n_steps: int = 1
    ) -> None:
        self.buildings, self.recipe, self.device, self.n_steps = buildings, recipe, device, n_steps
        self._beside = ThreadPoolExecutor(max_workers=_AHEAD)
        self._rounds: dict[tuple[int, int], Future[ExerciseBatch]] = {}

    def batch(self, step: int, batch_size: int, seed: int) -> ExerciseBatch:
        """The batch of a step: depends on `step` and `seed` alone, so that resuming is exact."""
        n_batches = max(1, self.recipe.exercises // batch_size)
        of_round = self.recipe.passes * n_batches
        number, place = divmod(step, of_round)
        again, place = divmod(place, n_batches)
        whole = self._round(seed, number, last=math.ceil(self.n_steps / of_round) - 1)
        order = np.random.default_rng((seed, number, again)).permutation(len(whole.known))
        rows = torch.as_tensor(order[place * batch_size : (place + 1) * batch_size], device=self.device)
        return ExerciseBatch(whole.feature[rows], whole.offset_m[rows], whole.known[rows])

    def _round(self, seed: int, number: int, last: int) -> ExerciseBatch:
        """A round; those that follow, up to the last, are ordered with it."""
        ahead = range(number + 1, min(number + _AHEAD, last) + 1)
        wanted = [(seed, each) for each in (number, *ahead)]
        for key in wanted:
            if key not in self._rounds:
                self._rounds[key] = self._beside.submit(self._drawn, *key)
        self._rounds = {key: self._rounds[key] for key in wanted}
        return self._rounds[seed, number].result()

    def _drawn(self, seed: int, number: int) -> ExerciseBatch:
        """A round: exercises of every building."""
        rng = np.random.default_rng((seed, number))
        n = math.ceil(self.recipe.exercises / len(self.buildings))
        parts = [_exercises(building, n, self.recipe, rng) for building in self.buildings]
        joined = (torch.as_tensor(np.concatenate(part)) for part in zip(*parts, strict=True))
        return ExerciseBatch(*(part.to(self.device) for part in joined))


def _exercises(
    building: Surveyed, n: int, recipe: MatcherRecipe, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Feature, offset_m and known of n scans of one building on one radio map, as of `ExerciseBatch`."""
    by_user = building.user is not None and rng.random() < 0.5
    taken_off = some_groups(building.user if by_user and building.user is not None else building.point, rng)
    asked, kept = np.flatnonzero(taken_off), np.flatnonzero(~taken_off)
    asked = rng.choice(asked, n, replace=len(asked) < n)
    strength = building.strength[asked]
    if rng.random() < recipe.thinned:
        kept = kept[_thinned(building.cell[kept], recipe, rng)]
        strength = _of_another_device(strength, recipe, rng)
    return asked_about(building, asked, kept, strength, recipe.n_candidates)


def asked_about(
    building: Surveyed, asked: np.ndarray, kept: np.ndarray, strength: sparse.csr_array, n_candidates: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Feature, offset_m and known of n scans, as of `ExerciseBatch`.

    Parameters
    ----------
    asked, kept : [n] and [m] int, the scans asked about and those of the radio map
    strength : CSR [n, n_ap], what is heard of the scans asked about
    n_candidates : k
    """
    search = candidate_search(building.strength[kept], building.position_m[kept], building.storey[kept])
    lists = search.candidates(strength, n_candidates)
    offset_m = building.position_m[kept[lists.row]] - building.position_m[asked][:, None]
    missing = (0, 0), (0, n_candidates - lists.row.shape[1])
    return (
        np.pad(lists.feature, (*missing, (0, 0))),
        np.pad(offset_m.astype(np.float32), (*missing, (0, 0))),
        np.pad(np.ones(lists.row.shape, dtype=bool), missing),
    )


def some_groups(group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[n] bool: scans of some of the groups, at least of one, and never of all."""
    groups = np.unique(group)
    some = rng.choice(groups, max(1, round(_TAKEN_OFF * len(groups))), replace=False)
    return np.isin(group, some)


def _thinned(cell: np.ndarray, recipe: MatcherRecipe, rng: np.random.Generator) -> np.ndarray:
    """Rows of the scans in some of the cells, or of some of these scans."""
    share = np.exp(rng.uniform(np.log(recipe.thinnest), 0))
    cells = np.unique(cell)
    kept = np.flatnonzero(np.isin(cell, rng.choice(cells, max(1, round(share * len(cells))), replace=False)))
    if rng.random() < 0.5:
        share = np.exp(rng.uniform(np.log(0.1), 0))
        kept = np.sort(rng.choice(kept, max(1, round(share * len(kept))), replace=False))
    return kept if len(kept) >= _FEWEST else np.arange(len(cell))


def _of_another_device(
    strength: sparse.csr_array, recipe: MatcherRecipe, rng: np.random.Generator
) -> sparse.csr_array:
    """Scans with an offset of each its own, noise, and readings lost."""
    n = strength.shape[0]
    row = np.repeat(np.arange(n), np.diff(strength.indptr))
    moved = strength.data + rng.normal(0, recipe.offset, n)[row] + rng.normal(0, recipe.noise, len(row))
    lost = rng.random(len(row)) < (rng.random(n) * recipe.access_point_dropout)[row]
    heard = np.where(lost, 0, np.clip(moved, 0, 1))
    return sparse.csr_array((heard, strength.indices, strength.indptr), shape=strength.shape)
