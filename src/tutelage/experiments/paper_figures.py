"""Find the figures that the paper prints. They are cited facts and stand in `paper_figures.csv`.

Source: S. M. Nguyen, L. D. Tran, D. V. Le, P. J. M. Havinga, "Multi-Surrogate-Teacher Assistance for
Representation Alignment in Fingerprint-based Indoor Localization", Tables 1, 3 and 4; its Table 2 is lost
from the text. The check marks of Table 3 are lost too: its two rows of one source each are read in the order
of the columns.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from tutelage.experiments.cells import Cell
from tutelage.experiments.compared_methods import KNN, WITH_MATCHER

__all__ = ["PaperFigure", "paper_figure"]


class PaperFigure(NamedTuple):
    """A figure of the paper.

    Parameters
    ----------
    mae_m : float
        Mean error in metres.
    sources : tuple of str
        The sources in the paper, which may differ from ours.
    """

    mae_m: float
    sources: tuple[str, ...]


_Key = tuple[str, str, str, str, str]


def paper_figure(table: str, cell: Cell) -> PaperFigure | None:
    """Find the figure that a table of the paper prints for the cell's target, network and method.

    Table 3 compares sources. There the sources have to be the same, too.

    Parameters
    ----------
    table : str
        Name of the paper's table, such as "table1".
    cell : Cell
        The cell to look up.

    Returns
    -------
    PaperFigure or None
        The figure; None if the paper prints none.
    """
    method = cell.learning_method
    paper_name = {"alone": "none", "trained": "framework"}.get(method.kind, method.kind)
    changes_recipe = method.settings and cell.network not in WITH_MATCHER
    if method.from_target or changes_recipe or cell.network == KNN:
        return None
    key = (table, cell.target, cell.network, paper_name, f"{cell.train_fraction:g}")
    rows = _by_cell().get(key, ())
    return next((row for row in rows if table != "table3" or row.sources == cell.sources), None)


@cache
def _by_cell() -> dict[_Key, tuple[PaperFigure, ...]]:
    figures: dict[_Key, tuple[PaperFigure, ...]] = {}
    with files("tutelage.experiments").joinpath("paper_figures.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            key = (row["table"], row["target"], row["network"], row["method"], row["train_fraction"])
            sources = tuple(filter(None, row["sources"].split("+")))
            figures[key] = (*figures.get(key, ()), PaperFigure(float(row["mae_m"]), sources))
    return figures
