"""One exception tree.

Every error that a user can cause says what was given, what is allowed, where (file, row, column) and
what to do next. The command line turns any of them into one message and exit code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "BadInputError",
    "DataUnavailableError",
    "FileFormatError",
    "LeftOutWarning",
    "NotFittedError",
    "TrainingDivergedError",
    "TutelageError",
    "UnknownNameError",
]


class TutelageError(Exception):
    """Base of every error that Tutelage raises on purpose."""


class BadInputError(TutelageError, ValueError):
    """A value, a table or a combination of settings breaks a rule.

    Parameters
    ----------
    message : str
        What was given, the rule and the next step.
    file, row, column : optional
        Where. `row` counts lines of the file from 1, the header included, so that it is the line
        number an editor shows.
    row_name : what is counted where it is not lines, such as "feature"
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
        self.file, self.row, self.column = file, row, column
        place = [str(file)] if file is not None else []
        place += [f"{row_name} {row}"] if row is not None else []
        place += [f"column {column}"] if column is not None else []
        super().__init__(f"{', '.join(place)}: {message}" if place else message)


class UnknownNameError(TutelageError, LookupError):
    """A name (data set, network, option, recipe) that does not exist; near-misses are suggested."""

    def __init__(self, kind: str, given: str, allowed: Iterable[str]) -> None:
        self.kind, self.given, self.allowed = kind, given, sorted(allowed)
        near = difflib.get_close_matches(given.lower(), self.allowed, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"unknown {kind} {given!r}.{hint} Allowed: {', '.join(self.allowed)}.")

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, list[str]]]:
        """An exception is copied to another process by its message, which does not make this one again."""
        return type(self), (self.kind, self.given, self.allowed)


class DataUnavailableError(TutelageError, FileNotFoundError):
    """The files of a data set are neither here nor can they be downloaded."""

    def __str__(self) -> str:  # FileNotFoundError would print the repr of its arguments
        return str(self.args[0])


class FileFormatError(TutelageError):
    """A teacher, model, cache or checkpoint file is corrupted, truncated or of another kind."""


class NotFittedError(TutelageError):
    """A localizer was asked for positions before `fit` or `load`."""


class TrainingDivergedError(TutelageError):
    """A term of the loss is no longer a finite number."""


class LeftOutWarning(UserWarning):
    """Scans or readings of a user's file that were not taken over: how many, and why."""
