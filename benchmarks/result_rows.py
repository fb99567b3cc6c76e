"""Rows of the committed results: CSV files in results/."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tutelage.files.atomic import atomic_file

__all__ = ["read_rows", "write_rows"]


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a CSV by their columns, as text; none if there is no such file."""
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def write_rows(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace the rows of a CSV."""
    with atomic_file(file) as beside, beside.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
