"""Define how long the networks of a table learn."""

from __future__ import annotations

from dataclasses import dataclass

from tutelage.errors import UnknownNameError
from tutelage.experiments.compared_methods import BLEND, MATCHER
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.training import Budget

__all__ = ["BUDGETS", "PAPER_LENGTH", "TableBudget", "table_budget"]

PAPER_LENGTH = "paper"


@dataclass(frozen=True)
class TableBudget:
    """A budget of the tables.

    Parameters
    ----------
    words : str
        The length in words.
    share : float or None
        Share of the length of the network's default recipe, for each stage of every method. None stands for
        the epochs of the paper.
    n_seeds : int
        Seeds of a cell, unless a table says otherwise.
    """

    words: str
    share: float | None
    n_seeds: int

    def updates(self, network: str) -> int | None:
        """Return the updates of each stage.

        Parameters
        ----------
        network : str
            Name of the network, "matcher" or "blend".

        Returns
        -------
        int or None
            Number of updates; None stands for the epochs of the paper.
        """
        if self.share is None:
            return None
        if network == MATCHER:
            default = MatcherRecipe().updates
        else:
            # A blend trains a DNN beside its matcher.
            spec = network_spec("dnn" if network == BLEND else network)
            default = distilling_recipe("default", {}, spec).updates
        return max(1, round(self.share * default))

    def length(self, network: str) -> Budget:
        """Return the length of a run.

        Parameters
        ----------
        network : str
            Name of the network, "matcher" or "blend".

        Returns
        -------
        Budget
            The budget of each stage.
        """
        if network == BLEND and self.share == 1:
            return Budget()  # this one is shorter in a small survey
        updates = self.updates(network)
        return Budget(in_paper=True) if updates is None else Budget(updates=updates)


BUDGETS = {
    PAPER_LENGTH: TableBudget("the epochs of the paper (section 4.1)", None, 5),
    "full": TableBudget("the default recipe's own length", 1.0, 3),
    "standard": TableBudget("an eighth of the default recipe's length", 1 / 8, 5),
    "quick": TableBudget("a fiftieth of the default recipe's length: a look at the machinery", 1 / 50, 1),
}


def table_budget(name: str) -> TableBudget:
    """Find a budget by its name.

    Parameters
    ----------
    name : str
        A key of `BUDGETS`.

    Returns
    -------
    TableBudget
        The budget.

    Raises
    ------
    UnknownNameError
        If no budget has this name.
    """
    if name not in BUDGETS:
        raise UnknownNameError("budget", name, BUDGETS)
    return BUDGETS[name]
