"""Learning from the building's own scans alone."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from tutelage.constraints import mean_distance
from tutelage.networks import SpecializedNetwork
from tutelage.training.data import Batch, augmented
from tutelage.training.recipe import LearningRecipe, descend, learning_rate_at
from tutelage.training.run import Step
from tutelage.training.state import TrainState

__all__ = ["supervised_step"]


def supervised_step(
    network: SpecializedNetwork,
    optimizer: torch.optim.Optimizer,
    recipe: LearningRecipe,
    scale_m: float,
) -> Step:
    """A step that lowers the mean distance to the truth, in metres (Paper, Eq. 2, first term)."""

    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        network.train()
        found = network(augmented(batch.scans, recipe)).position
        j_mae = mean_distance(found, batch.position, scale_m=scale_m)
        descend(optimizer, j_mae, learning_rate_at(recipe, state.progress))
        return {"J_MAE": j_mae.detach()}

    return step
