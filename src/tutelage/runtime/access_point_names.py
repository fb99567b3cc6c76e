"""Spellings of access points and labels that mean the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

__all__ = ["NO_MAP", "WHOLE_NUMBER", "ColumnFinder", "find_columns", "is_mac", "normalised_name"]

NO_MAP = "_nomap"
"""Ending of a network's name whose owner does not want it used for positioning, in any form."""

WHOLE_NUMBER = r"^(-?\d+)\.0+$"
"""Pattern of whole numbers with a decimal part, such as 2.0 for floor 2; group 1 is the label."""

_MAC = re.compile(r"[0-9a-f]{2}(?:([:-]?)[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}", flags=re.IGNORECASE)


def is_mac(name: str) -> bool:
    """Return whether a name is a MAC address.

    Its twelve hexadecimal digits stand in pairs with ``:``, ``-`` or nothing between them.

    Parameters
    ----------
    name : str
        Name of an access point.

    Returns
    -------
    bool
        True if the whole name is a MAC address.
    """
    return _MAC.fullmatch(name) is not None


def normalised_name(name: str) -> str:
    """Spell a MAC address in lower case with colons; return any other name unchanged.

    Parameters
    ----------
    name : str
        Name of an access point.

    Returns
    -------
    str
        One spelling for all spellings of a MAC address.

    Examples
    --------
    >>> normalised_name("00-0B-86-27-36-C1"), normalised_name("WAP001")
    ('00:0b:86:27:36:c1', 'WAP001')
    """
    if not is_mac(name):
        return name
    digits = re.sub("[:-]", "", name).lower()
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


class ColumnFinder:
    """Columns of access points by name, for one who asks often: they are hashed once.

    Parameters
    ----------
    access_points : sequence of str
        Names of the columns.
    """

    def __init__(self, access_points: Sequence[str]) -> None:
        self._column = {name: j for j, name in enumerate(access_points)}
        self._by_spelling = {normalised_name(name): j for name, j in self._column.items() if is_mac(name)}

    def find(self, names: Sequence[str]) -> np.ndarray:
        """Find the column of each name.

        A name that is not there is looked for under other spellings of the same MAC address. If several names
        mean one column, only one of them gets it.

        Parameters
        ----------
        names : sequence of str
            Names to find.

        Returns
        -------
        numpy.ndarray
            Column of each name, [len(names)] int64; -1 where there is none.
        """
        columns = [self._column.get(name, -1) for name in names]
        used = set(columns)
        for i, name in enumerate(names):
            if columns[i] < 0:
                j = self._by_spelling.get(normalised_name(name), -1)
                if j not in used:
                    columns[i] = j
                    used.add(j)
        return np.array(columns, dtype=np.int64)


@lru_cache(maxsize=32)  # a table's scans ask the same again, one by one
def find_columns(access_points: tuple[str, ...], names: tuple[str, ...]) -> np.ndarray:
    """Find the column of each name among access points; see `ColumnFinder.find`.

    Parameters
    ----------
    access_points : tuple of str
        Names of the columns.
    names : tuple of str
        Names to find.

    Returns
    -------
    numpy.ndarray
        Column of each name, [len(names)] int64; -1 where there is none. The array is read-only.
    """
    columns = ColumnFinder(access_points).find(names)
    columns.setflags(write=False)
    return columns
