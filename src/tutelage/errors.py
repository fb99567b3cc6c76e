"""Every error that Tutelage raises on purpose, in one tree.

A message says what was given, what is allowed, where it stands (file, row, column) and what to do next.
The command line prints the message and ends with exit code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "BROUGHT_BY",
    "BadInputError",
    "DataUnavailableError",
    "FileFormatError",
    "LeftOutWarning",
    "NotFittedError",
    "ReadAsWarning",
    "StoreUnavailableError",
    "TrainingDivergedError",
    "TutelageError",
    "UnknownNameError",
    "missing_package_message",
]

BROUGHT_BY = {
    "train": (
        *("scipy", "sklearn", "torch", "safetensors", "pyarrow", "pooch", "pydantic", "typer", "rich"),
        *("plotly", "optuna", "filelock", "threadpoolctl", "pyproj", "jinja2", "joblib", "python_calamine"),
        "shapely",
    ),
    "export": ("onnx", "onnxscript", "onnxruntime"),
    "serve": (
        *("fastapi", "uvicorn", "httptools", "websockets", "sqlalchemy", "alembic", "prometheus_client"),
    ),
    "mqtt": ("aiomqtt",),
    "postgres": ("psycopg",),
}
"""The packages that each extra installs, by the names under which they are imported."""
_MOST_NAMES = 40  # in one message


class TutelageError(Exception):
    """Base class of every error that Tutelage raises on purpose.

    Examples
    --------
    >>> import tutelage as tt
    >>> try:
    ...     tt.load("tampera")
    ... except tt.TutelageError as error:
    ...     print(str(error).partition(".")[0])
    unknown data set 'tampera'
    """


class BadInputError(TutelageError, ValueError):
    """A value, a table or a combination of settings breaks a rule.

    Parameters
    ----------
    message : str
        What was given, the rule and the next step.
    file : str or Path, optional
        File in which the fault stands.
    row : int, optional
        Line of the file, counted from 1 with the header, as an editor shows it.
    column : str or int, optional
        Column of the fault.
    row_name : str, default "row"
        What `row` counts where it does not count lines, such as "feature".
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        row: int | None = None,
        column: str | int | None = None,
        row_name: str = "row",
    ) -> None:
        self.file = file
        self.row = row
        self.column = column
        place = [str(file)] if file is not None else []
        place += [f"{row_name} {row}"] if row is not None else []
        place += [f"column {column}"] if column is not None else []
        super().__init__(f"{', '.join(place)}: {message}" if place else message)


class UnknownNameError(TutelageError, LookupError):
    """A name that does not exist, with the names that come near it.

    Parameters
    ----------
    kind : str
        What the name should name, such as "data set" or "network".
    given : str
        The name that the user wrote.
    allowed : iterable of str
        The names that exist.
    """

    def __init__(self, kind: str, given: str, allowed: Iterable[str]) -> None:
        self.kind = kind
        self.given = given
        self.allowed = sorted(allowed)
        near = difflib.get_close_matches(given.lower(), self.allowed, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        shown = ", ".join(self.allowed[:_MOST_NAMES]) or "there is none yet"
        more = len(self.allowed) - _MOST_NAMES
        rest = f" and {more:,} more" if more > 0 else ""
        super().__init__(f"unknown {kind} {given!r}.{hint} Allowed: {shown}{rest}.")

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, list[str]]]:
        """Pickle the error by its arguments; its message alone would not build it again."""
        return type(self), (self.kind, self.given, self.allowed)


class DataUnavailableError(TutelageError, FileNotFoundError):
    """The files of a data set are not here and cannot be downloaded."""

    def __str__(self) -> str:  # FileNotFoundError would print the repr of its arguments
        """Return the message; FileNotFoundError would print the repr of its arguments."""
        return str(self.args[0])


class FileFormatError(TutelageError):
    """A teacher, model, cache or checkpoint file is damaged, cut short or of another kind."""


class NotFittedError(TutelageError):
    """A localizer was asked for positions before `fit` or `load`."""


class TrainingDivergedError(TutelageError):
    """A term of the loss is no longer a finite number."""


class StoreUnavailableError(TutelageError):
    """The store of the service cannot be reached, read or written."""


class LeftOutWarning(UserWarning):
    """Scans or readings of a user's file were left out; the message says how many and why."""


class ReadAsWarning(UserWarning):
    """A user's file was read otherwise than it says plainly; the message says how."""


def missing_package_message(who: str, error: ModuleNotFoundError) -> str | None:
    """Say which package is missing and which extra installs it.

    Parameters
    ----------
    who : str
        What needs the package, such as "the command tutelage".
    error : ModuleNotFoundError
        The error that the import raised.

    Returns
    -------
    str or None
        One sentence with the command to run; None if no extra installs the package.
    """
    package = (error.name or "").partition(".")[0]
    extra = next((extra for extra, packages in BROUGHT_BY.items() if package in packages), None)
    if extra is None:
        return None
    return f'{who} needs {package}, which is not installed: pip install "tutelage[{extra}]"'
