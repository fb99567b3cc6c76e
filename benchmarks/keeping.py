"""What the benchmarks keep: rows in results/, and tables between marks on the pages of docs/."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tutelage.files.atomic import replaced_file

__all__ = ["keep_rows", "kept_rows", "put_into_page"]

_END = "<!-- end -->"


def kept_rows(file: Path) -> list[dict[str, Any]]:
    """The rows of a CSV by their columns, as text; none if there is no such file."""
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def keep_rows(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write them, in the place of those that were there."""
    with replaced_file(file) as beside, beside.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def put_into_page(page: Path, file: Path, lines: Iterable[str], part: str = "") -> None:
    """Write them between the mark that names the results, or a part of them, and the next end."""
    mark = f"<!-- from {file.as_posix()}{part and f': {part}'} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(mark)
    if not found:
        raise ValueError(f"{page} has no mark {mark}")
    after = rest.partition(_END)[2]
    with replaced_file(page) as beside:
        beside.write_text("\n".join([before + mark, *lines, _END + after]), encoding="utf-8")
