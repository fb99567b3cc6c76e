"""A CSV or Parquet table whose every cell can be named in an error."""

from __future__ import annotations

import csv
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import WHOLE_NUMBER

__all__ = ["LocatedTable", "read_located_table"]

_BLOCK_BYTES = 1 << 26  # no row of a table is longer than this
_DECIMAL_COMMA = re.compile(r"\d,\d")
_LATEST_UNIX_MS = 1e14  # the year 5138; what lies beyond was meant as milliseconds


@dataclass(frozen=True, eq=False)
class LocatedTable:
    """Columns of a file, with the way back from a cell to its place there.

    Parameters
    ----------
    file : where it was read from
    columns : text or typed columns of n rows, names unique
    rows : [n] where each stands in the file: its line, from 1
    row_name : what `rows` counts where it is not lines, such as "feature"
    titles : what the file calls a column that has another name here
    files : the file of each row, where `file` is a folder
    """

    file: Path
    columns: pa.Table
    rows: np.ndarray
    row_name: str = "row"
    titles: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[Path] = ()

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    @property
    def names(self) -> list[str]:
        """Column names in file order."""
        return list(self.columns.column_names)

    def error(self, message: str, index: int | None = None, column: str | None = None) -> BadInputError:
        """The error to raise for row `index` of the data, counted from 0."""
        row = None if index is None else int(self.rows[index])
        title = None if column is None else self.titles.get(column, column)
        file = self.file if index is None or not self.files else self.files[index]
        return BadInputError(message, file=file, row=row, column=title, row_name=self.row_name)

    def text(self, name: str) -> np.ndarray:
        """[n] str: a column as written, trimmed; "" where the cell is empty."""
        cells = self._converted(name, lambda cells: pc.cast(cells, pa.string()), "it cannot be read as text")
        return np.asarray(pc.fill_null(cells, "").to_numpy().astype(np.str_))

    def labels(self, name: str) -> np.ndarray:
        """[n] str: `text`, with whole numbers as such, see `WHOLE_NUMBER`."""
        written = pc.replace_substring_regex(pa.array(self.text(name)), WHOLE_NUMBER, r"\1")
        return np.asarray(written.to_numpy(zero_copy_only=False), dtype=np.str_)

    def numbers(self, name: str, rule: str) -> np.ndarray:
        """[n] float64, NaN where the cell is empty; `rule` tells the user what belongs there."""
        numbers = self._converted(name, lambda cells: pc.cast(cells, pa.float64()), rule)
        values = numbers.to_numpy()
        strange = np.flatnonzero(~np.isfinite(values))
        if len(strange) > numbers.null_count:  # a written NaN or infinity, not an empty cell
            index = next(int(i) for i in strange if numbers[int(i)].is_valid)
            raise self.error(f"{values[index]} is not a finite number; {rule}", index, name)
        return np.asarray(values)

    def times(self, name: str) -> np.ndarray:
        """[n] datetime64[ms] in UTC, NaT where the cell is empty, from ISO 8601 or unix seconds."""
        rule = "write ISO 8601 (2024-05-01T09:30:00) or unix seconds, the same way in every row"
        return np.asarray(self._converted(name, _as_times, rule).to_numpy().astype("datetime64[ms]"))

    def _cells(self, name: str) -> pa.ChunkedArray:
        """A column with null for every empty cell."""
        cells = self.columns[name]
        if pa.types.is_dictionary(cells.type):
            cells = pc.cast(cells, cells.type.value_type)
        if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
            return cells
        trimmed = pc.utf8_trim_whitespace(cells)
        return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, trimmed.type), trimmed)

    def _converted(
        self, name: str, convert: Callable[[pa.ChunkedArray], pa.ChunkedArray], rule: str
    ) -> pa.ChunkedArray:
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


def _as_times(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type):
        return cells
    for convert in (_from_unix_seconds, _from_local_iso):
        if not _fails(convert, cells):
            return convert(cells)
    return pc.cast(cells, pa.timestamp("ns", "UTC"))


