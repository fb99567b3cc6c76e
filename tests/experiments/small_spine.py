"""The spine between two simulated buildings; as a program, one that dies after its second finished cell.

python small_spine.py FOLDER
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from unittest import mock

from tutelage.experiments import cells, spine
from tutelage.experiments.models import Cell
from tutelage.experiments.reproduce import TABLES

TARGET, SOURCE = "simulated:1", "simulated:2"


def small_cells() -> Iterator[Cell]:
    yield Cell(TARGET, "", "knn", "none", "", 0)
    yield Cell(TARGET, SOURCE, "dnn", "taught", "default", 0)


def patch(set_item: Any) -> None:
    """Put the small spine in the place of the real one; worker processes need no patch."""
    set_item(spine.PAPER, TARGET, (9.0, 8.0))
    set_item(TABLES, "spine", replace(TABLES["spine"], cells=small_cells))


def die_after_two_cells() -> None:
    add, added = cells.CellFile.add, []

    def add_or_die(self: cells.CellFile, row: Mapping[str, Any]) -> None:
        add(self, row)
        added.append(row)
        if len(added) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    mock.patch.object(cells.CellFile, "add", add_or_die).start()


if __name__ == "__main__":
    from tutelage.cli import main

    patch(dict.__setitem__)
    die_after_two_cells()
    sys.argv = ["tutelage", "reproduce", "spine", "--budget", "quick", "--out", sys.argv[1]]
    main()
