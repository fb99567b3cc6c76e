"""Read a table whole, in whichever container and text it is: cells that errors can name."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tutelage.data.forms.delimited import read_delimited, require_names
from tutelage.data.forms.file_content import decoded, file_content
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.workbook import read_workbook
from tutelage.errors import BadInputError

__all__ = ["PARQUET", "read_located_table", "unreadable_parquet"]

PARQUET = b"PAR1"
"""First bytes of a Parquet file."""


def read_located_table(path: str | Path, delimiter: str | None = None) -> LocatedTable:
    """Read a table whole: CSV, TSV, Parquet or a spreadsheet, also in a .gz or a .zip.

    Parameters
    ----------
    path : str or Path
        The file.
    delimiter : str, optional
        Character between the cells of a text; by default what the text itself says.

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
    content = file_content(path)
    if not content.data:
        raise BadInputError("the file is empty; it needs a header and one row a scan", file=path)
    if content.data.startswith(PARQUET) or content.name.lower().endswith(".parquet"):
        table = _read_parquet(path, content.data)
    elif content.is_workbook:
        table = read_workbook(path, content.data)
    else:
        _refuse_binary(path, content.data)
        table = read_delimited(path, decoded(content.data, path), delimiter)
    if not len(table):
        raise table.error("there is a header and no row of data; add one row a scan")
    return table


def _read_parquet(path: Path, data: bytes) -> LocatedTable:
    try:
        require_names(path, list(pq.read_schema(io.BytesIO(data)).names))
        columns = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise unreadable_parquet(path, error) from error
    return LocatedTable(path, columns, np.arange(1, len(columns) + 1))


def unreadable_parquet(path: Path, error: Exception) -> BadInputError:
    """Make the error to raise for a damaged Parquet file.

    Parameters
    ----------
    path : Path
        The file.
    error : Exception
        What pyarrow or the system says.

    Returns
    -------
    BadInputError
        The error.
    """
    reason = " ".join(str(error).split())
    return BadInputError(f"not a readable Parquet file ({reason}); write it again", file=path)


def _refuse_binary(path: Path, data: bytes) -> None:
    kinds = {
        b"%PDF": "a PDF",
        b"SQLite format 3": "an SQLite database",
        b"\x89PNG": "a picture",
        b"\xff\xd8\xff": "a picture",
    }
    kind = next((words for begin, words in kinds.items() if data.startswith(begin)), None)
    if kind:
        raise BadInputError(f"this is {kind}, no table; save the scans as CSV", file=path)
