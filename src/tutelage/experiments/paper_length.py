"""The tables at the paper's own length: which cells they have, and how much shorter other runs are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from tutelage.data.sets.public_sets import public_dataset
from tutelage.experiments.budgets import table_budget
from tutelage.experiments.compared_methods import KNN, WITH_MATCHER, methods_of_recipe
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.training import Budget

__all__ = ["FEW_SCANS", "TABLE1", "TABLE2", "LongPart", "paper_updates", "share_of_paper_length"]

_ALL_RECIPES = ("printed", "paper", "default")
_OF_THE_PAPER = ("printed", "paper")
_IN_PAPER = Budget(in_paper=True)


@dataclass(frozen=True)
class LongPart:
    """What a table has of one network on one target at the paper's length.

    Parameters
    ----------
    target, network : str
        Names.
    n_seeds : int
        Number of seeds.
    recipes : tuple of str
        Recipes, each with its controls and both kinds of transfer.
    fractions : tuple of float
        Shares of the training scans.
    ablation : bool
        Whether each constraint alone is among the methods.
    """

    target: str
    network: str
    n_seeds: int
    recipes: tuple[str, ...]
    fractions: tuple[float, ...] = (1.0,)
    ablation: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """Keys of `METHODS`."""
        by_recipe = (methods_of_recipe(recipe, ablation=self.ablation) for recipe in self.recipes)
        return tuple(chain.from_iterable(by_recipe))


TABLE1 = (
    LongPart("tampere", "dnn", 5, _ALL_RECIPES),
    LongPart("ujiindoorloc", "dnn", 3, _ALL_RECIPES),
    *(LongPart("tampere", network, 3, _OF_THE_PAPER) for network in ("cnnloc", "bayescnn", "baat")),
)
TABLE2 = (LongPart("tampere", "dnn", 5, _ALL_RECIPES, ablation=True),)
FEW_SCANS = tuple(
    LongPart(target, "dnn", 10, _OF_THE_PAPER, (0.1, 0.01)) for target in ("tampere", "ujiindoorloc")
)


def paper_updates(network: str, target: str, fraction: float = 1.0) -> int:
    """Count the updates of one stage in the paper: its epochs (section 4.1), in batches of 128.

    Parameters
    ----------
    network : str
        A registered network.
    target : str
        The building that is learnt.
    fraction : float
        Share of its training scans.

    Returns
    -------
    int
        Number of updates. A building that the paper does not have takes the epochs of the one nearest in
        size.
    """
    n_scans = max(2, int(fraction * (public_dataset(target).n_train or 0)))
    recipe = distilling_recipe("paper", {}, network_spec(network))
    return _IN_PAPER.n_steps(n_scans, recipe, target)


def share_of_paper_length(network: str, target: str, fraction: float, budget: str) -> float | None:
    """Compare the length of a stage with the paper's.

    Parameters
    ----------
    network : str
        Network of the cell.
    target : str
        The building that is learnt.
    fraction : float
        Share of its training scans.
    budget : str
        Name of the budget.

    Returns
    -------
    float or None
        Updates of a stage, as a share of the paper's. None for a method that the paper does not have.
    """
    if network in (KNN, *WITH_MATCHER):
        return None
    updates = table_budget(budget).updates(network)
    return 1.0 if updates is None else updates / paper_updates(network, target, fraction)
