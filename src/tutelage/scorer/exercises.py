"""Exercises: training scans asked about as if their reference point had not been surveyed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from tutelage.fingerprints import FingerprintSet
from tutelage.representation import RssRepresentation
from tutelage.scorer.candidates import CandidateLists, CandidateSearch
from tutelage.scorer.recipe import ScorerRecipe

__all__ = ["ExerciseBatch", "Exercises", "Surveyed"]

_CELL_M = 2.0
_FEWEST = 10  # fingerprints of a thinned radio map


@dataclass(frozen=True)
class ExerciseBatch:
    """B lists of candidates whose right answer is known.

    Parameters
    ----------
    feature : [B, k, len(FEATURES)]
    offset_m : [B, k, 2], from the scan's true position to each candidate
    known : [B, k] bool
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
    point, cell : [n] reference point and 2 m cell of each scan; other floors are other points
    user : [n], None where users are not known
    """

    strength: sparse.csr_array
    position_m: np.ndarray
    point: np.ndarray
    cell: np.ndarray
    user: np.ndarray | None

    def __len__(self) -> int:
        return len(self.position_m)

    @cached_property
    def search(self) -> CandidateSearch:
        """Among all of the scans."""
        return CandidateSearch(self.strength)

    @classmethod
    def of(cls, train: FingerprintSet) -> Surveyed:
        """All scans of `train` that hear anything."""
        heard = train[train.n_heard > 0]
        representation = RssRepresentation.fit(heard, "positive")
        strength = representation.transform(heard)
        labels = [
            np.unique(v, return_inverse=True)[1] for v in (heard.floor, heard.building) if v is not None
        ]
        place = heard.known_position_m
        user = None if heard.user is None else np.unique(heard.user, return_inverse=True)[1]
        return cls(
            strength,
            place,
            _groups(np.column_stack([place, *labels])),
            _groups(np.column_stack([np.floor(place / _CELL_M), *labels])),
            user if user is not None and len(np.unique(user)) > 1 else None,
        )


class Exercises:
    """Batches of exercises from one building or several; each round draws scans and radio maps anew.

    Parameters
    ----------
    buildings : where the scans and their candidates come from
    recipe : how many exercises of a round, how radio maps are thinned and devices varied
    device : of the batches
    """

    def __init__(self, buildings: Sequence[Surveyed], recipe: ScorerRecipe, device: torch.device) -> None:
        self.buildings, self.recipe, self.device = buildings, recipe, device
        self._round = lru_cache(maxsize=1)(self._drawn)

    def batch(self, step: int, batch_size: int, seed: int) -> ExerciseBatch:
        """The batch of a step: depends on `step` and `seed` alone, so that resuming is exact."""
        n_round = sum(min(self.recipe.exercises, len(b)) for b in self.buildings)
        number, place = divmod(step, max(1, n_round // batch_size))
        whole = self._round(seed, number)
        rows = slice(place * batch_size, (place + 1) * batch_size)
        return ExerciseBatch(whole.feature[rows], whole.offset_m[rows], whole.known[rows])

    def _drawn(self, seed: int, number: int) -> ExerciseBatch:
        """A round, shuffled."""
        rng = np.random.default_rng((seed, number))
        parts = [_exercises(building, self.recipe, rng) for building in self.buildings]
        order = rng.permutation(sum(len(feature) for feature, _, _ in parts))
        whole = (torch.as_tensor(np.concatenate(part)[order]) for part in zip(*parts, strict=True))
        return ExerciseBatch(*(part.to(self.device) for part in whole))


def _exercises(
    building: Surveyed, recipe: ScorerRecipe, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Feature, offset_m and known of scans of one building on one radio map, as of `ExerciseBatch`.

    Always `exercises` of them, or as many as the building has scans; one that has no candidate left comes
    with an empty mask.
    """
    asked = rng.choice(len(building), min(recipe.exercises, len(building)), replace=False)
    strength = building.strength[asked]
    kept, search = np.arange(len(building)), building.search
    if rng.random() < recipe.thinned:
        kept = _thinned(building.cell, recipe, rng)
        search = CandidateSearch(building.strength[kept])
        strength = _of_another_device(strength, recipe, rng)
    group = building.user if building.user is not None and rng.random() < 0.5 else building.point
    lists = search.candidates(
        strength, recipe.n_candidates, lambda row: group[kept[row]] == group[asked][:, None]
    )
    offset_m = building.position_m[kept[lists.row]] - building.position_m[asked][:, None]
    return _filled(lists, offset_m.astype(np.float32), recipe.n_candidates)


def _thinned(cell: np.ndarray, recipe: ScorerRecipe, rng: np.random.Generator) -> np.ndarray:
    """Rows of the scans in some of the cells, or of some of these scans."""
    share = np.exp(rng.uniform(np.log(recipe.thinnest), 0))
    cells = np.unique(cell)
    kept = np.flatnonzero(np.isin(cell, rng.choice(cells, max(1, round(share * len(cells))), replace=False)))
    if rng.random() < 0.5:
        share = np.exp(rng.uniform(np.log(0.1), 0))
        kept = np.sort(rng.choice(kept, max(1, round(share * len(kept))), replace=False))
    return kept if len(kept) >= _FEWEST else np.arange(len(cell))


def _of_another_device(
    strength: sparse.csr_array, recipe: ScorerRecipe, rng: np.random.Generator
) -> sparse.csr_array:
    """Scans with an offset of each its own, noise, and readings lost."""
    n = strength.shape[0]
    row = np.repeat(np.arange(n), np.diff(strength.indptr))
    moved = strength.data + rng.normal(0, recipe.offset, n)[row] + rng.normal(0, recipe.noise, len(row))
    lost = rng.random(len(row)) < (rng.random(n) * recipe.access_point_dropout)[row]
    heard = np.where(lost, 0, np.clip(moved, 0, 1))
    return sparse.csr_array((heard, strength.indices, strength.indptr), shape=strength.shape)


def _filled(lists: CandidateLists, offset_m: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same with lists of k candidates: radio maps of one round differ in size."""
    missing = (0, 0), (0, k - lists.row.shape[1])
    feature = np.pad(lists.feature, (*missing, (0, 0)))
    return feature, np.pad(offset_m, (*missing, (0, 0))), np.pad(lists.known, missing)


def _groups(keys: np.ndarray) -> np.ndarray:
    """[n] number of the group of equal rows that each row [n, d] belongs to."""
    return np.unique(keys, axis=0, return_inverse=True)[1].ravel()
