"""Learning from the building's own scans alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from tutelage.losses import mean_distance
from tutelage.networks import SpecializedNetwork
from tutelage.training.labels import LabelHeads
from tutelage.training.learning_recipe import LearningRecipe, descend, learning_rate_at
from tutelage.training.stage import Step
from tutelage.training.state import TrainState
from tutelage.training.training_data import Batch, augmented

__all__ = ["supervised_step"]


def supervised_step(
    network: SpecializedNetwork,
    optimizer: torch.optim.Optimizer,
    recipe: LearningRecipe,
    scale_m: float,
    heads: LabelHeads | None = None,
    *,
    weight: float = 1.0,
    frozen: Sequence[nn.Module] = (),
) -> Step:
    """A step that lowers the mean distance to the truth, in metres (Paper, Eq. 2, first term).

    With `heads`, their loss times `weight_labels` is added; the optimiser must hold their weights too.

    Parameters
    ----------
    weight : of the distance in the loss; 1 / scale_m takes the building's size out
    frozen : parts that learn nothing: they stay in evaluation mode, without dropout or new batch statistics
    """

    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        network.train()
        for part in frozen:
            part.eval()
        found = network(augmented(batch.scans, recipe))
        j_mae = mean_distance(found.position, batch.position, scale_m=scale_m)
        loss = weight * j_mae
        shown = {"J_MAE": j_mae.detach()}
        if heads is not None:
            j_labels = heads.loss(found.z_e, batch.labels)
            loss = loss + recipe.weight_labels * j_labels
            shown["J_labels"] = j_labels.detach()
        descend(optimizer, loss, learning_rate_at(recipe, state.progress))
        return shown

    return step
