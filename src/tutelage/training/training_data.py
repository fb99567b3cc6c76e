"""Training data on the device, and the input pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.networks import RssBatch, RssTable
from tutelage.training.labels import label_index
from tutelage.training.learning_recipe import LearningRecipe, steps_per_epoch

__all__ = ["Batch", "Batches", "TrainingData", "augmented", "normalised"]


@dataclass(frozen=True)
class Batch:
    """B training scans.

    Parameters
    ----------
    scans : their readings
    position : [B, 2] standardised coordinates
    place : [B, 2] in the unit square of the building
    index : [B] int64, rows of the training data
    labels : [B] int64 of each kind (floor, building) that is learnt
    """

    scans: RssBatch
    position: Tensor
    place: Tensor
    index: Tensor
    labels: Mapping[str, Tensor] = field(default_factory=dict)


BatchOf = TypeVar("BatchOf", covariant=True)


class Batches(Protocol[BatchOf]):
    """Where a stage draws from: one training set, or several."""

    def batch(self, step: int, batch_size: int, seed: int) -> BatchOf:
        """The batch of a step: depends on `step` and `seed` alone, so that resuming is exact."""
        ...


class TrainingData:
    """A training set, resident on the device; batches are drawn without a loader.

    Parameters
    ----------
    train : scans with positions
    representation, scaler : fitted on them
    device : where to keep them
    classes : names of the floors and buildings to learn, as `label_classes` gives them
    """

    def __init__(
        self,
        train: FingerprintSet,
        representation: RssRepresentation,
        scaler: CoordinateScaler,
        device: torch.device,
        classes: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.scaler, self.device = scaler, device
        self.table = RssTable(representation.transform(train), device)
        self.position = torch.as_tensor(scaler.standardise(train.known_position_m), device=device)
        self.place = torch.as_tensor(scaler.unit_square(train.known_position_m), device=device)
        self.labels = label_index(train, classes or {}, device)
        # One epoch's order serves all its steps; the previous ones are never asked for again.
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def __len__(self) -> int:
        return len(self.table)

    def batch(self, step: int, batch_size: int, seed: int) -> Batch:
        """The batch of a step: depends on `step` and `seed` alone."""
        size = min(batch_size, len(self))
        epoch, place = divmod(step, steps_per_epoch(len(self), size))
        return self.at(self._order(seed, epoch)[place * size : (place + 1) * size])

    def at(self, index: Tensor) -> Batch:
        """The scans at `index` [B]."""
        labels = {kind: known[index] for kind, known in self.labels.items()}
        return Batch(self.table.rows(index), self.position[index], self.place[index], index, labels)

    def _shuffled(self, seed: int, epoch: int) -> Tensor:
        order = np.random.default_rng((seed, epoch)).permutation(len(self))
        return torch.as_tensor(order, device=self.device)


def augmented(scans: RssBatch, recipe: LearningRecipe) -> RssBatch:
    """What another day or device might have heard at the same place, then the input normalisation.

    Readings go missing (a share drawn for each scan), a scan's gain and offset drift, readings are noisy.
    Values stay non-negative; all randomness comes from PyTorch's generator of the run.
    """
    value, row = scans.value, scans.row
    if recipe.access_point_dropout:
        lost = torch.rand(len(scans), device=value.device) * recipe.access_point_dropout
        value = value * (torch.rand_like(value) >= lost[row])
    if recipe.gain:
        value = value * (1 + recipe.gain * torch.randn(len(scans), device=value.device))[row]
    if recipe.offset:
        drift = recipe.offset * torch.randn(len(scans), device=value.device)
        value = value + drift[row] * (value > 0)
    if recipe.noise:
        value = value + recipe.noise * torch.randn_like(value) * (value > 0)
    return normalised(replace(scans, value=value.clamp_min(0)), recipe)


def normalised(scans: RssBatch, recipe: LearningRecipe) -> RssBatch:
    """The input pipeline without augmentation, as at prediction."""
    return scans.row_normalised() if recipe.row_normalise else scans
