"""Coordinates of the scans of a table: in metres, or in degrees, which are projected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutelage.data.forms.fields import DEGREES, METRES, place_columns
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.named_places import names_places, of_places_alone_advice
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError
from tutelage.runtime.degrees import require_metres, to_metres, utm_epsg

__all__ = [
    "TablePlaces",
    "coordinate_rule",
    "degrees_advice",
    "impossible_places",
    "look_like_degrees",
    "project_places",
    "read_coordinates",
    "read_places",
    "spread_over_kilometres",
]

_DEGREES_EXTENT = 0.05  # degrees of latitude: 5.5 km
_WIDEST_M = 100_000.0  # no site is wider
_FARTHEST_M = 1e8  # more than any projected system of the Earth has


@dataclass(frozen=True)
class TablePlaces:
    """Positions of n scans.

    Parameters
    ----------
    absolute_m : numpy.ndarray
        Positions in the system `epsg` in metres, [n, 2] float64.
    epsg : int or None
        EPSG code; None for a building's own plan.
    """

    absolute_m: np.ndarray
    epsg: int | None


def read_places(table: LocatedTable, options: ReadOptions, *, epsg: int | None) -> TablePlaces | None:
    """Read the positions of all scans of a table.

    Parameters
    ----------
    table : LocatedTable
        Table with columns x_m and y_m, or lat and lon (latitude and longitude), or named places alone.
    options : ReadOptions
        Whether positions or named places are needed, the unit of x_m and y_m, and the EPSG code of the
        metres. Degrees are projected into it, without it into the UTM zone of the survey.
    epsg : int or None
        EPSG code that the form itself names; `options` go before it.

    Returns
    -------
    TablePlaces or None
        None where no scan has a position, and none needs one or the scans name their places.

    Raises
    ------
    BadInputError
        If a coordinate is missing or cannot be one.
    """
    columns = place_columns(table, required=options.located and not names_places(table))
    if columns is None:
        return None
    if not options.located and all(
        np.isnan(table.numbers(name, coordinate_rule(columns))).all() for name in columns
    ):
        return None
    metric = columns == METRES
    coordinates = read_coordinates(table, columns, of_places_alone_advice(table))
    coordinates *= options.units.place if metric else 1.0
    code = epsg if options.epsg is None else options.epsg
    return project_places(table, coordinates, metric=metric, epsg=code)


def read_coordinates(table: LocatedTable, columns: tuple[str, str], advice: str = "") -> np.ndarray:
    """Read the numbers of two columns of coordinates.

    Parameters
    ----------
    table : LocatedTable
        The table.
    columns : tuple of str
        One of the pairs of `fields`.
    advice : str, default ""
        What else may be done where a coordinate is missing, as the end of a sentence.

    Returns
    -------
    numpy.ndarray
        Numbers in metres or degrees, [n, 2].

    Raises
    ------
    BadInputError
        If a cell is empty, not a number, or not a place.
    """
    coordinates = np.column_stack([table.numbers(name, coordinate_rule(columns)) for name in columns])
    for row, axis in np.argwhere(np.isnan(coordinates))[:1]:
        unit = "metres" if columns == METRES else "degrees"
        message = f"no coordinate; give every position in {unit}{advice}"
        raise table.error(message, row, columns[axis])
    metric = columns == METRES
    for row, axis in np.argwhere(impossible_places(coordinates, metric=metric))[:1]:
        words = _metres_message if metric else _degrees_message
        has_fix = coordinates[row].any()
        raise table.error(words(coordinates[row], axis) + ("" if has_fix else advice), row, columns[axis])
    return coordinates


def coordinate_rule(columns: tuple[str, str]) -> str:
    """Say what belongs into the columns of a place.

    Parameters
    ----------
    columns : tuple of str
        One of the pairs of `fields`.

    Returns
    -------
    str
        Rule for errors.
    """
    return f"a coordinate is a number {'in metres' if columns == METRES else 'of degrees'}"


def project_places(
    table: LocatedTable, coordinates: np.ndarray, *, metric: bool, epsg: int | None
) -> TablePlaces:
    """Return coordinates unchanged if they are metres, else project them.

    Parameters
    ----------
    table : LocatedTable
        Their table, for errors.
    coordinates : numpy.ndarray
        Sound coordinates in metres, or latitude and longitude in degrees, [n, 2].
    metric : bool
        Whether they are metres.
    epsg : int or None
        As for `read_places`.

    Returns
    -------
    TablePlaces
        Positions in metres.

    Raises
    ------
    BadInputError
        If the system does not fit.
    """
    try:
        if metric:
            if epsg is not None:
                require_metres(epsg)
            return TablePlaces(coordinates, epsg)
        code = utm_epsg(coordinates) if epsg is None else epsg
        return TablePlaces(to_metres(coordinates, code), code)
    except BadInputError as error:
        raise table.error(str(error)) from error


def impossible_places(coordinates: np.ndarray, *, metric: bool) -> np.ndarray:
    """Return which numbers are not a latitude or longitude, or not metres on Earth.

    Latitude 0 with longitude 0 is impossible too: a phone without a fix writes it.

    Parameters
    ----------
    coordinates : numpy.ndarray
        Coordinates, [n, 2].
    metric : bool
        Whether they are metres.

    Returns
    -------
    numpy.ndarray
        Whether each number is impossible, [n, 2] or [n, 1] bool.
    """
    if metric:
        return np.asarray(np.abs(coordinates) > _FARTHEST_M)
    return np.asarray((np.abs(coordinates) > [90.0, 180.0]) | (coordinates == 0).all(axis=1, keepdims=True))


def look_like_degrees(position_m: np.ndarray) -> str | None:
    """Return the fault of positions that seem to be degrees though they should be metres.

    Parameters
    ----------
    position_m : numpy.ndarray
        Positions in metres, [n, 2].

    Returns
    -------
    str or None
        What is wrong; None if they look like metres.
    """
    x, y = np.abs(position_m).max(axis=0)
    extent = float(np.ptp(position_m, axis=0).max())
    if max(x, y) > 180 or min(x, y) > 90 or not 0 < extent < _DEGREES_EXTENT:
        return None
    return (
        f"the whole survey would lie within {extent:.2g} m around ({position_m[0, 0]:g}, "
        f"{position_m[0, 1]:g}): these look like degrees of longitude and latitude"
    )


def degrees_advice(table: LocatedTable) -> str:
    """Say how to name columns of degrees.

    Parameters
    ----------
    table : LocatedTable
        Table whose x_m and y_m seem to be degrees.

    Returns
    -------
    str
        Advice with an option to paste.
    """
    x, y = (table.titles.get(name, name) for name in METRES)
    return (
        f"pass --columns 'lat={y},lon={x}' (or lat={x},lon={y}), then they are projected; or are all scans "
        "of one place, of which nothing can be learnt?"
    )


def spread_over_kilometres(position_m: np.ndarray, table: LocatedTable) -> str | None:
    """Return the fault of a survey that would reach over more than any site.

    Parameters
    ----------
    position_m : numpy.ndarray
        Positions in metres, [n, 2].
    table : LocatedTable
        Their table, for its columns.

    Returns
    -------
    str or None
        What is wrong and the option that mends it; None if the survey is of a size that sites have.
    """
    extent_m = np.ptp(position_m, axis=0)
    if extent_m.max() <= _WIDEST_M:
        return None
    begin = f"the survey would reach over {extent_m[0] / 1000:,.0f} km by {extent_m[1] / 1000:,.0f} km"
    pair = next((pair for pair in DEGREES if pair[0] in table.names), None)
    if pair:
        lat, lon = (table.titles.get(name, name) for name in pair)
        return (
            f"{begin} as degrees. Are these metres? Pass --columns 'x_m={lon},y_m={lat}'. Are one or "
            f"two rows far "
            f"off, or latitude and longitude swapped? Mend them, or pass --columns 'lat={lon},lon={lat}'"
        )
    return (
        f"{begin}. Are these millimetres or pixels? Pass --units place=mm, or metres in one unit "
        f"(--units place=0.05)"
    )


def _metres_message(position_m: np.ndarray, axis: int) -> str:
    return f"{position_m[axis]:g} m is farther off than any place on Earth; write metres of one plan"


def _degrees_message(lat_lon: np.ndarray, axis: int) -> str:
    if not lat_lon.any():
        return (
            "latitude 0, longitude 0 is what a phone without a fix writes; remove the row, or give its place"
        )
    kind, limit = (("latitude", 90), ("longitude", 180))[axis]
    swapped = axis == 0 and abs(lat_lon[1]) <= 90 and abs(lat_lon[0]) <= 180
    hint = (
        "; are latitude and longitude swapped? Pass --columns 'lat=LONGITUDE,lon=LATITUDE' with your names"
        if swapped
        else "; metres belong into x_m and y_m: --columns 'x_m=...,y_m=...'"
    )
    return f"{lat_lon[axis]:g} is no {kind}, which is from -{limit} to {limit} degrees{hint}"
