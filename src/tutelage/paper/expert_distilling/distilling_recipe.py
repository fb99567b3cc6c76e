"""Settings of Expert Distilling: the paper's recipe and ours. A-numbers are rows of docs/method.md."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from tutelage.errors import BadInputError
from tutelage.networks import NetworkSpec
from tutelage.paper.expert_training import PAPER_INPUT
from tutelage.training import LABELS, LearningRecipe, changed_recipe

__all__ = ["DistillingRecipe", "distilling_recipe"]

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]


class DistillingRecipe(LearningRecipe):
    """Expert Distilling (Paper, section 3.2, Eq. 12)."""

    averaged: Share = 0.0
    """Last part of the run over whose steps the weights are averaged (Izmailov et al. 2018); 0: none."""
    weight_mae: Annotated[float, Field(gt=0)] = 3.0
    weight_sim: Weight = 0.5
    weight_mi: Weight = 0.5
    weight_fi: Weight = 0.5
    """Weights are divided by the sum of those in use; 0 turns a constraint off."""
    margin_rad: Annotated[float, Field(ge=0, lt=1.57)] = 0.2
    sim_form: Literal["batch_mean", "per_sample"] = "per_sample"
    """A1: the margin of J_Sim on the batch's mean cosine, or on each sample's."""
    pairing: Literal["random", "location", "transport", "fixed_noise"] = "location"
    """A4: which generated sample meets a student's sample.

    random: fresh noise, at a place drawn from the teacher's histogram; location: at the student's place in
    its own floor plan; transport: random, then matched within the batch by optimal transport on the cosine;
    fixed_noise: location, with one noise for each training scan kept over all epochs.
    """
    mi_form: Literal["jensen_shannon", "infonce"] = "jensen_shannon"
    """A5: Eq. 4, or InfoNCE with all other pairs of the batch as negatives."""
    mi_sign: Literal["maximise", "literal"] = "maximise"
    """A6: Eq. 12 as printed adds J_MI to a loss; `literal` keeps that as a negative control."""
    fi_form: Literal["literal", "scale_free", "log_ratio", "least_squares", "jacobian"] = "log_ratio"
    """A10: how the sensitivities of two extractors are compared."""
    power_iterations: Annotated[int, Field(ge=1)] = 15


_RECIPES = {
    "paper": DistillingRecipe(**PAPER_INPUT, sim_form="batch_mean", pairing="random", fi_form="scale_free"),
    "default": DistillingRecipe(**LABELS),
}


def distilling_recipe(
    name: str, given: dict[str, Any] | None = None, network: NetworkSpec | None = None
) -> DistillingRecipe:
    """The recipe `name` as `network` learns by it, with the settings `given` changed, checked.

    Raises
    ------
    BadInputError
        If J_FI is asked for and the network's author says that it has no meaning there.
    """
    recipe = changed_recipe(_RECIPES, name, given or {}, network)
    if network is None or not network.no_functional_information:
        return recipe
    if "weight_fi" in (given or {}) and recipe.weight_fi:
        raise BadInputError(
            f"J_FI is refused for network {network.name!r}: {network.no_functional_information}; "
            "leave weight_fi out, or set it to 0"
        )
    return recipe.model_copy(update={"weight_fi": 0.0})
