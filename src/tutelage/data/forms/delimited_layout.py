"""What stands before the data of a delimited text: comments, titles, the header, and what separates cells."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tutelage.errors import BadInputError

__all__ = ["Layout", "cells_of", "find_layout"]

_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 40  # lines
_COMMENT = re.compile(r"\s*(?:#|%|//)")
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?[\s,;]*", flags=re.IGNORECASE)
_NUMBER = re.compile(r"\s*[-+\u2212]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?\s*")


@dataclass
class Layout:
    """Where the parts of a text stand.

    Parameters
    ----------
    delimiter : str
        Character between the cells.
    first, body : int
        Line of the header, and first line of data, from 0.
    names : list of str
        Columns.
    notes : list of str
        What is passed over.
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


def find_layout(path: Path, lines: list[str], delimiter: str | None) -> Layout:
    """Find the header of a text, and what separates its cells.

    Parameters
    ----------
    path : Path
        File of the text, for errors.
    lines : list of str
        Its lines.
    delimiter : str or None
        Character between the cells; None finds it.

    Returns
    -------
    Layout
        Where the header and the data are.

    Raises
    ------
    BadInputError
        If there is no header, or a line is one cell.
    """
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
    layout = Layout(chosen, first, first + 1, notes=notes)
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


def _second_header(lines: list[str], layout: Layout) -> None:
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


def _one_cell(path: Path, lines: list[str], layout: Layout) -> BadInputError:
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
