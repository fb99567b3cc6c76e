"""The figures that the paper prints, as cited facts, in `printed.csv`.

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

__all__ = ["Printed", "printed"]


class Printed(NamedTuple):
    """A cell of the paper."""

    mae_m: float
    sources: tuple[str, ...]
    """Those of the paper, which need not be ours."""


_Key = tuple[str, str, str, str, str]


def printed(table: str, cell: Cell) -> Printed | None:
    """What a table of the paper prints for the cell's target, network and method, None for nothing.

    Table 3 is about its sources: there they must be the same.
    """
    how = cell.how
    method = {"alone": "none", "trained": "framework"}.get(how.kind, how.kind)
    changed = how.settings and cell.network not in WITH_MATCHER
    if how.from_target or changed or cell.network == KNN:
        return None
    key = (table, cell.target, cell.network, method, f"{cell.train_fraction:g}")
    rows = _by_cell().get(key, ())
    return next((row for row in rows if table != "table3" or row.sources == cell.sources), None)


@cache
def _by_cell() -> dict[_Key, tuple[Printed, ...]]:
    found: dict[_Key, tuple[Printed, ...]] = {}
    with files("tutelage.experiments").joinpath("printed.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            key = (row["table"], row["target"], row["network"], row["method"], row["train_fraction"])
            sources = tuple(filter(None, row["sources"].split("+")))
            found[key] = (*found.get(key, ()), Printed(float(row["mae_m"]), sources))
    return found
