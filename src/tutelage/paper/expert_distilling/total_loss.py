"""The overall loss of Expert Distilling (Paper, Eq. 12) and the constraints in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from tutelage.losses import (
    MutualInformationEstimator,
    angular_similarity,
    compare_norms,
    functional_information,
    jacobian_spectral_norm,
    mean_distance,
    mutual_information,
    shifted_estimate,
)
from tutelage.networks import Representations, SpecializedNetwork, initialise
from tutelage.paper.expert_distilling.acting_terms import ActingTerms
from tutelage.paper.expert_distilling.distilling_recipe import DistillingRecipe
from tutelage.paper.expert_distilling.pairing import Pairing
from tutelage.paper.expert_training import Generated, Teacher
from tutelage.precision import full_precision
from tutelage.training import Batch, GradientShares, TrainingData, TrainState, is_look

__all__ = ["Constraints", "DistillingTerms", "overall_loss"]


def overall_loss(
    j_mae: Tensor,
    terms: Mapping[str, Tensor],
    recipe: DistillingRecipe,
    held_weights: Mapping[str, Tensor] | None = None,
) -> Tensor:
    """Compute the overall loss (Eq. 12), the weighted mean of the error and the constraints.

    Parameters
    ----------
    j_mae : Tensor
        Mean error of the position, in the unit of the loss (scalar).
    terms : Mapping of Tensor
        Those of J_Sim, J_MI and J_FI that are in use (scalars).
    recipe : DistillingRecipe
        The weights, which are divided by the sum of those in use, and the sign of J_MI (A6).
    held_weights : Mapping of Tensor, optional
        Weights of terms that are held at a share of the gradient (scalars). They take the place of the
        recipe's, but not in the sum.

    Returns
    -------
    Tensor
        Scalar, to be minimised.
    """
    weight = {"J_Sim": recipe.weight_sim, "J_MI": recipe.weight_mi, "J_FI": recipe.weight_fi}
    used: dict[str, float | Tensor] = {**weight, **(held_weights or {})}
    sign = {"J_MI": -1.0 if recipe.mi_sign == "maximise" else 1.0}
    total = recipe.weight_mae * j_mae
    for name, term in terms.items():
        total = total + used[name] * sign.get(name, 1.0) * term
    return total / (recipe.weight_mae + sum(weight[name] for name in terms))


class Constraints:
    """The triplet of constraints, each over all teachers.

    Parameters
    ----------
    psi : MutualInformationEstimator
        The one estimator for all teachers.
    teacher_extractors : sequence of Module
        E^G of each teacher.
    student_extractor : Module
        E^S.
    recipe : DistillingRecipe
        Forms and weights; a weight of 0 leaves its term out.
    """

    def __init__(
        self,
        psi: MutualInformationEstimator,
        teacher_extractors: Sequence[nn.Module],
        student_extractor: nn.Module,
        recipe: DistillingRecipe,
    ) -> None:
        self.psi = psi
        self.teacher_extractors = teacher_extractors
        self.student_extractor = student_extractor
        self.recipe = recipe

    def __call__(self, student: Representations, generated: Sequence[Generated]) -> dict[str, Tensor]:
        """Compute the terms in use.

        Parameters
        ----------
        student : Representations
            Output of the student for a batch.
        generated : sequence of Generated
            Output of each teacher, row k to be compared with row k of the student's.

        Returns
        -------
        dict of Tensor
            Those of J_Sim, J_MI and J_FI whose weight is not 0 (scalars).
        """
        terms = {}
        if self.recipe.weight_sim:
            terms["J_Sim"] = self.similarity(student, generated)
        if self.recipe.weight_mi:
            terms["J_MI"] = self.mutual_information(student, generated)
        if self.recipe.weight_fi:
            with full_precision(student.z_e):
                terms["J_FI"] = self.functional_information(student, generated)
        return terms

    def similarity(self, student: Representations, generated: Sequence[Generated]) -> Tensor:
        """Compute J_Sim (Eq. 1), the mean over teachers (A2); parameters as for a call."""
        margin_rad = self.recipe.margin_rad
        form = self.recipe.sim_form
        distances = [
            angular_similarity(student.z_e, each.z_e, margin_rad=margin_rad, form=form) for each in generated
        ]
        return torch.stack(distances).mean()

    def mutual_information(self, student: Representations, generated: Sequence[Generated]) -> Tensor:
        """Compute J_MI (Eq. 4), the sum over teachers; parameters as for a call."""
        form = self.recipe.mi_form
        bounds = [mutual_information(self.psi, student.z_e, each.z_e, form=form) for each in generated]
        return torch.stack(bounds).sum()

    def functional_information(self, student: Representations, generated: Sequence[Generated]) -> Tensor:
        """Compute J_FI (Eq. 11), the sum over teachers; parameters as for a call."""
        n = self.recipe.power_iterations
        form = self.recipe.fi_form
        if form == "jacobian":
            return self._jacobian_difference(student, generated)
        teachers = [(each.z_f, each.z_e) for each in generated]
        return functional_information(
            student.z_f,
            student.z_e,
            teachers,
            form=form,
            contraction=self.recipe.fi_contraction,
            iterations=n,
            squared=self.recipe.fi_distance == "squared",
        )

    def _jacobian_difference(self, student: Representations, generated: Sequence[Generated]) -> Tensor:
        """J_FI from the Extractors' Jacobians (A10)."""
        n = self.recipe.power_iterations
        student_norm = jacobian_spectral_norm(self.student_extractor, student.z_f, iterations=n)
        norms = [
            jacobian_spectral_norm(extractor, each.z_f, iterations=n).detach()
            for extractor, each in zip(self.teacher_extractors, generated, strict=True)
        ]
        squared = self.recipe.fi_distance == "squared"
        return torch.stack([compare_norms(norm, student_norm, squared=squared) for norm in norms]).sum()


