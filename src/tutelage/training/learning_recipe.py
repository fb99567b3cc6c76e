"""How any network here learns: input pipeline, pre-training, optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field
from torch import Tensor

from tutelage.data.representation import FILLED, InputKind
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.networks import InitialWeights, NetworkSpec, checked_settings
from tutelage.training.optimiser import NonNegative, OptimiserRecipe, steps_per_epoch
from tutelage.training.paper_settings import epochs_in_paper, learning_rate_in_paper

__all__ = ["LABELS", "LearningRecipe", "SupervisedRecipe", "changed_recipe"]

Share = Annotated[float, Field(ge=0, le=1)]

# For default recipes that learn a building: floors at hardly any change in position (research/networks.md).
LABELS: dict[str, Any] = {"weight_labels": 2.0}


class LearningRecipe(OptimiserRecipe):
    """Settings shared by both phases."""

    representation: InputKind = "powed"
    """Form of the readings: `positive` is linear in dBm, `exponential` and `powed` stress strong readings.

    `filled` is dBm, with 100 where nothing is heard, as the paper says. It takes no augmentation.
    """
    rss_min_dbm: Annotated[float, Field(lt=0)] | None = None
    """RSS in dBm that counts as not heard. By default, the lowest training reading minus 1 dB."""
    row_normalise: bool = True
    """Scale each scan to length 1. This removes the gain of a phone."""
    access_point_dropout: Share = 0.5
    """In training, each scan loses a random share of its readings, at most this one."""
    gain: NonNegative = 0.05
    """In training, each scan is scaled by 1 plus noise of this standard deviation."""
    offset: NonNegative = 0.0
    """In training, noise of this standard deviation shifts all readings of a scan together."""
    noise: NonNegative = 0.03
    """In training, noise of this standard deviation is added to each reading."""
    pretraining_share: Share = 0.25
    """Length of a network's own pre-training, as a share of the next stage. Only CNNLoc has one."""
    weight_labels: NonNegative = 0.0
    """Weight of floor and building in the loss, in m for each nat of cross-entropy. 0 does not learn them."""
    length: Literal["updates", "paper_epochs"] = "updates"
    """Length of a stage where no budget sets it: `updates`, or the epochs of the paper for the data set."""

    last_batch: Literal["dropped", "kept"] = "dropped"
    """Whether the last batch of an epoch counts if it is not whole."""
    learning_rates: Literal["one", "by_set"] = "one"
    """`one` learning rate for all surveys, or `by_set`: 1e-4 for UTSIndoorLoc, `learning_rate` elsewhere."""
    initial_weights: InitialWeights = "pytorch"
    """First weights: PyTorch's or the network's author's, or those of Keras: Glorot uniform, zero biases."""
    loss_unit: Literal["metres", "standardised"] = "metres"
    """Unit of J_MAE in a loss: `metres`, or `standardised`, the spread of the building's positions (A22)."""

    def for_survey(self, survey: str) -> Self:
        """Settle the learning rate by the name of the survey.

        Parameters
        ----------
        survey : str
            Name of the survey; "" if it has none.

        Returns
        -------
        Self
            The other settings are the same.
        """
        if self.learning_rates == "one":
            return self
        rate = min(self.learning_rate, learning_rate_in_paper(survey))
        return self.model_copy(update={"learning_rate": rate})

    def in_loss(self, distance_m: Tensor, scale_m: float) -> Tensor:
        """Convert a distance to the unit of the loss.

        Parameters
        ----------
        distance_m : Tensor
            In metres.
        scale_m : float
            Metres of one unit of the standardised coordinates.

        Returns
        -------
        Tensor
            Of the same shape.
        """
        return distance_m if self.loss_unit == "metres" else distance_m / scale_m

    def steps_per_epoch(self, n_scans: int) -> int:
        """Count the batches in an epoch; see `OptimiserRecipe.steps_per_epoch`."""
        return steps_per_epoch(n_scans, self.batch_size, keep_last=self.last_batch == "kept")

    def own_length(self, n_scans: int, survey: str) -> int:
        """Count the steps of a stage where no other length is set; see `OptimiserRecipe.own_length`."""
        if self.length == "paper_epochs":
            return epochs_in_paper(n_scans, survey) * self.steps_per_epoch(n_scans)
        return self.updates


class SupervisedRecipe(LearningRecipe):
    """Settings of the supervised training of one network, which may end in the mean of its weights."""

    averaged: Share = 0.0
    """Average the weights over this last part of the training (Izmailov et al. 2018). 0 averages nothing."""


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
    changed = type(recipe)(**checked_settings(type(recipe), settings, "setting of the recipe"))
    _require_plain_input(changed)
    return changed


def _require_plain_input(recipe: LearningRecipe) -> None:
    """Refuse augmentation and norms of readings that are filled with 100: a 100 there is no reading."""
    names = ("row_normalise", "access_point_dropout", "gain", "offset", "noise")
    spoiling = [name for name in names if getattr(recipe, name)]
    if recipe.representation == FILLED and spoiling:
        raise BadInputError(
            f"representation = {FILLED} takes readings as they are; set {', '.join(spoiling)} to 0, or take "
            "the recipe printed"
        )
