"""CSV matrices of RSS: read fast where the file is sound, and with the place of the fault where it is not.

pyarrow reads whole columns at once. Only when it gives up, the file is read line by line to find the row and
the column that are wrong.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from tutelage.data.forms.not_heard import NotHeard
from tutelage.data.sparse_rows import csr as make_csr
from tutelage.errors import BadInputError
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM

__all__ = [
    "CODE_SHARE",
    "ONCE_OR_TWICE",
    "CsvFile",
    "is_undeclared_code",
    "label_names",
    "read_matrix",
    "read_table",
    "sparse_rss",
]

if TYPE_CHECKING:  # imported where a matrix is built: other forms are read without scipy
    from scipy import sparse

CsvFile = Path | zipfile.Path
_FAINTEST_PLAUSIBLE_DBM = -104.0  # the faintest reading in UJIIndoorLoc; receivers do not go lower
_MOST_CELLS = 0.5
CODE_SHARE = 0.05
"""A number that no receiver measures is a code if it fills a larger share of a table."""
ONCE_OR_TWICE = 2
"""Number of cells up to which such a number is a slip, not a code."""


def read_table(
    file: CsvFile, dtype: pa.DataType, *, header: bool = False, text: Collection[str] = ()
) -> pa.Table:
    """Read a comma-separated file.

    Parameters
    ----------
    file : CsvFile
        The file.
    dtype : pyarrow.DataType
        Type of every column that is not text.
    header : bool, default False
        Whether the first line names the columns; else they are "1", "2", ... as an editor counts them.
    text : collection of str
        Names of text columns.

    Returns
    -------
    pyarrow.Table
        The columns.

    Raises
    ------
    BadInputError
        If the file is missing, empty or not UTF-8, or a row is short or holds text for a number.
    """
    try:
        content = file.read_bytes().rstrip()
    except OSError as error:
        raise BadInputError(f"cannot be read: {error.strerror}; check the path", file=str(file)) from error
    if not content:
        raise BadInputError("the file is empty; one row a scan is expected", file=str(file))
    first_line = content.partition(b"\n")[0].decode("utf-8-sig", errors="replace")
    cells = next(csv.reader([first_line]), [""])
    names = [cell.strip() for cell in cells] if header else [str(j + 1) for j in range(len(cells))]
    try:
        return pacsv.read_csv(
            pa.BufferReader(content),
            pacsv.ReadOptions(column_names=names, skip_rows=int(header)),
            pacsv.ParseOptions(ignore_empty_lines=False),  # row numbers stay line numbers
            pacsv.ConvertOptions(
                column_types={name: pa.string() if name in text else dtype for name in names},
                null_values=[],
            ),
        )
    except ValueError as error:  # pyarrow's own errors and undecodable text
        raise _first_fault(content, str(file), names, header, text, error) from error


def read_matrix(file: CsvFile, n_columns: int | None = None) -> np.ndarray:
    """Read a headerless file of finite numbers.

    Parameters
    ----------
    file : CsvFile
        The file.
    n_columns : int, optional
        Number of columns that it must have.

    Returns
    -------
    numpy.ndarray
        Numbers, [n, k] float64.

    Raises
    ------
    BadInputError
        As for `read_table`. Also if a number is not finite or there are not `n_columns` columns.
    """
    table = read_table(file, pa.float64())
    if n_columns is not None and table.num_columns != n_columns:
        raise BadInputError(f"{table.num_columns} columns; {n_columns} are expected", file=str(file))
    matrix = np.column_stack([column.to_numpy() for column in table.columns])
    for row, column in np.argwhere(~np.isfinite(matrix))[:1] + 1:
        raise BadInputError("not a finite number", file=str(file), row=int(row), column=int(column))
    return matrix


def sparse_rss(
    table: pa.Table, names: Sequence[str], *, not_heard: float | NotHeard, file: CsvFile, header: bool = False
) -> sparse.csr_array:
    """Collect the readings of some columns, one column at a time, so that no dense copy exists.

    Parameters
    ----------
    table : pyarrow.Table
        n rows.
    names : sequence of str
        Columns of access points.
    not_heard : float or NotHeard
        Values of cells that hold no reading.
    file : CsvFile
        File of the table, for errors.
    header : bool, default False
        Whether the file has a header, for the line in errors.

    Returns
    -------
    scipy.sparse.csr_array
        Readings in dBm, [n, len(names)] float32.

    Raises
    ------
    BadInputError
        If a cell is neither a reading in [-120, 0] dBm nor `not_heard`, or one value must be another code for
        "not heard" (`is_undeclared_code`).
    """
    from scipy import sparse

    columns = [table[name].to_numpy() for name in names]
    silent = NotHeard.of(not_heard)
    rows_heard = [np.flatnonzero(~silent.means(column)) for column in columns]
    values = np.concatenate([column[rows] for column, rows in zip(columns, rows_heard, strict=True)])
    starts = np.concatenate([[0], np.cumsum([len(rows) for rows in rows_heard])])
    shape = (table.num_rows, len(names))
    by_row = sparse.csc_array((values, np.concatenate(rows_heard), starts), shape=shape).tocsr()
    rss_dbm = make_csr(by_row.data, by_row.indices, by_row.indptr, len(names))
    _require_readings(rss_dbm, names, silent, file, first_line=2 if header else 1)
    _refuse_common_value(rss_dbm.data, table.num_rows * len(names), file)
    return rss_dbm


def is_undeclared_code(value: np.ndarray, n: np.ndarray, n_cells: int) -> np.ndarray:
    """Return which values must mean "not heard", since receivers would not measure them so often.

    Such a value lies below -104 dBm, or is 0 dBm, and fills more than half of all cells. Not even a phone
    right at an access point measures 0 dBm: it is a code already beyond a twentieth of the cells, if more
    than two hold it.

    Parameters
    ----------
    value : numpy.ndarray
        RSS in dBm, [k].
    n : numpy.ndarray
        Number of cells with each value, [k].
    n_cells : int
        Number of all cells.

    Returns
    -------
    numpy.ndarray
        Whether each value is a code, [k] bool.
    """
    mostly = (n > _MOST_CELLS * n_cells) & ((value < _FAINTEST_PLAUSIBLE_DBM) | (value == 0))
    return np.asarray(mostly | ((value == 0) & (n > max(CODE_SHARE * n_cells, ONCE_OR_TWICE))))


def label_names(numbers: np.ndarray) -> np.ndarray:
    """Return labels for numbers of floors, buildings or devices: 2.0 becomes "2", 2.5 becomes "2.5".

    Parameters
    ----------
    numbers : numpy.ndarray
        Numbers, [n].

    Returns
    -------
    numpy.ndarray
        Labels, [n] str.
    """
    values, index = np.unique(numbers, return_inverse=True)
    names = [str(int(value)) if value == int(value) else str(value) for value in values.tolist()]
    return np.array(names, dtype=np.str_)[index]


def _refuse_common_value(readings_dbm: np.ndarray, n_cells: int, file: str | CsvFile) -> None:
    if not len(readings_dbm):
        return
    suspects = np.array([0.0, np.median(readings_dbm)])  # a value that fills most cells is the median
    n = np.array([np.count_nonzero(readings_dbm == suspect) for suspect in suspects])
    for j in np.flatnonzero(is_undeclared_code(suspects, n, n_cells))[:1]:
        raise BadInputError(
            f"{suspects[j]:g} fills {n[j] / n_cells:.0%} of all RSS cells, which no receiver measures; if it "
            f"means not heard, pass not_heard={suspects[j]:g} (--not-heard {suspects[j]:g})",
            file=str(file),
        )


def _require_readings(
    rss_dbm: sparse.csr_array, names: Sequence[str], not_heard: NotHeard, file: CsvFile, first_line: int
) -> None:
    data = rss_dbm.data
    bad = np.flatnonzero(~((data >= RSS_MIN_DBM) & (data <= RSS_MAX_DBM)))
    if not len(bad):
        return
    entry = int(bad[0])
    value = float(data[bad[0]])
    code = f"if it means not heard, pass not_heard={value:g}" if np.isfinite(value) else "write a number"
    raise BadInputError(
        f"{value:g} is not an RSS in [{RSS_MIN_DBM:.0f}, {RSS_MAX_DBM:.0f}] dBm, nor {not_heard} "
        f"for not heard; {code}",
        file=str(file),
        row=int(np.searchsorted(rss_dbm.indptr, entry, side="right")) - 1 + first_line,
        column=names[rss_dbm.indices[entry]],
    )


def _first_fault(
    content: bytes,
    file: str,
    names: Sequence[str],
    header: bool,
    text: Collection[str],
    error: ValueError,
) -> BadInputError:
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as undecodable:
        row = content.count(b"\n", 0, undecodable.start) + 1
        return BadInputError("the bytes are not UTF-8; save the file as UTF-8", file=file, row=row)
    for row, cells in enumerate(csv.reader(lines), start=1):
        if len(cells) != len(names):
            rule = f"{len(cells)} values; the first row has {len(names)}, separated by commas"
            return BadInputError(rule, file=file, row=row)
        for name, cell in zip(names, cells, strict=True):
            if not (name in text or (header and row == 1) or _is_number(cell)):
                return BadInputError(f"{cell!r} is not a number", file=file, row=row, column=name)
    return BadInputError(str(error), file=file)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
