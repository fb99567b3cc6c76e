"""Read a CSV or Parquet file whole into a table whose cells errors can name."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from tutelage.data.forms.located_table import LocatedTable
from tutelage.errors import BadInputError

__all__ = ["read_located_table"]

_BLOCK_BYTES = 1 << 26  # no row of a table is longer than this
_DECIMAL_COMMA = re.compile(r"\d,\d")


def read_located_table(path: str | Path, delimiter: str = ",") -> LocatedTable:
    """Read a .csv or .parquet file whole.

    Parameters
    ----------
    path : str or Path
        The file.
    delimiter : str, default ","
        Character between the cells of a .csv.

    Returns
    -------
    LocatedTable
        Its columns.

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
    if not header_line.strip():
        raise BadInputError("the first line is empty; it must name the columns", file=path, row=1)
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
    """Return the file as text, without a byte-order mark and with plain line ends."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise BadInputError(
            f"byte 0x{byte:02x} is not UTF-8; save the table as CSV in UTF-8", file=path, row=row
        ) from error


def _require_delimiter(path: Path, names: list[str], body: str) -> None:
    """Refuse a table whose header is one cell because another character separates its cells."""
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
    """Make the error for a cell that runs over several lines, as after a forgotten quote."""
    has_break = {name: pc.match_substring(table.columns[name], "\n").to_numpy() for name in table.names}
    name = next(name for name in table.names if has_break[name].any())
    index = int(np.argmax(has_break[name]))
    return table.error("the quoted cell runs over several lines; close the quote", index, name)
