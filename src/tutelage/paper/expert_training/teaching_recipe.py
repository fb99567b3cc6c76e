"""Settings of Expert Training: the paper's and ours. A-numbers: docs/concepts/framework.md."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from tutelage.errors import BadInputError
from tutelage.networks import NetworkSpec
from tutelage.training import LearningRecipe, changed_recipe, learning_rate_in_paper

__all__ = ["PAPER_INPUT", "PRINTED_INPUT", "TeachingRecipe", "teaching_recipe"]

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Width = Annotated[int, Field(ge=1)]

# The paper names no augmentation, no schedule and no weight decay.
PAPER_INPUT: dict[str, Any] = {
    "row_normalise": False,
    "access_point_dropout": 0.0,
    "gain": 0.0,
    "noise": 0.0,
    "optimiser": "adam",
    "learning_rate": 1e-3,
    "weight_decay": 0.0,
    "schedule": "constant",
    "length": "paper_epochs",
}

# What section 4.1 says of input and training, to the letter.
PRINTED_INPUT: dict[str, Any] = PAPER_INPUT | {
    "representation": "filled",
    "last_batch": "kept",
    "learning_rates": "by_set",
    "initial_weights": "keras",
}


class TeachingRecipe(LearningRecipe):
    """Expert Training (Paper, section 3.1, Algorithm 2)."""

    generator: Literal["unconditional", "location"] = "location"
    """Input of the generator: noise alone, or noise and a place (A3)."""
    source: Literal["joint", "pretrained"] = "pretrained"
    """Train the source network before the generator, or together with it (A18)."""
    sim_form: Literal["batch_mean", "per_sample"] = "per_sample"
    """J_Sim of the batch's mean cosine, or of each scan (A1)."""
    margin_rad: Annotated[float, Field(ge=0, lt=1.57)] = 0.2
    """Margin in rad that J_Sim adds to the angle between two representations."""
    weight_mae: NonNegative = 1.0
    """Weight b2 of Algorithm 2. The paper does not give its value."""
    weight_sim: NonNegative = 1.0
    """Weight b3 of Algorithm 2. The paper does not give its value."""
    d_noise: Width = 64
    """Number of noise values that the generator reads."""
    d_f: Width = 256
    """Units of the generator's hidden layers."""
    critic_width: Width = 256
    """Units of the critic's hidden layers."""
    critic_steps: Width = 5
    """Updates of the critic before each update of the generator."""
    gradient_penalty: NonNegative = 10.0
    """Weight of the critic's gradient penalty."""
    generator_learning_rate: Positive = 5e-4
    """Largest learning rate of generator and critic."""
    source_pass: Literal["once", "each_step"] = "once"
    """How often a source network that learns together with its generator reads a batch for the critic.

    `once`: its representations serve all steps of the critic. `each_step`: again at each one, as in
    Algorithm 2; with dropout they differ.
    """
    held_out: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the source's reference points (or walks) that measures the teacher and teaches nothing."""

    def for_survey(self, survey: str) -> Self:
        """Settle the learning rates by the name of the survey; see `LearningRecipe.for_survey`."""
        settled = super().for_survey(survey)
        rate = min(self.generator_learning_rate, learning_rate_in_paper(survey))
        return settled if settled is self else settled.model_copy(update={"generator_learning_rate": rate})


_AS_IN_ALGORITHM_2: dict[str, Any] = {
    "generator": "unconditional",
    "source": "joint",
    "sim_form": "batch_mean",
    "generator_learning_rate": 1e-3,
}

_RECIPES = {
    "paper": TeachingRecipe(**PAPER_INPUT, **_AS_IN_ALGORITHM_2),
    "printed": TeachingRecipe(**PRINTED_INPUT, **_AS_IN_ALGORITHM_2, source_pass="each_step", held_out=0.0),
    "default": TeachingRecipe(),
}


def teaching_recipe(
    name: str, changes: dict[str, Any] | None = None, network: NetworkSpec | None = None
) -> TeachingRecipe:
    """Make the recipe of Expert Training for a network, with its settings checked.

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
    TeachingRecipe
        The recipe.

    Raises
    ------
    UnknownNameError, BadInputError
        If the recipe or a setting does not exist, or a value is not allowed; if floors and buildings are to
        be learnt, which no teacher holds.
    """
    recipe = changed_recipe(_RECIPES, name, changes or {}, network)
    if "weight_labels" in (changes or {}) and recipe.weight_labels:
        raise BadInputError(
            f"weight_labels = {recipe.weight_labels:g}: the source network of a teacher learns positions "
            "alone; leave it out, and give it where the student is fitted"
        )
    return recipe
