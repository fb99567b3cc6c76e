"""How long the networks of a table learn."""

from __future__ import annotations

from dataclasses import dataclass

from tutelage.errors import UnknownNameError
from tutelage.experiments.compared_methods import BLEND, MATCHER
from tutelage.methods.matcher import MatcherRecipe
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.training import Budget

__all__ = ["BUDGETS", "TableBudget", "table_budget"]


@dataclass(frozen=True)
class TableBudget:
    """A budget of the tables.

    Parameters
    ----------
    words : how long that is
    share : of the length of the network's default recipe, for each stage of every method; None for the
        epochs of the paper
    n_seeds : seeds of a cell, where a table says nothing else
    """

    words: str
    share: float | None
    n_seeds: int

    def updates(self, network: str) -> int | None:
        """Updates of each stage, None for the epochs of the paper."""
        if self.share is None:
            return None
        if network == MATCHER:
            default = MatcherRecipe().updates
        else:
            spec = network_spec("dnn" if network == BLEND else network)  # the one beside its matcher
            default = distilling_recipe("default", {}, spec).updates
        return max(1, round(self.share * default))

    def length(self, network: str) -> Budget:
        """The same, for a run."""
        if network == BLEND and self.share == 1:
            return Budget()  # which is shorter in a small survey
        updates = self.updates(network)
        return Budget(in_paper=True) if updates is None else Budget(updates=updates)


BUDGETS = {
    "paper": TableBudget("the epochs of the paper (section 4.1)", None, 5),
    "full": TableBudget("the default recipe's own length", 1.0, 3),
    "standard": TableBudget("an eighth of the default recipe's length", 1 / 8, 5),
    "quick": TableBudget("a fiftieth of the default recipe's length: a look at the machinery", 1 / 50, 1),
}


def table_budget(name: str) -> TableBudget:
    """The budget called `name`.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if name not in BUDGETS:
        raise UnknownNameError("budget", name, BUDGETS)
    return BUDGETS[name]
