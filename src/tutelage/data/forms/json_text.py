"""JSON with the place of its faults, and its values as cells of a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tutelage.data.forms.file_content import file_content, lenient_text
from tutelage.errors import BadInputError

__all__ = ["cells", "label_text", "parse_json", "read_objects"]

_LARGEST = 1e300  # a longer integer does not fit a double; as text it is refused with its place


def parse_json(text: str, path: Path, row: int = 1) -> Any:
    """Parse a JSON text.

    Parameters
    ----------
    text : str
        The text.
    path : Path
        Its file, for errors.
    row : int, default 1
        Line of the file in which it begins.

    Returns
    -------
    object
        The value.

    Raises
    ------
    BadInputError
        If it is not JSON, names a member of an object twice, or holds NaN or Infinity.
    """
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        line = row + error.lineno - 1
        message = f"not readable as JSON: {error.msg}"
        raise BadInputError(message, file=path, row=line, column=error.colno) from error
    except (_RepeatedMemberError, _NoNumberError) as error:
        raise BadInputError(str(error), file=path, row=row if "\n" not in text.strip() else None) from error
    except RecursionError as error:
        raise BadInputError("not readable as JSON: nested too deeply", file=path) from error


def read_objects(path: Path) -> tuple[str, list[tuple[int, Any]]]:
    """Read JSON values: one a line, the entries of one array, or one value over several lines.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    row_name : str
        What the numbers count: "row" or "entry".
    values : list of (int, object)
        Each value with its number.

    Raises
    ------
    BadInputError
        As for `parse_json`.
    """
    text = lenient_text(file_content(path).data)
    if text.lstrip().startswith("["):
        return "entry", list(enumerate(parse_json(text, path), start=1))
    lines = [(row, line) for row, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if lines and lines[0][1].rstrip().endswith("}"):
        return "row", [(row, parse_json(line, path, row)) for row, line in lines]
    return "entry", [(1, parse_json(text, path))]


class _RepeatedMemberError(Exception):
    pass


class _NoNumberError(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise _RepeatedMemberError(f"{twice!r} stands twice in one object; keep one")
    return members


def _no_constant(name: str) -> Any:
    raise _NoNumberError(f"{name} is no number in JSON; leave out what is not known")


def cells(values: Sequence[Any]) -> pa.Array:
    """Make a column of numbers, or of text where a value is not a number.

    Parameters
    ----------
    values : sequence
        JSON values.

    Returns
    -------
    pyarrow.Array
        float64 or string; null where there is no value.
    """
    if all(value is None or _is_number(value) for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else label_text(value) for value in values], pa.string())


def label_text(value: Any) -> str:
    """Return a value as a label: text unchanged, 2 and 2.0 as "2", anything else as JSON.

    Parameters
    ----------
    value : object
        JSON value.

    Returns
    -------
    str
        The label; "" for None.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST
