"""Cells that take no time and keep count of their runs; in a module of their own for worker processes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from tutelage.experiments.cells import CellFile, Row

KEY, COLUMNS = ("name", "seed"), ("name", "seed", "value", "threads")


@dataclass(frozen=True)
class SmallCell:
    """What to do: "draw" random numbers, "fail" with an error, or "vanish" with the process."""

    folder: Path
    name: str
    seed: int = 0
    deed: str = "draw"

    def key(self) -> dict[str, str | int]:
        return {"name": self.name, "seed": self.seed}


def run_small(cell: SmallCell) -> Row:
    """Count the run, then do what the cell says."""
    with (cell.folder / "runs.txt").open("a") as file:
        file.write(f"{cell.name} {cell.seed}\n")
    if cell.deed == "vanish":
        os._exit(1)
    if cell.deed == "fail":
        raise ValueError(f"cell {cell.name} fails")
    torch.manual_seed(cell.seed)
    value = float(torch.randn(50_000).sum())
    return cell.key() | {"value": value, "threads": torch.get_num_threads()}


def runs(folder: Path) -> list[str]:
    """Every run so far."""
    path = folder / "runs.txt"
    return path.read_text().splitlines() if path.exists() else []


def cell_file(folder: Path) -> CellFile:
    return CellFile(folder / "cells.csv", KEY, COLUMNS)
