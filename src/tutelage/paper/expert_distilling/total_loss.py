"""The overall loss of Expert Distilling (Paper, Eq. 12) and its step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from tutelage.losses import (
    COMPARISON_OF,
    MutualInformationEstimator,
    angular_similarity,
    compare_norms,
    jacobian_spectral_norm,
    mean_distance,
    mutual_information,
    sensitivity,
    shifted_estimate,
)
from tutelage.networks import Representations, SpecializedNetwork
from tutelage.paper.expert_distilling.distilling_recipe import DistillingRecipe
from tutelage.paper.expert_distilling.pairing import Pairing
from tutelage.paper.expert_training import Generated
from tutelage.training import Batch, LabelHeads, Step, TrainState, augmented, descend, learning_rate_at

__all__ = ["distilling_step", "overall_loss"]


def distilling_step(
    network: SpecializedNetwork,
    pairing: Pairing,
    psi: MutualInformationEstimator,
    optimizer: torch.optim.Optimizer,
    recipe: DistillingRecipe,
    scale_m: float,
    heads: LabelHeads | None = None,
) -> Step:
    """A step in which the student learns from its own scans and from all teachers at once.

    The estimator Psi learns with the student, from the same loss; so do the heads for floor and building,
    whose term is no constraint of the paper and is added to Eq. 12 as a whole.
    """
    constraints = Constraints(psi, pairing.extractors, network.part("extractor"), recipe)

    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        network.train()
        student = network(augmented(batch.scans, recipe))
        j_mae = mean_distance(student.position, batch.position, scale_m=scale_m)
        taught = pairing(batch, student.z_e)
        terms = constraints(student, taught)
        loss, shown = overall_loss(j_mae, terms, recipe), {"J_MAE": j_mae, **terms}
        if heads is not None:
            shown["J_labels"] = heads.loss(student.z_e, batch.labels)
            loss = loss + recipe.weight_labels * shown["J_labels"]
        descend(optimizer, loss, learning_rate_at(recipe, state.progress))
        if "J_MI" in terms and recipe.mi_form == "jensen_shannon":  # A7: 0 where nothing is shared
            shown["J_MI"] = shifted_estimate(terms["J_MI"] / len(taught))
        return {name: term.detach() for name, term in shown.items()}

    return step


def overall_loss(j_mae: Tensor, terms: Mapping[str, Tensor], recipe: DistillingRecipe) -> Tensor:
    """Eq. 12: the weighted sum, weights divided by the sum of those in use.

    Parameters
    ----------
    j_mae : mean error in metres
    terms : J_Sim, J_MI and J_FI, those in use
    """
    weight = {"J_Sim": recipe.weight_sim, "J_MI": recipe.weight_mi, "J_FI": recipe.weight_fi}
    sign = {"J_MI": -1.0 if recipe.mi_sign == "maximise" else 1.0}
    total = recipe.weight_mae * j_mae
    for name, term in terms.items():
        total = total + weight[name] * sign.get(name, 1.0) * term
    return total / (recipe.weight_mae + sum(weight[name] for name in terms))


class Constraints:
    """The triplet of constraints over several teachers; a weight of 0 leaves its term out.

    Parameters
    ----------
    psi : the one estimator for all teachers
    extractors : E^G of each teacher
    extractor : E^S
    recipe : forms and weights
    """

    def __init__(
        self,
        psi: MutualInformationEstimator,
        extractors: Sequence[nn.Module],
        extractor: nn.Module,
        recipe: DistillingRecipe,
    ) -> None:
        self.psi, self.extractors, self.extractor, self.recipe = psi, extractors, extractor, recipe

    def __call__(self, student: Representations, taught: Sequence[Generated]) -> dict[str, Tensor]:
        """J_Sim (mean over teachers, A2), J_MI and J_FI (sums over teachers)."""
        recipe, terms = self.recipe, {}
        if recipe.weight_sim:
            cosines = [
                angular_similarity(student.z_e, t.z_e, margin_rad=recipe.margin_rad, form=recipe.sim_form)
                for t in taught
            ]
            terms["J_Sim"] = torch.stack(cosines).mean()
        if recipe.weight_mi:
            bounds = [mutual_information(self.psi, student.z_e, t.z_e, form=recipe.mi_form) for t in taught]
            terms["J_MI"] = torch.stack(bounds).sum()
        if recipe.weight_fi:
            terms["J_FI"] = self._functional_information(student, taught)
        return terms

    def _functional_information(self, student: Representations, taught: Sequence[Generated]) -> Tensor:
        n, form = self.recipe.power_iterations, self.recipe.fi_form
        if form != "jacobian":
            own = sensitivity(student.z_f, student.z_e, form=form, iterations=n)
            with torch.no_grad():
                theirs = [sensitivity(t.z_f, t.z_e, form=form, iterations=n) for t in taught]
            return torch.stack([compare_norms(sigma, own, COMPARISON_OF[form]) for sigma in theirs]).sum()
        own = jacobian_spectral_norm(self.extractor, student.z_f, iterations=n)
        theirs = [
            jacobian_spectral_norm(extractor, t.z_f, iterations=n).detach()
            for extractor, t in zip(self.extractors, taught, strict=True)
        ]
        return torch.stack([compare_norms(norm, own) for norm in theirs]).sum()
