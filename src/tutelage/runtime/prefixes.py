"""Parts of a model in one collection of names: each part has a prefix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

__all__ = ["with_prefix"]

Value = TypeVar("Value")


def with_prefix(items: Mapping[str, Value], prefix: str) -> dict[str, Value]:
    """Return the items whose names begin with a prefix; the prefix is cut off.

    Parameters
    ----------
    items : mapping of str
        Arrays or settings by name.
    prefix : str
        Beginning of the names.

    Returns
    -------
    dict
        Items by the rest of their names.
    """
    return {name.removeprefix(prefix): items[name] for name in items if name.startswith(prefix)}
