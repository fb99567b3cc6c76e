"""The table of research/serving.md: the service under load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.documented.page_blocks import Row, table_lines

__all__ = ["serving_table"]


def serving_table(rows: Sequence[Row]) -> Iterable[str]:
    """Return a row for each measure."""
    cells = (
        [str(row["measure"]), f"{row['value']} {row['unit']}".strip(), str(row["beside"]), str(row["note"])]
        for row in rows
    )
    return table_lines(["measure", "value", "beside", "what stands beside"], cells)
