"""How long a run takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tutelage.errors import BadInputError
from tutelage.training.optimiser import OptimiserRecipe
from tutelage.training.paper_settings import epochs_in_paper

__all__ = ["Budget"]


@dataclass(frozen=True)
class Budget:
    """Length of a training, in one unit. Without one, it is as long as the recipe says.

    Parameters
    ----------
    epochs : int, optional
        Passes over the training scans.
    minutes : float, optional
        Minutes on this machine.
    updates : int, optional
        Updates of the weights.
    in_paper : bool, default False
        Train for as many epochs as the paper, for each building.

    Raises
    ------
    BadInputError
        If two lengths are given, or one is not positive.

    Examples
    --------
    >>> import tutelage as tt
    >>> tt.Budget(epochs=20).n_steps(1000, tt.training.LearningRecipe(batch_size=100))
    200
    """

    epochs: int | None = None
    minutes: float | None = None
    updates: int | None = None
    in_paper: bool = False

    def __post_init__(self) -> None:
        """Check the lengths."""
        lengths = {"epochs": self.epochs, "minutes": self.minutes, "updates": self.updates}
        names = [name for name, value in lengths.items() if value is not None]
        names += ["the epochs of the paper"] if self.in_paper else []
        if len(names) > 1:
            raise BadInputError(f"give either {names[0]} or {names[1]}, not both")
        for name, value in lengths.items():
            if value is not None and not 0 < value < math.inf:
                raise BadInputError(f"{name} must be a positive number, it is {value}")

    def n_steps(self, n_scans: int, recipe: OptimiserRecipe, survey: str = "") -> int:
        """Count the steps of a stage.

        Parameters
        ----------
        n_scans : int
            Size of the training set.
        recipe : OptimiserRecipe
            Recipe with the batch size, and with a length of its own if no other is set.
        survey : str
            Name of the survey, by which the paper's epochs go.

        Returns
        -------
        int
            Number of steps. With a budget in minutes it is a first guess, which the training corrects.
        """
        if self.updates:
            return self.updates
        epochs = epochs_in_paper(n_scans, survey) if self.in_paper else self.epochs
        return epochs * recipe.steps_per_epoch(n_scans) if epochs else recipe.own_length(n_scans, survey)
