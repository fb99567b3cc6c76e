"""CSV and Parquet tables whose cells errors can name."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import WHOLE_NUMBER

__all__ = ["LocatedTable", "number_in"]

_EMPTY_WORDS = ("na", "nan", "n/a", "#n/a", "<na>", "null", "none", "-", "--")
_UNIT_BEHIND = r"(?i)\s*dbm?$"
_MINUS_SIGNS = "[\u2212\u2012\u2013\uff0d]"  # typographic ones, as word processors write them


@dataclass(frozen=True, eq=False)
class LocatedTable:
    """Columns of a file, with the way back from a cell to its place there.

    Parameters
    ----------
    file : Path
        File or folder.
    columns : pyarrow.Table
        Text or typed columns of n rows, names unique.
    rows : numpy.ndarray
        Line of each row in the file from 1, [n] int.
    row_name : str, default "row"
        What `rows` counts where it does not count lines, such as "feature".
    titles : mapping of str to str
        The file's own names of columns that have other names here.
    files : sequence of Path
        File of each row, where `file` is a folder.
    notes : tuple of str
        How the file was read, where that is not plain.
    """

    file: Path
    columns: pa.Table
    rows: np.ndarray
    row_name: str = "row"
    titles: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[Path] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.columns.num_rows)

    @property
    def names(self) -> list[str]:
        """Column names in file order."""
        return list(self.columns.column_names)

    def error(self, message: str, index: int | None = None, column: str | None = None) -> BadInputError:
        """Make the error to raise for a cell.

        Parameters
        ----------
        message : str
            What is wrong, the rule and the next step.
        index : int, optional
            Row of the data, from 0.
        column : str, optional
            Column.

        Returns
        -------
        BadInputError
            The error, with file, row and column as the user knows them.
        """
        row = None if index is None else int(self.rows[index])
        title = None if column is None else self.titles.get(column, column)
        file = self.file if index is None or not self.files else self.files[index]
        return BadInputError(message, file=file, row=row, column=title, row_name=self.row_name)

    def text(self, name: str) -> np.ndarray:
        """Return a column as text without outer blanks.

        Parameters
        ----------
        name : str
            Column.

        Returns
        -------
        numpy.ndarray
            Text, [n] str; "" where the cell is empty.

        Raises
        ------
        BadInputError
            If a cell cannot be read as text.
        """
        cells = self.converted(name, lambda cells: pc.cast(cells, pa.string()), "it cannot be read as text")
        return np.asarray(pc.fill_null(cells, "").to_numpy().astype(np.str_))

    def labels(self, name: str) -> np.ndarray:
        """Return a column as labels, in which 2.0 is "2" (`WHOLE_NUMBER`).

        Parameters
        ----------
        name : str
            Column.

        Returns
        -------
        numpy.ndarray
            Labels, [n] str; "" where the cell is empty.

        Raises
        ------
        BadInputError
            If a cell cannot be read as text.
        """
        written = pc.replace_substring_regex(pa.array(self.text(name)), WHOLE_NUMBER, r"\1")
        return np.asarray(written.to_numpy(zero_copy_only=False), dtype=np.str_)

    def numbers(self, name: str, rule: str) -> np.ndarray:
        """Return a column of numbers.

        Parameters
        ----------
        name : str
            Column.
        rule : str
            What belongs there, for the error.

        Returns
        -------
        numpy.ndarray
            Numbers, [n] float64; NaN where the cell is empty.

        Raises
        ------
        BadInputError
            At a cell that is not a finite number.
        """
        values = np.asarray(self.converted(name, _to_numbers, rule).to_numpy(), dtype=np.float64)
        for index in np.flatnonzero(np.isinf(values))[:1].tolist():
            raise self.error(f"{values[index]} is not a finite number; {rule}", index, name)
        return values

    def _cells(self, name: str) -> pa.ChunkedArray:
        """Return a column with null for every empty cell."""
        cells = self.columns[name]
        if pa.types.is_dictionary(cells.type):
            cells = pc.cast(cells, cells.type.value_type)
        if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
            return cells
        trimmed = pc.utf8_trim_whitespace(cells)
        return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, trimmed.type), trimmed)

    def converted(
        self, name: str, convert: Callable[[pa.ChunkedArray], pa.ChunkedArray], rule: str
    ) -> pa.ChunkedArray:
        """Convert a column, or raise the error of its first cell that does not convert.

        Parameters
        ----------
        name : str
            Column.
        convert : callable
            Converts any part of the column, or raises pyarrow's error.
        rule : str
            What belongs there, for the error.

        Returns
        -------
        pyarrow.ChunkedArray
            The converted column.

        Raises
        ------
        BadInputError
            At the first cell that does not convert.
        """
        cells = self._cells(name)
        try:
            return convert(cells)
        except pa.ArrowException:
            # A beginning of the column converts if and only if all of its cells do.
            index = bisect_left(range(len(cells)), True, key=lambda i: _fails(convert, cells.slice(0, i + 1)))
        raise self.error(f"{cells[index].as_py()!r} is not allowed here; {rule}", index, name)


def _fails(convert: Callable[[pa.ChunkedArray], pa.ChunkedArray], cells: pa.ChunkedArray) -> bool:
    try:
        convert(cells)
    except pa.ArrowException:
        return True
    return False


def _to_numbers(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return numbers as float64, null where a word says that there is none."""
    try:
        return pc.cast(cells, pa.float64())
    except pa.ArrowException:
        if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
            raise
    is_word = pc.is_in(pc.utf8_lower(cells), pa.array(_EMPTY_WORDS, cells.type))
    text = pc.if_else(is_word, pa.scalar(None, cells.type), cells)
    text = pc.replace_substring_regex(text, _MINUS_SIGNS, "-")
    return pc.cast(pc.replace_substring_regex(text, _UNIT_BEHIND, ""), pa.float64())


def number_in(cell: str) -> float | None:
    """Return the number that a cell holds, read as a whole column is.

    Parameters
    ----------
    cell : str
        Text of a cell without outer blanks.

    Returns
    -------
    float or None
        NaN if the cell is empty or says so; None if it holds something else.
    """
    if not cell or cell.lower() in _EMPTY_WORDS:
        return float("nan")
    try:
        return float(re.sub(_UNIT_BEHIND, "", re.sub(_MINUS_SIGNS, "-", cell)))
    except ValueError:
        return None
