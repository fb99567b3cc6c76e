"""Rules that scans and access points keep, and the errors where they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from tutelage.errors import BadInputError

__all__ = ["require_names", "require_numbers", "require_unique"]


def require_names(access_points: tuple[str, ...], n_columns: int) -> None:
    """Require one unique access point for each column of readings.

    Parameters
    ----------
    access_points : tuple of str
        Names of the columns.
    n_columns : int
        Number of columns.

    Raises
    ------
    BadInputError
        If their numbers differ, or a name repeats.
    """
    if len(access_points) != n_columns:
        raise BadInputError(
            f"{len(access_points)} access points for {n_columns} RSS columns; give one name a column"
        )
    if not _are_unique(access_points):
        require_unique("access point", access_points)


def require_unique(what: str, names: Sequence[str] | np.ndarray) -> None:
    """Require that no name repeats.

    Parameters
    ----------
    what : str
        What the names are, for the error.
    names : sequence of str
        Names to check.

    Raises
    ------
    BadInputError
        At the first name that repeats an earlier one.
    """
    if len(set(map(str, names))) == len(names):
        return
    seen: set[str] = set()
    for row, name in enumerate(map(str, names)):
        if name in seen:
            raise BadInputError(
                f"{what} {name!r} appears twice (again at position {row}); each must be unique"
            )
        seen.add(name)


def require_numbers(scans: Sequence[Mapping[str, object]]) -> None:
    """Require that every reading is a number.

    Parameters
    ----------
    scans : sequence of mapping
        Each scan as {access point: RSS in dBm}.

    Raises
    ------
    BadInputError
        At the first reading that is not.
    """
    if all(map(_is_number, {type(rss_dbm) for scan in scans for rss_dbm in scan.values()})):
        return
    readings = ((n, name, value) for n, scan in enumerate(scans) for name, value in scan.items())
    n, name, value = next(reading for reading in readings if not _is_number(type(reading[2])))
    raise BadInputError(f"scan {n}: the RSS of {name!r} is {value!r}; give a number in dBm")


@lru_cache(maxsize=32)  # scans of one table have the same names
def _are_unique(names: tuple[str, ...]) -> bool:
    return len(set(names)) == len(names)


def _is_number(kind: type) -> bool:
    return issubclass(kind, (int, float, np.integer, np.floating)) and kind is not bool
