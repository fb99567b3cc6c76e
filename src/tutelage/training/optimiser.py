"""How weights descend: the recipe of an optimiser, its learning rate, and one update."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

__all__ = ["OptimiserRecipe", "descend", "learning_rate_at", "make_optimizer", "steps_per_epoch"]

NonNegative = Annotated[float, Field(ge=0)]


class OptimiserRecipe(BaseModel):
    """How weights descend; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    optimiser: Literal["adam", "adamw"] = "adamw"
    """Optimiser: Adam, or AdamW with weight decay."""
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    """Largest learning rate of the schedule."""
    weight_decay: NonNegative = 1e-2
    """Weight decay of AdamW."""
    schedule: Literal["constant", "one_cycle"] = "one_cycle"
    """Course of the learning rate: constant, or up and down once."""
    batch_size: Annotated[int, Field(ge=2)] = 128
    """Scans in an update."""
    updates: Annotated[int, Field(ge=1)] = 4000
    """Updates of a stage, if neither epochs nor minutes are set, and `length` says no other."""

    def steps_per_epoch(self, n_scans: int) -> int:
        """Count the batches in an epoch of a training set.

        Parameters
        ----------
        n_scans : int
            Size of the training set.

        Returns
        -------
        int
            At least 1.
        """
        return steps_per_epoch(n_scans, self.batch_size)

    def own_length(self, n_scans: int, survey: str) -> int:  # noqa: ARG002 - the paper's recipe needs them
        """Count the steps of a stage where no other length is set.

        Parameters
        ----------
        n_scans : int
            Size of the training set.
        survey : str
            Name of its survey; "" if it has none.

        Returns
        -------
        int
            Number of steps.
        """
        return self.updates


def steps_per_epoch(n_scans: int, batch_size: int, *, keep_last: bool = False) -> int:
    """Count the batches in an epoch; a set smaller than a batch is one batch.

    Parameters
    ----------
    n_scans : int
        Size of the training set.
    batch_size : int
        Scans in a batch.
    keep_last : bool, default False
        Count a last batch of fewer scans. One of a single scan is dropped all the same: J_MI has nothing to
        shuffle there.

    Returns
    -------
    int
        At least 1.
    """
    whole, left = divmod(n_scans, batch_size)
    return max(1, whole + (keep_last and left > 1))


def make_optimizer(recipe: OptimiserRecipe, *modules: nn.Module) -> torch.optim.Optimizer:
    """Make the recipe's optimiser over the weights that learn.

    Parameters
    ----------
    recipe : OptimiserRecipe
        Kind, learning rate and weight decay.
    *modules : Module
        Modules whose weights learn, those without gradient left out.

    Returns
    -------
    torch.optim.Optimizer
        Fresh.
    """
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    if recipe.optimiser == "adamw":
        decay = recipe.weight_decay
        return torch.optim.AdamW(parameters, lr=recipe.learning_rate, weight_decay=decay, fused=True)
    return torch.optim.Adam(parameters, lr=recipe.learning_rate, fused=True)


def descend(optimizer: torch.optim.Optimizer, loss: Tensor, learning_rate: float) -> None:
    """Update the optimiser's weights, and no others, down the gradient of a loss.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Holds the weights.
    loss : Tensor
        Scalar.
    learning_rate : float
        Learning rate of this update.
    """
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.zero_grad(set_to_none=True)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for parameter, gradient in zip(
        parameters, torch.autograd.grad(loss, parameters, allow_unused=True), strict=True
    ):
        parameter.grad = gradient
    optimizer.step()


def learning_rate_at(recipe: OptimiserRecipe, progress: float) -> float:
    """Compute the learning rate at a point of the run.

    It depends on the progress alone, so that a resumed run or one measured in minutes follows the same
    curve.

    Parameters
    ----------
    recipe : OptimiserRecipe
        Highest rate, and the schedule.
    progress : float
        Share of the run that is done, 0 to 1.

    Returns
    -------
    float
        Learning rate.

    Notes
    -----
    One cycle: from 1/25 up to the rate in the first 30 %, then down to 1/250,000, both on a cosine
    (Smith and Topin, "Super-convergence", 2019). PyTorch's OneCycleLR has the same shape.
    """
    if recipe.schedule == "constant":
        return recipe.learning_rate
    rise = 0.3
    low = 1 / 25 if progress < rise else 1 / 2.5e5
    height = progress / rise if progress < rise else (1 - progress) / (1 - rise)
    return recipe.learning_rate * (low + (1 - low) * (1 - math.cos(math.pi * height)) / 2)
