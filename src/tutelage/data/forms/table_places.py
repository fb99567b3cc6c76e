"""Where the scans of a table were taken: in metres, or in degrees, which are projected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutelage.data.forms.fields import METRES, place_columns
from tutelage.data.forms.located_table import LocatedTable
from tutelage.errors import BadInputError
from tutelage.runtime.degrees import require_metres, to_metres, utm_epsg

__all__ = [
    "Places",
    "impossible_places",
    "in_metres",
    "look_like_degrees",
    "read_coordinates",
    "read_places",
    "rule_of",
]

_DEGREES_EXTENT = 0.05  # of latitude: 5.5 km
_FARTHEST_M = 1e8  # more than any projected system of the Earth has


@dataclass(frozen=True)
class Places:
    """Positions of n scans.

    Parameters
    ----------
    absolute_m : [n, 2] float64 in the system `epsg`
    epsg : its EPSG code, None for a building's own plan
    """

    absolute_m: np.ndarray
    epsg: int | None


def read_places(table: LocatedTable, *, required: bool, epsg: int | None) -> Places | None:
    """Positions of all scans of a table; None where none are given and none are required.

    Parameters
    ----------
    table : with columns x_m and y_m, or lat and lon (latitude and longitude)
    required : whether every scan must have one
    epsg : EPSG code of the metres, or of the system into which degrees are projected (without one, the UTM
        zone of the survey)

    Raises
    ------
    BadInputError
        If a coordinate is missing or cannot be one.
    """
    columns = place_columns(table, required=required)
    if columns is None:
        return None
    if not required and all(np.isnan(table.numbers(name, rule_of(columns))).all() for name in columns):
        return None
    return in_metres(table, read_coordinates(table, columns), metric=columns == METRES, epsg=epsg)


def read_coordinates(table: LocatedTable, columns: tuple[str, str]) -> np.ndarray:
    """[n, 2] numbers of two columns of a table, one of the pairs of `fields`.

    Raises
    ------
    BadInputError
        If one is missing or cannot be a coordinate.
    """
    given = np.column_stack([table.numbers(name, rule_of(columns)) for name in columns])
    for row, axis in np.argwhere(np.isnan(given))[:1]:
        unit = "metres" if columns == METRES else "degrees"
        message = f"no coordinate; give every position in {unit}"
        raise table.error(message, row, columns[axis])
    metric = columns == METRES
    for row, axis in np.argwhere(impossible_places(given, metric=metric))[:1]:
        words = _metres_message if metric else _degrees_message
        raise table.error(words(given[row], axis), row, columns[axis])
    return given


def rule_of(columns: tuple[str, str]) -> str:
    """What belongs into the columns of a place."""
    return f"a coordinate is a number {'in metres' if columns == METRES else 'of degrees'}"


def in_metres(table: LocatedTable, given: np.ndarray, *, metric: bool, epsg: int | None) -> Places:
    """Sound coordinates [n, 2] as they are, if `metric`, or projected from latitude and longitude."""
    try:
        if metric:
            if epsg is not None:
                require_metres(epsg)
            return Places(given, epsg)
        code = utm_epsg(given) if epsg is None else epsg
        return Places(to_metres(given, code), code)
    except BadInputError as error:
        raise table.error(str(error)) from error


def impossible_places(given: np.ndarray, *, metric: bool) -> np.ndarray:
    """[n, 2] bool: which numbers are no latitude or longitude, or no metres on Earth.

    Latitude 0 with longitude 0 is what a phone writes that has no fix.
    """
    if metric:
        return np.asarray(np.abs(given) > _FARTHEST_M)
    return np.asarray((np.abs(given) > [90.0, 180.0]) | (given == 0).all(axis=1, keepdims=True))


def look_like_degrees(position_m: np.ndarray) -> str | None:
    """What is wrong with positions [n, 2] that were given as metres, if they seem to be degrees."""
    x, y = np.abs(position_m).max(axis=0)
    extent = float(np.ptp(position_m, axis=0).max())
    if max(x, y) > 180 or min(x, y) > 90 or not 0 < extent < _DEGREES_EXTENT:
        return None
    return (
        f"the whole survey would lie within {extent:.2g} m around ({position_m[0, 0]:g}, "
        f"{position_m[0, 1]:g}): these look like degrees of longitude and latitude"
    )


def _metres_message(position_m: np.ndarray, axis: int) -> str:
    return f"{position_m[axis]:g} m is farther off than any place on Earth; write metres of one plan"


def _degrees_message(lat_lon: np.ndarray, axis: int) -> str:
    if not lat_lon.any():
        return (
            "latitude 0, longitude 0 is what a phone without a fix writes; remove the row, or give its place"
        )
    kind, limit = (("latitude", 90), ("longitude", 180))[axis]
    swapped = axis == 0 and abs(lat_lon[1]) <= 90
    hint = "; are latitude and longitude swapped?" if swapped else "; metres belong into x_m and y_m"
    return f"{lat_lon[axis]:g} is no {kind}, which is from -{limit} to {limit} degrees{hint}"
