"""How any network here learns: input pipeline, optimiser, schedule, budget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from tutelage.data.representation import RepresentationKind
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.networks import NetworkSpec, checked_settings

__all__ = [
    "LABELS",
    "Budget",
    "LearningRecipe",
    "OptimiserRecipe",
    "descend",
    "learning_rate_at",
    "make_optimizer",
    "steps_per_epoch",
]

Share = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]

# Of the default recipes that learn a building: floors for next to no change in position (docs/networks.md).
LABELS: dict[str, Any] = {"weight_labels": 2.0}


class OptimiserRecipe(BaseModel):
    """How weights descend; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    optimiser: Literal["adam", "adamw"] = "adamw"
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    weight_decay: NonNegative = 1e-2
    schedule: Literal["constant", "one_cycle"] = "one_cycle"
    batch_size: Annotated[int, Field(ge=2)] = 128
    updates: Annotated[int, Field(ge=1)] = 4000
    """Length of a stage where neither epochs nor minutes are given (the paper's recipe has epochs)."""


class LearningRecipe(OptimiserRecipe):
    """Settings shared by both phases."""

    representation: RepresentationKind = "powed"
    rss_min_dbm: Annotated[float, Field(lt=0)] | None = None
    """The RSS that counts as not heard; None takes the lowest in training, minus 1."""
    row_normalise: bool = True
    """Scale each scan to Euclidean norm 1: takes a device's gain out."""
    access_point_dropout: Share = 0.5
    """Each scan loses a share of its readings drawn from [0, this]."""
    gain: NonNegative = 0.05
    """Standard deviation of a factor on a scan's whole representation."""
    offset: NonNegative = 0.0
    """Standard deviation of a number added to all readings of a scan, in units of the representation."""
    noise: NonNegative = 0.03
    """Standard deviation added to each reading's representation."""
    pretraining_share: Share = 0.25
    """Length of a network's own pre-training, as a share of the stage that follows; most have none."""
    weight_labels: NonNegative = 0.0
    """Metres of error that a nat of cross-entropy of floor or building counts as; 0: no such outputs."""


Recipe = TypeVar("Recipe", bound=LearningRecipe)


@dataclass(frozen=True)
class Budget:
    """Length of a run, in epochs, minutes or updates; nothing means the recipe's own length."""

    epochs: int | None = None
    minutes: float | None = None
    updates: int | None = None
    in_paper: bool = False
    """The epochs of the paper, for each building that learns; with no other length."""

    def __post_init__(self) -> None:
        lengths = {"epochs": self.epochs, "minutes": self.minutes, "updates": self.updates}
        given = [name for name, value in lengths.items() if value is not None]
        given += ["the epochs of the paper"] if self.in_paper else []
        if len(given) > 1:
            raise BadInputError(f"give either {given[0]} or {given[1]}, not both")
        for name, value in lengths.items():
            if value is not None and not 0 < value < math.inf:
                raise BadInputError(f"{name} must be a positive number, it is {value}")

    def n_steps(self, n_scans: int, recipe: OptimiserRecipe, recipe_epochs: int | None = None) -> int:
        """Steps of a stage; with minutes, a first guess that the loop corrects once it knows its speed.

        Parameters
        ----------
        n_scans : of the training data
        recipe : its `updates` are the length where nothing else is given
        recipe_epochs : length that goes before `updates`, as in the paper's recipe
        """
        if self.updates:
            return self.updates
        epochs = epochs_in_paper(n_scans) if self.in_paper else self.epochs or recipe_epochs
        return epochs * steps_per_epoch(n_scans, recipe.batch_size) if epochs else recipe.updates


def steps_per_epoch(n_scans: int, batch_size: int) -> int:
    """Whole batches in an epoch; a set smaller than a batch is one batch."""
    return max(1, n_scans // batch_size)


def make_optimizer(recipe: OptimiserRecipe, *modules: nn.Module) -> torch.optim.Optimizer:
    """The recipe's optimiser over the modules that still learn."""
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    if recipe.optimiser == "adamw":
        decay = recipe.weight_decay
        return torch.optim.AdamW(parameters, lr=recipe.learning_rate, weight_decay=decay, fused=True)
    return torch.optim.Adam(parameters, lr=recipe.learning_rate, fused=True)


def descend(optimizer: torch.optim.Optimizer, loss: Tensor, learning_rate: float) -> None:
    """One update of the optimiser's parameters, and of no others, down the gradient of `loss`."""
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
    """Learning rate after a share `progress` of the run.

    A pure function of progress, so that a resumed run or one measured in minutes follows the same curve.
    One cycle: from 1/25 up to the rate in the first 30 %, then down to 1/250,000, both on a cosine
    (Smith and Topin, "Super-convergence", 2019; PyTorch's OneCycleLR has the same shape).
    """
    if recipe.schedule == "constant":
        return recipe.learning_rate
    rise = 0.3
    low, high = (1 / 25, 1.0) if progress < rise else (1 / 2.5e5, 1.0)
    height = progress / rise if progress < rise else (1 - progress) / (1 - rise)
    return recipe.learning_rate * (low + (high - low) * (1 - math.cos(math.pi * height)) / 2)


def changed_recipe(
    recipes: Mapping[str, Recipe], name: str, given: Mapping[str, Any], network: NetworkSpec | None = None
) -> Recipe:
    """The recipe called `name` with the changes of the network's author and, over them, those `given`.

    Raises
    ------
    UnknownNameError
        If the recipe or a setting does not exist.
    BadInputError
        If a value is not allowed.
    """
    if name not in recipes:
        raise UnknownNameError("recipe", name, recipes)
    recipe = recipes[name]
    of_network = dict(network.recipes.get(name, {})) if network else {}
    changed = recipe.model_dump() | of_network | dict(given)
    settings = checked_settings(type(recipe), changed, "setting of the recipe")
    return type(recipe)(**settings)


def epochs_in_paper(n_train: int) -> int:
    """Epochs of the paper for a training set of this size (section 4.1).

    Tampere (697 scans) 2000, UTS (9,108) 400, UJIIndoorLoc (19,937) 500; another building takes those of
    the one nearest in size.
    """
    published = {697: 2000, 9108: 400, 19937: 500}
    nearest = min(published, key=lambda size: abs(math.log(size / n_train)))
    return published[nearest]
