"""Codes for "not heard": numbers that stand in cells without a reading."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tutelage.errors import BadInputError

__all__ = ["NotHeard"]

_BOUNDS = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}
_BOUND = re.compile(r"(<=|>=|<|>)\s*(.+)")


@dataclass(frozen=True)
class NotHeard:
    """Numbers that mean "not heard".

    Parameters
    ----------
    values : tuple of float
        Numbers that are codes.
    bounds : tuple of (str, float)
        Bounds beyond which every number is one, such as ("<=", -100.0).
    """

    values: tuple[float, ...] = ()
    bounds: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, given: NotHeard | float | str | Iterable[float | str] | None) -> NotHeard:
        """Read codes in any way in which a user may give them.

        Parameters
        ----------
        given : NotHeard, float, str, iterable or None
            100, "100,0", "<=-100", or several of them.

        Returns
        -------
        NotHeard
            The codes.

        Raises
        ------
        BadInputError
            If a part is neither a number nor a bound.

        Examples
        --------
        >>> str(NotHeard.of("100, <=-110"))
        '100,<=-110'
        """
        if isinstance(given, NotHeard):
            return given
        if given is None:
            return cls()
        if isinstance(given, str):
            parts: list[float | str] = [part.strip() for part in given.split(",") if part.strip()]
        else:
            parts = list(given) if isinstance(given, Iterable) else [float(given)]
        values, bounds = [], []
        for part in parts:
            bound = _BOUND.fullmatch(str(part).strip())
            if bound:
                bounds.append((bound[1], _number(bound[2], part)))
            else:
                values.append(_number(part, part))
        return cls(tuple(dict.fromkeys(values)), tuple(bounds))

    def __bool__(self) -> bool:
        """Return whether there is any code."""
        return bool(self.values or self.bounds)

    def __str__(self) -> str:
        """Return the codes as the command line takes them."""
        return ",".join(
            [f"{value:g}" for value in self.values] + [f"{sign}{at:g}" for sign, at in self.bounds]
        )

    def means(self, numbers: np.ndarray) -> np.ndarray:
        """Return which numbers mean "not heard".

        Parameters
        ----------
        numbers : numpy.ndarray
            Numbers of any shape.

        Returns
        -------
        numpy.ndarray
            Bool of the same shape; False for NaN.
        """
        if len(self.values) == 1 and not self.bounds:
            return np.asarray(numbers == numbers.dtype.type(self.values[0]))
        is_code = np.isin(numbers, np.array(self.values, dtype=numbers.dtype))
        for sign, at in self.bounds:
            is_code |= _BOUNDS[sign](numbers, numbers.dtype.type(at))
        return np.asarray(is_code)


def _number(text: float | str, given: float | str) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = np.nan
    if not np.isfinite(value):
        raise BadInputError(
            f"not_heard: {given!r} is no code; give a number, several (100,0), or a bound ('<=-100')"
        )
    return value
