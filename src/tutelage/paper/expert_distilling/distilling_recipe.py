"""Settings of Expert Distilling: the paper's and ours. A-numbers: docs/concepts/framework.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from tutelage.errors import BadInputError
from tutelage.networks import NetworkSpec
from tutelage.paper.expert_training import PAPER_INPUT, PRINTED_INPUT
from tutelage.training import LABELS, SupervisedRecipe, changed_recipe

__all__ = ["DistillingRecipe", "distilling_recipe"]

Weight = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class DistillingRecipe(SupervisedRecipe):
    """Expert Distilling (Paper, section 3.2, Eq. 12)."""

    weight_mae: Annotated[float, Field(gt=0)] = 3.0
    """Weight of the position error J_MAE. All weights are divided by their sum."""
    weight_sim: Weight = 0.5
    """Weight of the angular similarity J_Sim to the teachers. 0 turns it off."""
    weight_mi: Weight = 0.5
    """Weight of the mutual information J_MI with the teachers. 0 turns it off."""
    weight_fi: Weight = 0.5
    """Weight of the functional information J_FI. 0 turns it off."""
    share_sim: Share = 0.0
    """Share of the gradient on the network at which J_Sim is held. 0 holds nothing: `weight_sim` stays.

    The weight of the term follows the norms of the gradients, measured every five steps. The shares are of
    the overall loss; floors and buildings stand beside it.
    """
    share_mi: Share = 0.0
    """Share of the gradient on the network at which J_MI is held, as `share_sim`."""
    share_fi: Share = 0.0
    """Share of the gradient on the network at which J_FI is held, as `share_sim`."""
    margin_rad: Annotated[float, Field(ge=0, lt=1.57)] = 0.2
    """Margin in rad that J_Sim adds to the angle between two representations."""
    sim_form: Literal["batch_mean", "per_sample"] = "per_sample"
    """J_Sim of the batch's mean cosine, or of each scan (A1)."""
    pairing: Literal["random", "location", "transport", "fixed_noise"] = "location"
    """Which generated sample belongs to a scan (A4).

    `random`: fresh noise, at a place drawn from the teacher's histogram. `location`: at the scan's place in
    its own floor plan. `transport`: random, then matched within the batch by optimal transport on the cosine.
    `fixed_noise`: as `location`, with one noise for each training scan.
    """
    mi_form: Literal["jensen_shannon", "infonce"] = "jensen_shannon"
    """Bound on the mutual information: that of Eq. 4, or InfoNCE over the pairs of the batch (A5)."""
    mi_sign: Literal["maximise", "literal"] = "maximise"
    """`maximise` rewards J_MI. `literal` adds it to the loss as in Eq. 12: a negative control (A6)."""
    fi_form: Literal["literal", "scale_free", "log_ratio", "least_squares", "jacobian"] = "log_ratio"
    """How the sensitivities of two Extractors are compared (A10)."""
    fi_contraction: Literal["batch", "features"] = "batch"
    """What the product inside T of Eq. 8 runs over: the `batch`, or the `features` as printed (A8).

    `features` needs vectors with d_F = d_E, in the student and in its teachers.
    """
    fi_distance: Literal["absolute", "squared"] = "absolute"
    """Difference from each teacher's sensitivity: `absolute` as in Eq. 11, or `squared`.

    Absolute differences have no gradient while the student's sensitivity lies between those of two teachers.
    Squared ones pull it to the teachers' mean.
    """
    fi_where_refused: bool = False
    """Take J_FI also for a network whose author refuses it, such as bAaT."""
    mae_form: Literal["student", "both"] = "student"
    """J_MAE of the student's own answers, or `both` terms of Eq. 2: also of its Regressor's for what each
    teacher generates, the mean over teachers."""
    power_iterations: Annotated[int, Field(ge=1)] = 15
    """Steps of the power iteration that finds a sensitivity."""

    def weights_in_use(self) -> dict[str, float]:
        """Return the weight of each term of the overall loss that is in use, by the term's name.

        Returns
        -------
        dict of str to float
            J_MAE, J_Sim, J_MI, J_FI; "G J_MAE" is the second term of Eq. 2.
        """
        generated = {"G J_MAE": self.weight_mae} if self.mae_form == "both" else {}
        constraints = {"J_Sim": self.weight_sim, "J_MI": self.weight_mi, "J_FI": self.weight_fi}
        in_use = {name: weight for name, weight in constraints.items() if weight}
        return {"J_MAE": self.weight_mae, **generated, **in_use}

    def held_shares(self) -> dict[str, float]:
        """Return the share of the gradient of each term that is held at one, by the term's name.

        Returns
        -------
        dict of str to float
            Those of J_Sim, J_MI and J_FI whose share is not 0.
        """
        shares = {"J_Sim": self.share_sim, "J_MI": self.share_mi, "J_FI": self.share_fi}
        return {name: share for name, share in shares.items() if share}


_RECIPES = {
    "paper": DistillingRecipe(**PAPER_INPUT, sim_form="batch_mean", pairing="random", fi_form="scale_free"),
    "printed": DistillingRecipe(
        **PRINTED_INPUT, sim_form="batch_mean", pairing="random", fi_form="literal", mae_form="both"
    ),
    "default": DistillingRecipe(**LABELS),
}


def distilling_recipe(
    name: str, changes: dict[str, Any] | None = None, network: NetworkSpec | None = None
) -> DistillingRecipe:
    """Make the recipe of Expert Distilling for a network, with its settings checked.

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
    DistillingRecipe
        The recipe.

    Raises
    ------
    UnknownNameError, BadInputError
        If the recipe or a setting does not exist, or a value is not allowed; if J_FI is switched
        on and the network's author says that it has no meaning there; if the shares cannot be held.
    """
    recipe = _recipe_for(name, changes or {}, network)
    _require_holdable_shares(recipe)
    return recipe


def _recipe_for(name: str, changes: Mapping[str, Any], network: NetworkSpec | None) -> DistillingRecipe:
    """Make the recipe, without J_FI where the network's author refuses it."""
    recipe = changed_recipe(_RECIPES, name, changes, network)
    if network is None or not network.no_functional_information or recipe.fi_where_refused:
        return recipe
    if ("weight_fi" in changes and recipe.weight_fi) or recipe.share_fi:
        name = "share_fi" if recipe.share_fi else "weight_fi"
        raise BadInputError(
            f"J_FI is refused for network {network.name!r}: {network.no_functional_information}; "
            f"leave {name} out, set it to 0, or set fi_where_refused=true"
        )
    return recipe.model_copy(update={"weight_fi": 0.0})


def _require_holdable_shares(recipe: DistillingRecipe) -> None:
    """Refuse a share of a term that is turned off, and shares that leave nothing to J_MAE."""
    held = recipe.held_shares()
    if off := held.keys() - recipe.weights_in_use().keys():
        suffix = sorted(off)[0].removeprefix("J_").lower()
        raise BadInputError(
            f"share_{suffix} = {getattr(recipe, f'share_{suffix}'):g} holds a term that weight_{suffix} = 0 "
            f"turns off; leave share_{suffix} out, or give weight_{suffix} a value above 0"
        )
    if (whole := sum(held.values())) >= 1:
        raise BadInputError(
            f"share_sim, share_mi and share_fi are {whole:g} together; J_MAE has the rest, so their sum "
            "must be below 1"
        )
