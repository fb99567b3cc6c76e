"""How any network here learns: input pipeline, pre-training, optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field

from tutelage.data.representation import RepresentationKind
from tutelage.errors import UnknownNameError
from tutelage.networks import NetworkSpec, checked_settings
from tutelage.training.optimiser import NonNegative, OptimiserRecipe

__all__ = ["LABELS", "LearningRecipe", "SupervisedRecipe", "changed_recipe"]

Share = Annotated[float, Field(ge=0, le=1)]

# For the default recipes that learn a building: floors at next to no change in position (research/networks.md).
LABELS: dict[str, Any] = {"weight_labels": 2.0}


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
    """Length of a network's own pre-training, as a share of the next stage; most networks have none."""
    weight_labels: NonNegative = 0.0
    """Metres of error that one nat of the labels' cross-entropy counts as; 0 leaves the labels out."""


class SupervisedRecipe(LearningRecipe):
    """Settings of the supervised training of one network, which may end in the mean of its weights."""

    averaged: Share = 0.0
    """Last part of the run over whose steps the weights are averaged (Izmailov et al. 2018); 0: none."""


Recipe = TypeVar("Recipe", bound=LearningRecipe)


def changed_recipe(
    recipes: Mapping[str, Recipe], name: str, changes: Mapping[str, Any], network: NetworkSpec | None = None
) -> Recipe:
    """Change the settings of a recipe.

    Parameters
    ----------
    recipes : Mapping
        The recipes, by name.
    name : str
        Name of the recipe.
    changes : Mapping
        New values by name; they go before those of the network.
    network : NetworkSpec, optional
        The network that learns; its author's changes to the recipe are taken.

    Returns
    -------
    Recipe
        A recipe with checked settings.

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
    network_changes = dict(network.recipes.get(name, {})) if network else {}
    settings = recipe.model_dump() | network_changes | dict(changes)
    return type(recipe)(**checked_settings(type(recipe), settings, "setting of the recipe"))
