"""Settings of the transfer methods: with the paper's way of learning, and with ours."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from tutelage.networks import NetworkSpec
from tutelage.paper.expert_training import PAPER_INPUT, PRINTED_INPUT
from tutelage.training import LABELS, LearningRecipe, changed_recipe

__all__ = ["TransferRecipe", "transfer_recipe"]


class TransferRecipe(LearningRecipe):
    """Sequential and collective transfer; a network's own pre-training is left out (see `behind_encoder`)."""

    encoder_width: Annotated[int, Field(ge=1)] = 256
    """Units of the encoder that each building has for itself."""
    trunk: Literal["tuned", "frozen"] = "tuned"
    """Whether the shared Framer and Extractor go on learning on the target: `tuned`, or `frozen`."""
    regressor: Literal["kept", "new"] = "kept"
    """Whether the target starts from the sources' Regressor or from fresh weights. It learns either way."""


_RECIPES = {
    "paper": TransferRecipe(**PAPER_INPUT),
    "printed": TransferRecipe(**PRINTED_INPUT),
    "default": TransferRecipe(**LABELS),
}


def transfer_recipe(
    name: str, changes: dict[str, Any] | None = None, network: NetworkSpec | None = None
) -> TransferRecipe:
    """Make the recipe of transfer for a network, with its settings checked.

    Parameters
    ----------
    name : {"default", "paper", "printed"}
        Name of the recipe.
    changes : dict, optional
        New values of settings, by name.
    network : NetworkSpec, optional
        The network that learns; its author's changes to the recipe are taken.

    Returns
    -------
    TransferRecipe
        The recipe.

    Raises
    ------
    UnknownNameError, BadInputError
        If the recipe or a setting does not exist, or a value is not allowed.
    """
    return changed_recipe(_RECIPES, name, changes or {}, network)