class DistillingTerms:
    """The terms that teachers add to the training of a network, for `train_network`.

    Make it inside the run's seeded block: the weights of Psi and the kept noise are drawn here.

    Parameters
    ----------
    network : SpecializedNetwork
        The network that learns.
    teachers : sequence of Teacher
        Frozen surrogate teachers, all of the same d_E.
    data : TrainingData
        Training data of the network's building.
    recipe : DistillingRecipe
        Forms and weights of the terms.
    """

    def __init__(
        self,
        network: SpecializedNetwork,
        teachers: Sequence[Teacher],
        data: TrainingData,
        recipe: DistillingRecipe,
    ) -> None:
        self.recipe = recipe
        self.network = network
        self.scale_m = data.scaler.scale_m
        psi = MutualInformationEstimator(teachers[0].card.d_e)
        self.psi = initialise(psi, recipe.initial_weights).to(data.device)
        self.pairing = Pairing(teachers, recipe, len(data), data.device)
        extractor = network.part("extractor")
        self.constraints = Constraints(self.psi, self.pairing.extractors, extractor, recipe)
        self.acting = ActingTerms(recipe, data.device)
        self.fingerprint = {"teachers": [[each.card.source, each.content_hash()] for each in teachers]}

    @property
    def modules(self) -> dict[str, nn.Module]:
        """Psi, which learns together with the network, and the record of what acts."""
        return {"psi": self.psi, "acting": self.acting}

    @property
    def gradient_shares(self) -> GradientShares | None:
        """The share of each term in the gradient on the network; see `LossTerms.gradient_shares`."""
        return self.acting.shares()

    def error_of_generated_m(self, generated: Sequence[Generated], batch: Batch) -> Tensor:
        """Compute the second term of Eq. 2 in metres: the Regressor's error for what teachers generate.

        Parameters
        ----------
        generated : sequence of Generated
            Output of each teacher for the batch.
        batch : Batch
            The training scans, with the true positions.

        Returns
        -------
        Tensor
            Scalar, the mean over teachers. Its gradient reaches the Regressor alone.
        """
        errors_m = [
            mean_distance(self.network.regress(each.z_e), batch.position, scale_m=self.scale_m)
            for each in generated
        ]
        return torch.stack(errors_m).mean()

    def total(
        self, j_mae: Tensor, output: Representations, batch: Batch, state: TrainState
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the overall loss and the terms to report; see `LossTerms.total`."""
        generated = self.pairing(batch, output.z_e)
        terms = self.constraints(output, generated)
        metrics = dict(terms)
        all_terms = {"J_MAE": j_mae, **terms}
        if self.recipe.mae_form == "both":
            metrics["G J_MAE"] = self.error_of_generated_m(generated, batch)
            all_terms["G J_MAE"] = self.recipe.in_loss(metrics["G J_MAE"], self.scale_m)
            j_mae = j_mae + all_terms["G J_MAE"]
        self.acting.hold(all_terms, self.network, state.step)
        loss = overall_loss(j_mae, terms, self.recipe, self.acting.held_weights())
        if is_look(state.step + 1, state.n_steps):
            metrics |= self.acting.look(all_terms, self.network, self.psi)
        if "J_MI" in terms and self.recipe.mi_form == "jensen_shannon":  # A7: 0 where nothing is shared
            metrics["J_MI"] = shifted_estimate(terms["J_MI"].detach() / len(generated))
        return loss, metrics