def _from_unix_seconds(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    milliseconds = pc.round(pc.multiply(pc.cast(cells, pa.float64()), 1000.0))
    if (pc.max(milliseconds).as_py() or 0.0) > _LATEST_UNIX_MS:
        raise pa.ArrowInvalid("milliseconds, not seconds")
    return pc.cast(pc.cast(milliseconds, pa.int64()), pa.timestamp("ms"))


def _from_local_iso(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(cells, pa.timestamp("ns"))


# -- reading --------------------------------------------------------------------------------------


def read_located_table(path: str | Path, delimiter: str = ",") -> LocatedTable:
    """Read a .csv or .parquet file whole.

    Parameters
    ----------
    path : the file
    delimiter : between the cells of a .csv

    Raises
    ------
    BadInputError
        If it is missing, empty, of another kind, damaged, or has repeated or nameless columns.
    """
    path = Path(path)
    if path.is_dir():
        raise BadInputError("is a folder and holds no form of scans; name the file in it", file=path)
    if not path.is_file():
        raise BadInputError("there is no such file; check the path", file=path)
    if not path.stat().st_size:
        raise BadInputError("the file is empty; it needs a header and one row a scan", file=path)
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise BadInputError(
            f"a table is a .csv or a .parquet file, not {path.suffix or 'a file without an ending'}; nor "
            "does it look like a GetSensorData log, a GeoJSON file or FIND3 data",
            file=path,
        )
    table = _read_csv(path, delimiter) if kind == ".csv" else _read_parquet(path)
    if not len(table):
        raise table.error("there is a header and no row of data; add one row a scan")
    return table


def _read_parquet(path: Path) -> LocatedTable:
    try:
        columns = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise BadInputError(f"not a readable Parquet file ({reason}); write it again", file=path) from error
    _require_names(path, columns.column_names)
    return LocatedTable(path, columns, np.arange(1, len(columns) + 1))


def _read_csv(path: Path, delimiter: str) -> LocatedTable:
    text = _utf8(path)
    header_line, _, body = text.rstrip("\n").partition("\n")
    names = [name.strip() for name in next(csv.reader([header_line], delimiter=delimiter))]
    _require_delimiter(path, names, body)
    _require_names(path, names)
    columns = (
        _parsed(path, names, body, delimiter)
        if body
        else pa.table({name: pa.array([], pa.string()) for name in names})
    )
    table = LocatedTable(path, columns, np.arange(2, len(columns) + 2))
    if body and body.count("\n") + 1 != len(table):
        raise _swallowed_lines(table)
    return table


def _utf8(path: Path) -> str:
    """The file as text, without a byte-order mark and with plain line ends."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        given = error.object[error.start]
        raise BadInputError(
            f"byte 0x{given:02x} is not UTF-8; save the table as CSV in UTF-8", file=path, row=row
        ) from error


def _require_delimiter(path: Path, names: list[str], body: str) -> None:
    """Refuse a table whose header is one cell because something else stands between its cells."""
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and mark in names[0]:
            point = ", and write numbers with a point" if _DECIMAL_COMMA.search(body) else ""
            raise BadInputError(
                f"cells are separated by {called}; separate them with commas{point}", file=path, row=1
            )


def _require_names(path: Path, names: list[str]) -> None:
    for position, name in enumerate(names):
        if not name:
            raise BadInputError(
                "the column has no name; name it or remove it (pandas: to_csv(..., index=False))",
                file=path,
                row=1,
                column=position + 1,
            )
        if name in names[:position]:
            raise BadInputError(
                "the column appears twice; rename or remove one", file=path, row=1, column=name
            )


def _parsed(path: Path, names: list[str], body: str, delimiter: str) -> pa.Table:
    """The rows below the header, every cell as text."""
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
    except pa.ArrowException as error:
        raise BadInputError(f"not a readable CSV table ({error})", file=path) from error
    if bad_rows:
        first = bad_rows[0]
        raise BadInputError(
            f"{first.actual_columns} cells, the header has {first.expected_columns}; is the file truncated?",
            file=path,
            row=first.number + 1,
        )
    return columns


def _swallowed_lines(table: LocatedTable) -> BadInputError:
    """The error for a cell that runs over several lines, which a forgotten quote makes it do."""
    has_break = {name: pc.match_substring(table.columns[name], "\n").to_numpy() for name in table.names}
    name = next(name for name in table.names if has_break[name].any())
    index = int(np.argmax(has_break[name]))
    return table.error("the quoted cell runs over several lines; close the quote", index, name)
