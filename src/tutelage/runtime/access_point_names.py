"""Names of access points and labels: which spellings mean the same."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

__all__ = ["NO_MAP", "WHOLE_NUMBER", "columns_in", "is_mac", "plain_name"]

NO_MAP = "_nomap"
"""Ending of a network's name whose owner does not want it used for positioning, in any form."""

WHOLE_NUMBER = r"^(-?\d+)\.0+$"
"""A label that some programs write for floor 2: 2.0. Its group 1 is the label that is meant."""

_MAC = re.compile(r"[0-9a-f]{2}(?:([:-]?)[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}", flags=re.IGNORECASE)


def is_mac(name: str) -> bool:
    """Whether the whole of `name` is a MAC address: twelve hexadecimal digits, with : or - or nothing."""
    return _MAC.fullmatch(name) is not None


def plain_name(name: str) -> str:
    """A MAC address in lower case with colons, whichever way it is written; any other name as it is.

    >>> plain_name("00-0B-86-27-36-C1"), plain_name("WAP001")
    ('00:0b:86:27:36:c1', 'WAP001')
    """
    if not is_mac(name):
        return name
    digits = re.sub("[:-]", "", name).lower()
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


@lru_cache(maxsize=32)  # a table's scans ask the same again, one by one
def columns_in(access_points: tuple[str, ...], names: tuple[str, ...]) -> np.ndarray:
    """Where each of `names` is among `access_points`, -1 where it is not.

    A name that is not there as it is written is looked for in other spellings of the same MAC address; of
    several such names one is found, so that no column is meant twice.
    """
    column, spelled = _places(access_points)
    found = np.array([column.get(name, -1) for name in names], dtype=np.int64)
    taken = set(found.tolist())
    for i in np.flatnonzero(found < 0).tolist():
        j = spelled.get(plain_name(names[i]), -1)
        if j not in taken:
            found[i] = j
            taken.add(j)
    found.setflags(write=False)
    return found


@lru_cache(maxsize=32)  # a model's are the same for every scan, whose names are not
def _places(access_points: tuple[str, ...]) -> tuple[dict[str, int], dict[str, int]]:
    """The column of each name as it is written, and of each MAC address as `plain_name` has it."""
    column = {name: j for j, name in enumerate(access_points)}
    return column, {plain_name(name): j for name, j in column.items() if is_mac(name)}
