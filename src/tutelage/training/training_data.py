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
from tutelage.data.representation import FILLED, CoordinateScaler, RssRepresentation
from tutelage.networks import RssBatch, RssTable
from tutelage.training.labels import label_index
from tutelage.training.learning_recipe import LearningRecipe
from tutelage.training.optimiser import steps_per_epoch

__all__ = ["Batch", "Batches", "TrainingData", "augment", "normalise"]


@dataclass(frozen=True)
class Batch:
    """B training scans.

    Parameters
    ----------
    scans : RssBatch
        Their readings.
    position : Tensor
        [B, 2] standardised coordinates; [B, 0] in a survey of places alone.
    place : Tensor
        [B, 2] in the unit square of the building; [B, 0] without positions.
    index : Tensor
        [B] int64, rows of the training data.
    labels : Mapping of Tensor
        [B] int64 for each kind of label (floor, building, place) that is learnt.
    """

    scans: RssBatch
    position: Tensor
    place: Tensor
    index: Tensor
    labels: Mapping[str, Tensor] = field(default_factory=dict)


BatchOf = TypeVar("BatchOf", covariant=True)


class Batches(Protocol[BatchOf]):
    """Source of a stage's batches: one training set, or several."""

    def batch(self, step: int, batch_size: int, seed: int) -> BatchOf:
        """Make the batch of a step.

        Parameters
        ----------
        step : int
            Number of the step.
        batch_size : int
            Scans in a batch.
        seed : int
            Seed of the run.

        Returns
        -------
        BatchOf
            It depends on the arguments alone, so that resuming is exact.
        """
        ...


class TrainingData:
    """A training set, resident on the device; batches are drawn without a loader.

    Parameters
    ----------
    scans : FingerprintSet
        n training scans with positions, or with places alone.
    representation : RssRepresentation
        Fitted on the scans.
    scaler : CoordinateScaler
        Fitted on the scans; of no effect without positions.
    device : torch.device
        Device of the run.
    classes : Mapping, optional
        Names of the floors, buildings and places to learn, from `label_classes`.
    keep_last : bool, default False
        Give the last batch of an epoch if it is not whole, too.
    """

    def __init__(
        self,
        scans: FingerprintSet,
        representation: RssRepresentation,
        scaler: CoordinateScaler,
        device: torch.device,
        classes: Mapping[str, Sequence[str]] | None = None,
        *,
        keep_last: bool = False,
    ) -> None:
        self.keep_last = keep_last
        self.scaler = scaler
        self.device = device
        self.table = RssTable(representation.transform(scans), device)
        if scans.position_m is None:
            self.position = self.place = torch.empty((len(scans), 0), device=device)
        else:
            self.position = torch.as_tensor(scaler.standardise(scans.position_m), device=device)
            self.place = torch.as_tensor(scaler.unit_square(scans.position_m), device=device)
        self.labels = label_index(scans, classes or {}, device)
        # One epoch's order serves all its steps; earlier ones are never needed again.
        self._order = lru_cache(maxsize=2)(self._shuffle)

    @classmethod
    def prepared(
        cls,
        scans: FingerprintSet,
        recipe: LearningRecipe,
        device: torch.device,
        classes: Mapping[str, Sequence[str]] | None = None,
    ) -> tuple[RssRepresentation, TrainingData]:
        """Fit a representation and a scaler to scans, and prepare these by them.

        Parameters
        ----------
        scans : FingerprintSet
            n training scans with positions, or with places alone.
        recipe : LearningRecipe
            Form of the readings and of an epoch.
        device : torch.device
            Device of the run.
        classes : Mapping, optional
            Names of the floors and buildings to learn, from `label_classes`.

        Returns
        -------
        representation : RssRepresentation
        data : TrainingData
        """
        representation = RssRepresentation.fit(scans, recipe.representation, recipe.rss_min_dbm)
        scaler = (
            CoordinateScaler.neutral() if scans.position_m is None else CoordinateScaler.fit(scans.position_m)
        )
        keep_last = recipe.last_batch == "kept"
        data = cls(scans, representation, scaler, device, classes, keep_last=keep_last)
        return representation, data

    def __len__(self) -> int:
        """Count the scans."""
        return len(self.table)

    def batch(self, step: int, batch_size: int, seed: int) -> Batch:
        """Make the batch of a step; see `Batches.batch`."""
        size = min(batch_size, len(self))
        epoch, place = divmod(step, steps_per_epoch(len(self), size, keep_last=self.keep_last))
        return self.at(self._order(seed, epoch)[place * size : (place + 1) * size])

    def at(self, index: Tensor) -> Batch:
        """Make the batch of some scans.

        Parameters
        ----------
        index : Tensor
            [B] int64, rows of the training data.

        Returns
        -------
        Batch
            Those scans.
        """
        labels = {kind: classes[index] for kind, classes in self.labels.items()}
        return Batch(self.table.rows(index), self.position[index], self.place[index], index, labels)

    def _shuffle(self, seed: int, epoch: int) -> Tensor:
        order = np.random.default_rng((seed, epoch)).permutation(len(self))
        return torch.as_tensor(order, device=self.device)


def augment(scans: RssBatch, recipe: LearningRecipe) -> RssBatch:
    """Vary scans as another day or device might, then normalise them.

    Readings go missing, a random share for each scan. A scan's gain and offset drift, and readings are
    noisy. Values stay non-negative, but in the form "filled". All randomness comes from PyTorch's generator
    of the run.

    Parameters
    ----------
    scans : RssBatch
        B scans.
    recipe : LearningRecipe
        Strength of each variation.

    Returns
    -------
    RssBatch
        Input of the network.
    """
    value = scans.value
    row = scans.row
    if recipe.access_point_dropout:
        dropout = torch.rand(len(scans), device=value.device) * recipe.access_point_dropout
        value = value * (torch.rand_like(value) >= dropout[row])
    if recipe.gain:
        value = value * (1 + recipe.gain * torch.randn(len(scans), device=value.device))[row]
    if recipe.offset:
        drift = recipe.offset * torch.randn(len(scans), device=value.device)
        value = value + drift[row] * (value > 0)
    if recipe.noise:
        value = value + recipe.noise * torch.randn_like(value) * (value > 0)
    if recipe.representation != FILLED:
        value = value.clamp_min(0)
    return normalise(replace(scans, value=value), recipe)


def normalise(scans: RssBatch, recipe: LearningRecipe) -> RssBatch:
    """Normalise scans without variation, as for prediction.

    Parameters
    ----------
    scans : RssBatch
        B scans.
    recipe : LearningRecipe
        Says whether each scan is scaled to norm 1.

    Returns
    -------
    RssBatch
        Input of the network.
    """
    return scans.row_normalised() if recipe.row_normalise else scans
