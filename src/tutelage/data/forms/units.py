"""Units of a user's file, where they are not dBm, metres and a time that says its own unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tutelage.errors import BadInputError, UnknownNameError

__all__ = ["METRES_IN", "TIME_UNITS", "Units"]

METRES_IN = {
    "m": 1.0,
    "mm": 0.001,
    "cm": 0.01,
    "dm": 0.1,
    "km": 1000.0,
    "feet": 0.3048,
    "ft": 0.3048,
    "inch": 0.0254,
}
"""Length of each unit in metres."""
TIME_UNITS = ("s", "ms", "us", "ns", "day-first", "month-first")
"""Units of numbers since 1970, and the two orders of dates such as 05/01/2024."""
_STRENGTHS = ("dbm", "percent", "unsigned")
_KINDS = ("rss", "place", "time")


@dataclass(frozen=True)
class Units:
    """Units of readings, of places in metres of a plan, and of times.

    Parameters
    ----------
    rss : str
        "dbm", "percent" (signal quality; dBm = percent / 2 - 100, and 0 is not heard), or "unsigned" (dBm
        without their minus sign).
    place : float
        Metres in one unit of x_m and y_m.
    time : str
        One of `TIME_UNITS`; "" reads it from the values.
    """

    rss: str = "dbm"
    place: float = 1.0
    time: str = ""

    @classmethod
    def of(cls, given: Units | str | Mapping[str, object] | None) -> Units:
        """Read units in any way in which a user may give them.

        Parameters
        ----------
        given : Units, str, mapping or None
            Such as "rss=percent,place=mm", or {"place": 0.0265} for metres in a pixel.

        Returns
        -------
        Units
            The units.

        Raises
        ------
        BadInputError, UnknownNameError
            If a part names no unit.

        Examples
        --------
        >>> Units.of("place=cm,time=ms")
        Units(rss='dbm', place=0.01, time='ms')
        """
        if isinstance(given, cls):
            return given
        pairs = given.items() if isinstance(given, Mapping) else _pairs(str(given or ""))
        chosen = cls()
        for kind, value in pairs:
            if kind not in _KINDS:
                raise UnknownNameError("kind of unit", kind, _KINDS)
            chosen = chosen._with(kind, str(value).strip())
        return chosen

    def _with(self, kind: str, value: str) -> Units:
        if kind == "place":
            return Units(self.rss, _metres(value), self.time)
        allowed = _STRENGTHS if kind == "rss" else TIME_UNITS
        if value.casefold() not in allowed:
            raise UnknownNameError(f"unit of {kind}", value, allowed)
        if kind == "rss":
            return Units(value.casefold(), self.place, self.time)
        return Units(self.rss, self.place, value.casefold())

    def to_dbm(self, numbers: np.ndarray) -> np.ndarray:
        """Convert readings to dBm.

        Parameters
        ----------
        numbers : numpy.ndarray
            Readings in the unit of the file; NaN where nothing is heard.

        Returns
        -------
        numpy.ndarray
            Readings in dBm; NaN where nothing is heard.
        """
        if self.rss == "percent":
            dbm = numbers / 2 - 100
            return np.where((numbers > 0) & (numbers <= 100), dbm, np.where(numbers == 0, np.nan, numbers))
        return np.where(numbers > 0, -numbers, numbers) if self.rss == "unsigned" else numbers


def _pairs(text: str) -> list[tuple[str, str]]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts:
        if "=" not in part:
            raise BadInputError(
                f"units: {part!r} is no KIND=UNIT; write such as rss=percent,place=mm,time=ms"
            )
    return [(part.partition("=")[0].strip(), part.partition("=")[2].strip()) for part in parts]


def _metres(value: str) -> float:
    if value.casefold() in METRES_IN:
        return METRES_IN[value.casefold()]
    try:
        length = float(value)
    except ValueError:
        length = np.nan
    if not (np.isfinite(length) and length > 0):
        raise BadInputError(
            f"units: {value!r} is no unit of places; give {', '.join(METRES_IN)}, or metres in one "
            f"unit (0.05)"
        )
    return length
