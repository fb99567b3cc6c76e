"""The tables of docs/performance.md: our figures beside those of alternatives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.documented.page_blocks import Row, Table, table_lines

__all__ = ["speed_table"]


def speed_table(kind: str) -> Table:
    """Return the table of one kind of rows."""

    def table(rows: Sequence[Row]) -> Iterable[str]:
        cells = (
            [row["name"], _figure(row, "ours"), _figure(row, "alternative"), row["beside"], _ratio(row)]
            for row in rows
            if row["kind"] == kind
        )
        return table_lines(["what", "ours", "beside", "beside is", "ratio (range)"], cells)

    return table


def _figure(row: Row, which: str) -> str:
    return f"{row[which]:,.4g} {row['unit']}"


def _ratio(row: Row) -> str:
    low, high = row["ratio_range"]
    return f"{row['ratio']:.2g} ({low:.2g} to {high:.2g})" if row["rounds"] > 1 else f"{row['ratio']:.2g}"
