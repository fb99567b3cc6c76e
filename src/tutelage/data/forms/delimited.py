"""A text of delimited cells as a table: what stands before the header, what separates, what is wrong."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from tutelage.data.forms.located_table import LocatedTable
from tutelage.errors import BadInputError

__all__ = ["NO_NAME", "cells_of", "read_delimited", "require_names"]

NO_NAME = "(no name)"
"""Name of a first column without one, as pandas writes its index."""
_BLOCK_BYTES = 1 << 26  # no row of a table is longer than this
_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 40  # lines
_COMMENT = re.compile(r"\s*(?:#|%|//)")
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?[\s,;]*", flags=re.IGNORECASE)
_NUMBER = re.compile(r"\s*[-+\u2212]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?\s*")
_DECIMAL_COMMA = r"^\s*([-+]?\d+),(\d+)\s*$"
_DECIMAL_POINT = r"^\s*[-+]?\d+\.\d+\s*$"


@dataclass
class _Layout:
    """Where the parts of a text stand.

    `first` is the line of the header from 0, `body` the first line of data, and `names` the columns.
    """

    delimiter: str
    first: int = 0
    body: int = 1
    names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def cells_of(line: str, delimiter: str) -> list[str]:
    """Split a line into its cells.

    Parameters
    ----------
    line : str
        Line of a delimited text.
    delimiter : str
        Character between the cells.

    Returns
    -------
    list of str
        Cells without outer blanks.
    """
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:  # a cell longer than the module allows
        return [cell.strip() for cell in line.split(delimiter)]


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
    layout = _layout(path, lines, delimiter)
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


# -- what stands before the data ------------------------------------------------------------------


def _layout(path: Path, lines: list[str], delimiter: str | None) -> _Layout:
    first = 0
    notes: list[str] = []
    comments: list[int] = []
    while first < len(lines):
        line = lines[first]
        separator = _SEPARATOR_LINE.fullmatch(line)
        if separator:
            delimiter = separator[1]
        elif _COMMENT.match(line):
            comments.append(first)
        elif line.strip():
            break
        first += 1
    if first == len(lines):
        raise BadInputError("there is nothing but comments; add a header and one row a scan", file=path)
    chosen = delimiter or _delimiter(lines[first : first + _LOOKED_AT])
    layout = _Layout(chosen, first, first + 1, notes=notes)
    names = cells_of(lines[first], chosen)
    if comments and _are_data(names):  # the header itself is a comment
        header = _COMMENT.sub("", lines[comments[-1]], count=1)
        if len(cells_of(header, chosen)) == len(names) > 1:
            comments.pop()
            layout.body, layout.names = first, cells_of(header, chosen)
    if comments:
        shown = ", ".join(str(line + 1) for line in comments[:5])
        notes.append(f"comments are passed over: line {shown}{', ...' if len(comments) > 5 else ''}")
    if not layout.names:
        layout.names = names
        _second_header(lines, layout)
    if len(layout.names) < 2:
        raise _one_cell(path, lines, layout)
    if _are_data(layout.names):
        raise BadInputError(
            "there is no header: the first line holds data; write a line with the names of the "
            "columns above it, "
            "such as scan_id,x_m,y_m and the name of each access point",
            file=path,
            row=layout.first + 1,
        )
    return layout


def _delimiter(lines: list[str]) -> str:
    """Choose the character that cuts the header and most lines into as many cells; commas first."""
    scores = []
    for mark in _DELIMITERS:
        widths = [len(cells_of(line, mark)) for line in lines if line.strip()]
        agreeing = sum(width == widths[0] for width in widths[1:])
        scores.append((widths[0] > 1, agreeing, mark == ",", widths[0], mark))
    return max(scores)[-1] if any(score[0] for score in scores) else ","


def _are_data(cells: list[str]) -> bool:
    """Whether a first line is of data: half of its cells or more are numbers, not merely numbered columns."""
    filled = [cell for cell in cells if cell]
    numbers = [cell for cell in filled if _NUMBER.fullmatch(cell)]
    if len(numbers) < 2 or 2 * len(numbers) < len(filled):
        return False
    whole = [int(cell) for cell in numbers if cell.isdecimal()]
    counted = len(whole) == len(numbers) and whole == list(range(whole[0], whole[0] + len(whole)))
    return not (counted and len(whole) > 2 and whole[0] in (0, 1))


def _second_header(lines: list[str], layout: _Layout) -> None:
    """Pass over a first line that belongs to another table, or a second line of units."""
    following = [
        cells_of(line, layout.delimiter) for line in lines[layout.body : layout.body + _LOOKED_AT] if line
    ]
    if len(following) < 2:
        return
    second, rest = following[0], following[1:]
    usual = Counter(map(len, rest)).most_common(1)[0][0]
    has_numbers = np.array([bool(_NUMBER.fullmatch(cell)) for cell in rest[0]])
    if (
        len(second) == usual != len(layout.names)
        and not any(map(_NUMBER.fullmatch, second))
        and has_numbers.any()
    ):
        layout.notes.append(f"line {layout.first + 1} is passed over: the header is line {layout.body + 1}")
        layout.names = second
    elif len(second) == usual == len(layout.names) == len(rest[0]):
        is_text = np.array([bool(cell) and not _NUMBER.fullmatch(cell) for cell in second])
        n_numbers = int(has_numbers.sum())
        if not n_numbers or 2 * int((is_text & has_numbers).sum()) <= n_numbers or not _repeats(second, rest):
            return
        layout.notes.append(f"line {layout.body + 1} is passed over: a second header, without a number")
    else:
        return
    layout.body += 1


def _repeats(second: list[str], rest: list[list[str]]) -> bool:
    """Whether words of a line stand in no other line, as units and further titles do."""
    return not any(cell and cell in row for row in rest for cell in second)


def _one_cell(path: Path, lines: list[str], layout: _Layout) -> BadInputError:
    line = lines[layout.first].strip()
    named = re.fullmatch(r"(.{1,60}?)\s*[:=]\s*(-\d+)\s*(?:dBm)?", line)
    if named:
        message = (
            f"lines such as {line[:60]!r} say neither which readings are one scan nor where it was "
            f"taken; make a "
            f"table: scan_id,x_m,y_m,{named[1]},... with a row a scan"
        )
    else:
        message = (
            f"a line is one cell ({line[:60]!r}): no table, and no form that is known; a table has a "
            f"header and "
            "cells between commas, semicolons or tabs"
        )
    return BadInputError(message, file=path, row=layout.first + 1)


# -- names ----------------------------------------------------------------------------------------


def _names(path: Path, layout: _Layout, body: list[str]) -> list[str]:
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
