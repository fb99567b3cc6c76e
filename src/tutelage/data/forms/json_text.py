"""JSON that says where it is broken, and its values as cells of a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tutelage.errors import BadInputError

__all__ = ["cells", "parsed", "text_of"]

_LARGEST = 1e300  # a longer integer does not fit a double; as text it is refused with its place


def parsed(text: str, path: Path, row: int = 1) -> Any:
    """The value of a JSON text that begins in line `row` of a file.

    Raises
    ------
    BadInputError
        If it is no JSON, names a member of an object twice, or holds NaN or Infinity.
    """
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        line, message = row + error.lineno - 1, f"not readable as JSON: {error.msg}"
        raise BadInputError(message, file=path, row=line, column=error.colno) from error
    except (_RepeatedMemberError, _NoNumberError) as error:
        raise BadInputError(str(error), file=path, row=row if "\n" not in text.strip() else None) from error
    except RecursionError as error:
        raise BadInputError("not readable as JSON: nested too deeply", file=path) from error


class _RepeatedMemberError(Exception):
    pass


class _NoNumberError(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise _RepeatedMemberError(f"{twice!r} stands twice in one object; keep one")
    return found


def _no_constant(name: str) -> Any:
    raise _NoNumberError(f"{name} is no number in JSON; leave out what is not known")


def cells(values: Sequence[Any]) -> pa.Array:
    """A column of numbers, or of text where one of the values is none; null where there is no value."""
    if all(value is None or _is_number(value) for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else text_of(value) for value in values], pa.string())


def text_of(value: Any) -> str:
    """A value as a label: text as it is, 2 and 2.0 as "2", anything else as JSON; "" for none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST
