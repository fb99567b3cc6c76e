"""A text of delimited cells as a table: what stands before the header, what separates, what is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from tutelage.data.forms.delimited_layout import Layout, cells_of, find_layout
from tutelage.data.forms.located_table import LocatedTable
from tutelage.errors import BadInputError

__all__ = ["NO_NAME", "read_delimited", "require_names"]

NO_NAME = "(no name)"
"""Name of a first column without one, as pandas writes its index."""
_BLOCK_BYTES = 1 << 26  # no row of a table is longer than this
_DECIMAL_COMMA = r"^\s*([-+]?\d+),(\d+)\s*$"
_DECIMAL_POINT = r"^\s*[-+]?\d+\.\d+\s*$"


def read_delimited(path: Path, text: str, delimiter: str | None = None) -> LocatedTable:
    """Read a text whose cells are separated by commas, semicolons, tabs or bars.

    Parameters
    ----------
    path : Path
        Its file, for errors.
    text : str
        The text, with plain line ends.
    delimiter : str, optional
        Character between the cells; by default what the text itself says.

    Returns
    -------
    LocatedTable
        Its columns as text; `notes` say what was passed over.

    Raises
    ------
    BadInputError
        If it has no header, rows of several lengths, or columns without a name or with the same.
    """
    lines = text.rstrip("\n").split("\n")
    layout = find_layout(path, lines, delimiter)
    body = lines[layout.body :]
    rows = np.arange(layout.body + 1, len(lines) + 1)
    blank = re.compile(rf"[\s{re.escape(layout.delimiter)}]*")
    if any(not line or (line[0] in layout.delimiter + " \t" and blank.fullmatch(line)) for line in body):
        is_kept = np.array([not blank.fullmatch(line) for line in body], dtype=bool)
        body = [line for line, keep in zip(body, is_kept, strict=True) if keep]
        rows = rows[is_kept]
    names = _names(path, layout, body)
    if not body:
        columns = pa.table({name: pa.array([], pa.string()) for name in names})
        return LocatedTable(path, columns, rows, notes=tuple(layout.notes))
    columns = _parsed(path, names, "\n".join(body), layout.delimiter, rows)
    table = LocatedTable(path, columns, rows[: len(columns)], notes=tuple(layout.notes))
    if len(body) != len(table):
        raise _swallowed_lines(table)
    return _with_decimal_points(_without_empty_end(table), layout.delimiter)


# -- names ----------------------------------------------------------------------------------------


def _names(path: Path, layout: Layout, body: list[str]) -> list[str]:
    names = list(layout.names)
    if not names[0] and len(names) > 1:  # the index that pandas writes
        names[0] = NO_NAME
    if body:
        first = cells_of(body[0], layout.delimiter)
        if len(first) == len(names) + 1 and not first[-1]:
            names.append("")
        elif (
            len(first) == len(names) + 1
            and first[0] == "1"
            and len(body) > 1
            and body[1].lstrip('"').startswith("2")
        ):
            names.insert(0, NO_NAME)  # the row names that R writes
    n_empty = 0
    while n_empty < len(names) and not names[-1 - n_empty]:
        n_empty += 1
    trailing = [f"{NO_NAME} {k}" for k in range(n_empty)]
    names = names[: len(names) - n_empty] + trailing
    require_names(path, names, layout.first + 1)
    return names


def require_names(path: Path, names: list[str], row: int = 1) -> None:
    """Require a name for each column, and each name once.

    Parameters
    ----------
    path : Path
        File of the table, for errors.
    names : list of str
        Columns.
    row : int, default 1
        Line of the header.

    Raises
    ------
    BadInputError
        If a name is missing or stands twice.
    """
    seen: set[str] = set()
    for position, name in enumerate(names):
        if not name:
            raise BadInputError(
                "the column has no name; name it or remove it (pandas: to_csv(..., index=False))",
                file=path,
                row=row,
                column=position + 1,
            )
        if name in seen:
            raise BadInputError(
                "the column appears twice; rename or remove one", file=path, row=row, column=name
            )
        seen.add(name)


def _without_empty_end(table: LocatedTable) -> LocatedTable:
    """Drop nameless columns at the end, which a trailing delimiter makes; refuse them if not empty."""
    nameless = [name for name in table.names if name.startswith(f"{NO_NAME} ")]
    for name in nameless:
        filled = np.flatnonzero(pc.not_equal(pc.utf8_trim_whitespace(table.columns[name]), "").to_numpy())
        if len(filled):
            raise table.error(
                "a cell stands beyond the last named column; name the column, or write a point for a "
                "decimal comma",
                filled[0],
                str(table.names.index(name) + 1),
            )
    return replace(table, columns=table.columns.drop_columns(nameless)) if nameless else table


# -- cells ----------------------------------------------------------------------------------------


def _parsed(path: Path, names: list[str], body: str, delimiter: str, rows: np.ndarray) -> pa.Table:
    """Return the rows below the header, every cell as text."""
    bad_rows: list[pa_csv.InvalidRow] = []

    def note(row: pa_csv.InvalidRow) -> str:
        bad_rows.append(row)
        return "skip"

    try:
        columns = pa_csv.read_csv(
            pa.BufferReader(body.encode()),
            # One thread, since only then does Arrow know the number of a bad row.
            pa_csv.ReadOptions(use_threads=False, column_names=names, block_size=_BLOCK_BYTES),
            pa_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=note,
            ),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except (pa.ArrowException, UnicodeEncodeError) as error:
        raise BadInputError(f"not a readable CSV table ({error})", file=path) from error
    if bad_rows:
        raise _bad_width(path, bad_rows, body, delimiter, rows)
    return columns


def _bad_width(
    path: Path, bad_rows: list[pa_csv.InvalidRow], body: str, delimiter: str, rows: np.ndarray
) -> BadInputError:
    """Say why a row has more or fewer cells than the header."""
    first = bad_rows[0]
    index = min((first.number or 1) - 1, len(rows) - 1)
    cells = f"{first.actual_columns} cells, the header has {first.expected_columns}"
    is_last = index == len(rows) - 1
    if is_last and first.actual_columns < first.expected_columns:
        reason = "is the file truncated?"
    elif delimiter == "," and first.actual_columns > first.expected_columns and _has_split_numbers(body):
        reason = "are there decimal commas? Separate the cells with semicolons, or write numbers with a point"
    elif first.actual_columns > first.expected_columns:
        reason = f"put quotes around a cell that holds {delimiter!r}"
    else:
        reason = "write every cell, also empty ones"
    return BadInputError(f"{cells}; {reason}", file=path, row=int(rows[index]))


def _has_split_numbers(body: str) -> bool:
    return re.search(r",\d+,\d{1,8}(?:,|\n|$)", body) is not None


def _swallowed_lines(table: LocatedTable) -> BadInputError:
    """Make the error for a cell that runs over several lines, as after a forgotten quote."""
    for name in table.names:
        has_break = pc.match_substring(table.columns[name], "\n").to_numpy()
        if has_break.any():
            index = int(np.argmax(has_break))
            return table.error("the quoted cell runs over several lines; close the quote", index, name)
    return table.error("a quoted cell runs over several lines; close the quote")


def _with_decimal_points(table: LocatedTable, delimiter: str) -> LocatedTable:
    """Write points for decimal commas, where cells are separated otherwise and no number has a point."""
    if delimiter == ",":
        return table
    with_comma = [
        name
        for name in table.names
        if pc.any(pc.match_substring_regex(table.columns[name], _DECIMAL_COMMA)).as_py()
    ]
    if not with_comma or any(
        pc.any(pc.match_substring_regex(table.columns[name], _DECIMAL_POINT)).as_py() for name in with_comma
    ):
        return table
    columns = table.columns
    for name in with_comma:
        pointed = pc.replace_substring_regex(columns[name], _DECIMAL_COMMA, r"\1.\2")
        columns = columns.set_column(columns.column_names.index(name), name, pointed)
    note = "numbers have a decimal comma, which is read as a point"
    return replace(table, columns=columns, notes=(*table.notes, note))
