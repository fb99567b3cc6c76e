"""Expert Distilling (Paper, section 3.2): a student learns its building under several teachers (Eq. 12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from tutelage_keras.constraints import (
    MutualInformationEstimator,
    angular_similarity,
    functional_information,
    mean_distance,
    mutual_information,
)
from tutelage_keras.student import Representations, Student
from tutelage_keras.teacher import Generated, Teacher

__all__ = ["RECIPES", "DistillingRecipe", "ExpertDistilling", "overall_loss"]

Tensor = Any


@dataclass(frozen=True)
class DistillingRecipe:
    """Settings of Eq. 12, by the names and defaults of tutelage's recipe "default"."""

    weight_mae: float = 3.0
    """Weight of J_MAE. All weights are divided by their sum."""
    weight_sim: float = 0.5
    weight_mi: float = 0.5
    weight_fi: float = 0.5
    margin_rad: float = 0.2
    sim_form: str = "per_sample"
    pairing: str = "location"
    """Teachers answer for a scan's own "location", or for places drawn at "random" from their card."""
    fi_form: str = "log_ratio"
    mae_form: str = "student"
    """J_MAE of the "student", or of "both" terms of Eq. 2: also of its regressor for what teachers give."""
    power_iterations: int = 15


RECIPES = {
    "paper": DistillingRecipe(sim_form="batch_mean", pairing="random", fi_form="scale_free"),
    "printed": DistillingRecipe(sim_form="batch_mean", pairing="random", fi_form="literal", mae_form="both"),
    "default": DistillingRecipe(),
}


def overall_loss(
    student: Representations,
    generated: Sequence[Generated],
    position: Tensor,
    *,
    regressor: keras.Layer,
    psi: MutualInformationEstimator,
    scale_m: float,
    recipe: DistillingRecipe,
    start: Tensor | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Eq. 12 for a batch, and its terms. Row k of each teacher belongs to row k of the student.

    J_Sim is a mean over teachers, J_MI and J_FI are sums. `start` is the first vector of the power iteration.
    """
    j_mae = mean_distance(student.position, position, scale_m)
    if recipe.mae_form == "both":
        errors = [mean_distance(regressor(each.z_e), position, scale_m) for each in generated]
        j_mae = j_mae + ops.mean(ops.stack(errors))
    similarities = [
        angular_similarity(student.z_e, each.z_e, margin_rad=recipe.margin_rad, form=recipe.sim_form)
        for each in generated
    ]
    terms = {
        "J_MAE": j_mae,
        "J_Sim": ops.mean(ops.stack(similarities)),
        "J_MI": ops.sum(ops.stack([mutual_information(psi, student.z_e, each.z_e) for each in generated])),
        "J_FI": functional_information(
            student.z_f,
            student.z_e,
            generated,
            form=recipe.fi_form,
            iterations=recipe.power_iterations,
            start=start,
        ),
    }
    weights = {
        "J_MAE": recipe.weight_mae,
        "J_Sim": recipe.weight_sim,
        "J_MI": -recipe.weight_mi,
        "J_FI": recipe.weight_fi,
    }
    total = sum(weight * terms[name] for name, weight in weights.items() if weight)
    return total / sum(map(abs, weights.values())), terms


class ExpertDistilling(keras.Model):
    """Trains a student with teachers. `compile(optimizer)` it, and `fit` it with

        model.fit({"scans": scans, "place": place}, position)

    for scans [n, n_ap], places [n, 2] in the unit square and standardised positions [n, 2] of the target
    building. Afterwards the student is an ordinary Keras model from scans to positions. A weight of 0 leaves
    its term out of the loss.
    """

    def __init__(
        self,
        student: Student,
        teachers: Sequence[Teacher],
        *,
        scale_m: float,
        recipe: str | DistillingRecipe = "default",
    ) -> None:
        super().__init__()
        widths = {teacher.card["d_e"] for teacher in teachers}
        if len(widths) != 1:
            raise ValueError(
                f"Expert Distilling takes teachers of one d_E, at least one; it got {sorted(widths)}"
            )
        self.student = student
        self.generators = [teacher.generator for teacher in teachers]
        self.histograms = [np.asarray(teacher.card["place_histogram"]) for teacher in teachers]
        self.psi = MutualInformationEstimator(*widths)
        self.recipe = RECIPES[recipe] if isinstance(recipe, str) else recipe
        self.scale_m = scale_m
        self.seed = keras.random.SeedGenerator()
        self.terms = {name: keras.metrics.Mean(name) for name in ("J_MAE", "J_Sim", "J_MI", "J_FI")}

    def call(self, batch: dict[str, Tensor], training: bool = False) -> dict[str, Any]:
        """Representations of the student and of each teacher, for a batch of scans and their places."""
        places = [batch["place"]] * len(self.generators)
        if self.recipe.pairing == "random":
            places = [self._places_from(each, batch["place"]) for each in self.histograms]
        generated = [generator.at(place) for generator, place in zip(self.generators, places, strict=True)]
        return {
            "student": self.student.representations(batch["scans"], training=training),
            "generated": [Generated(*map(ops.stop_gradient, each)) for each in generated],
        }

    def compute_loss(self, _x: Any, y: Any, y_pred: Any, *_: Any, **__: Any) -> Tensor:
        """Eq. 12; its terms are what `fit` reports."""
        loss, terms = overall_loss(
            y_pred["student"],
            y_pred["generated"],
            ops.convert_to_tensor(y),
            regressor=self.student.regressor,
            psi=self.psi,
            scale_m=self.scale_m,
            recipe=self.recipe,
        )
        for name, term in terms.items():
            self.terms[name].update_state(term)
        return loss

    def _places_from(self, histogram: np.ndarray, like: Tensor) -> Tensor:
        """Draw places [B, 2] from the shares of a card, [rows of y][columns of x]."""
        n = ops.shape(like)[0]
        rows, columns = histogram.shape
        with np.errstate(divide="ignore"):
            logits = ops.convert_to_tensor(np.log(histogram.reshape(1, -1)), dtype=like.dtype)
        cell = keras.random.categorical(logits, n, seed=self.seed)[0]
        corner = ops.cast(ops.stack([cell % columns, cell // columns], axis=1), like.dtype)
        inside = keras.random.uniform((n, 2), dtype=like.dtype, seed=self.seed)
        return (corner + inside) / ops.convert_to_tensor([columns, rows], dtype=like.dtype)
