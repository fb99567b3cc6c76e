"""Spreadsheets (.xlsx, .xls, .ods) as tables, by python-calamine."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tutelage.data.forms.delimited import require_names
from tutelage.data.forms.located_table import LocatedTable
from tutelage.errors import BadInputError

__all__ = ["read_workbook"]


def read_workbook(path: Path, data: bytes) -> LocatedTable:
    """Read the first sheet of a spreadsheet that holds anything.

    Parameters
    ----------
    path : Path
        Its file, for errors.
    data : bytes
        Its bytes.

    Returns
    -------
    LocatedTable
        Its columns as text, from the first row that is not empty.

    Raises
    ------
    BadInputError
        If python-calamine is missing, or the spreadsheet is damaged or empty.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ModuleNotFoundError as error:
        raise BadInputError(
            "this is a spreadsheet, which python-calamine reads (pip install python-calamine); or "
            "save it as CSV",
            file=path,
        ) from error
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [
            (name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in book.sheet_names
        ]
    except (CalamineError, ValueError, OSError) as error:
        raise BadInputError(f"not a readable spreadsheet ({error}); save it as CSV", file=path) from error
    filled = [(name, rows) for name, rows in sheets if any(map(_holds, rows))]
    if not filled:
        raise BadInputError("the spreadsheet is empty; it needs a header and one row a scan", file=path)
    name, rows = filled[0]
    table = _table(path, rows)
    if len(filled) == 1:
        return table
    others = ", ".join(other for other, _ in filled[1:6])
    note = f"of {len(filled)} sheets the first is read, {name}; save others as files of their own ({others})"
    return LocatedTable(path, table.columns, table.rows, notes=(note,))


def _holds(row: Sequence[Any]) -> bool:
    return any(cell not in ("", None) for cell in row)


def _table(path: Path, rows: Sequence[Sequence[Any]]) -> LocatedTable:
    numbers = [number for number, row in enumerate(rows, start=1) if _holds(row)]
    header = [_text(cell) for cell in rows[numbers[0] - 1]]
    width = max(
        column + 1
        for number in numbers
        for column, cell in enumerate(rows[number - 1])
        if cell not in ("", None)
    )
    names = [*header, *[""] * width][:width]
    require_names(path, names, numbers[0])
    body = [rows[number - 1] for number in numbers[1:]]
    columns = {
        name: pa.array([_text(row[j]) if j < len(row) else "" for row in body], pa.string())
        for j, name in enumerate(names)
    }
    return LocatedTable(path, pa.table(columns), np.array(numbers[1:], dtype=np.int64))


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    return str(cell).strip()
