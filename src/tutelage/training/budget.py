"""How long a run takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tutelage.errors import BadInputError
from tutelage.training.optimiser import OptimiserRecipe

__all__ = ["Budget", "epochs_in_paper", "epochs_of_recipe", "steps_per_epoch"]

_EPOCHS_IN_PAPER = {697: 2000, 9108: 400, 19937: 500}  # by the number of training scans


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

    def n_steps(self, n_scans: int, recipe: OptimiserRecipe, recipe_epochs: int | None = None) -> int:
        """Count the steps of a stage.

        Parameters
        ----------
        n_scans : int
            Size of the training set.
        recipe : OptimiserRecipe
            Recipe with the batch size, and with `updates` if no other length is set.
        recipe_epochs : int, optional
            Epochs that replace the recipe's `updates`, as in the paper's recipe.

        Returns
        -------
        int
            Number of steps. With a budget in minutes it is a first guess, which the training corrects.
        """
        if self.updates:
            return self.updates
        epochs = epochs_in_paper(n_scans) if self.in_paper else self.epochs or recipe_epochs
        return epochs * steps_per_epoch(n_scans, recipe.batch_size) if epochs else recipe.updates


def steps_per_epoch(n_scans: int, batch_size: int) -> int:
    """Count the whole batches in an epoch; a set smaller than a batch is one batch.

    Parameters
    ----------
    n_scans : int
        Size of the training set.
    batch_size : int
        Scans in a batch.

    Returns
    -------
    int
        At least 1.
    """
    return max(1, n_scans // batch_size)


def epochs_in_paper(n_scans: int) -> int:
    """Look up the epochs of the paper for a training set of this size (section 4.1).

    Tampere (697 scans) takes 2000, UTS (9,108) 400, UJIIndoorLoc (19,937) 500. Another building takes those
    of the one nearest in size.

    Parameters
    ----------
    n_scans : int
        Size of the training set.

    Returns
    -------
    int
        Epochs.
    """
    nearest = min(_EPOCHS_IN_PAPER, key=lambda size: abs(math.log(size / n_scans)))
    return _EPOCHS_IN_PAPER[nearest]


def epochs_of_recipe(name: str, n_scans: int) -> int | None:
    """Look up the epochs of a recipe, which count where the budget is open.

    Parameters
    ----------
    name : {"default", "paper"}
        Name of the recipe.
    n_scans : int
        Size of the training set.

    Returns
    -------
    int or None
        The paper's epochs for "paper"; None for a recipe that counts updates.
    """
    return epochs_in_paper(n_scans) if name == "paper" else None
