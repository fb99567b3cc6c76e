"""Degrees and metres: geographic coordinates (WGS 84) to a projected system and back, by PROJ.

pyproj is imported when the first coordinate is projected.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from tutelage.errors import BadInputError

if TYPE_CHECKING:  # only named in signatures: a survey in metres does not wait for PROJ
    from pyproj import Transformer

__all__ = [
    "has_degrees",
    "is_true_to_scale",
    "require_metres",
    "to_degrees",
    "to_metres",
    "to_wgs84",
    "utm_epsg",
]

_WGS84 = 4326
_UTM_NORTH = 32600  # plus the zone
_UTM_SOUTH = 32700
_UTM_LATITUDES = (-80.0, 84.0)


def utm_epsg(lat_lon: np.ndarray) -> int:
    """Choose the UTM zone around the median of some places.

    Within a zone UTM is true to scale to 0.1 % (0.9996 on its central meridian).

    Parameters
    ----------
    lat_lon : numpy.ndarray
        Latitude and longitude in degrees (WGS 84), [n, 2].

    Returns
    -------
    int
        EPSG code of the zone. A border belongs to the eastern zone, the equator to the northern one.

    Raises
    ------
    BadInputError
        If the median lies beyond the zones, near a pole.
    """
    latitude, longitude = np.median(lat_lon, axis=0)
    if not _UTM_LATITUDES[0] <= latitude <= _UTM_LATITUDES[1]:
        raise BadInputError(
            f"latitude {latitude:g} is beyond the UTM zones (-80 to 84); name a projected system by its EPSG "
            "code (epsg, --epsg)"
        )
    # Not pyproj's query_utm_crs_info: on a border it gives two to four zones, and its zone 29N begins a
    # hundredth of a degree too far west (12.01 W).
    zone = int((longitude + 180.0) // 6.0) % 60 + 1
    return (_UTM_NORTH if latitude >= 0 else _UTM_SOUTH) + zone


def to_metres(lat_lon: np.ndarray, epsg: int) -> np.ndarray:
    """Project latitude and longitude to metres.

    Parameters
    ----------
    lat_lon : numpy.ndarray
        Latitude and longitude in degrees (WGS 84), [n, 2].
    epsg : int
        EPSG code of a projected system in metres.

    Returns
    -------
    numpy.ndarray
        Easting and northing in metres, [n, 2].

    Raises
    ------
    BadInputError
        If `epsg` is not a metric projected system, or does not cover these places.
    """
    require_metres(epsg)
    # Lists: before NumPy 2.4, pyproj takes an array of one number for a number, and NumPy warns of that.
    x, y = _projection(epsg).transform(lat_lon[:, 1].tolist(), lat_lon[:, 0].tolist())
    absolute_m = np.column_stack([x, y])
    outside = np.flatnonzero(~np.isfinite(absolute_m).all(axis=1))
    if len(outside):
        latitude, longitude = lat_lon[outside[0]]
        raise BadInputError(f"EPSG:{epsg} does not cover latitude {latitude:g}, longitude {longitude:g}")
    return absolute_m


def to_degrees(absolute_m: np.ndarray, epsg: int) -> np.ndarray:
    """Convert projected metres to latitude and longitude.

    Parameters
    ----------
    absolute_m : numpy.ndarray
        Easting and northing in metres, [n, 2].
    epsg : int
        EPSG code of their system.

    Returns
    -------
    numpy.ndarray
        Latitude and longitude in degrees (WGS 84), [n, 2]; NaN stays NaN.

    Raises
    ------
    BadInputError
        If `epsg` is not a metric projected system.
    """
    require_metres(epsg)
    x, y = absolute_m.T.tolist()
    longitude, latitude = _projection(epsg).transform(x, y, direction="INVERSE")
    lat_lon = np.column_stack([latitude, longitude])
    return np.where(np.isfinite(lat_lon), lat_lon, np.nan)


def to_wgs84(x_y: np.ndarray, epsg: int) -> np.ndarray:
    """Convert coordinates of any system to latitude and longitude.

    Parameters
    ----------
    x_y : numpy.ndarray
        Coordinates, east or longitude first, [n, 2].
    epsg : int
        EPSG code of their system.

    Returns
    -------
    numpy.ndarray
        Latitude and longitude in degrees (WGS 84), [n, 2]; NaN where there is no such place.

    Raises
    ------
    BadInputError
        If PROJ does not know the code.
    """
    from pyproj.exceptions import CRSError

    x, y = x_y.T.tolist()
    try:
        longitude, latitude = _projection(epsg).transform(x, y, direction="INVERSE")
    except CRSError as error:
        raise BadInputError(f"EPSG:{epsg} is not in the list of PROJ; save the layer in EPSG:4326") from error
    lat_lon = np.column_stack([latitude, longitude])
    return np.where(np.isfinite(lat_lon), lat_lon, np.nan)


def is_true_to_scale(epsg: int) -> bool:
    """Return whether coordinates are metres that are a metre long, as in UTM but not in web maps.

    Parameters
    ----------
    epsg : int
        EPSG code.

    Returns
    -------
    bool
        True for projected systems in metres, but for those of Mercator's kind.
    """
    if _fault(epsg):
        return False
    from pyproj import CRS

    operation = CRS.from_epsg(epsg).coordinate_operation
    method = "" if operation is None else operation.method_name
    return "Mercator" not in method or "Transverse" in method


def has_degrees(epsg: int | None) -> bool:
    """Return whether coordinates in a system can be converted to degrees.

    Parameters
    ----------
    epsg : int or None
        EPSG code of the system; without one there are no degrees.

    Returns
    -------
    bool
        True if PROJ can convert them.
    """
    return epsg is not None and not _fault(epsg)


def require_metres(epsg: int) -> None:
    """Require that a code names a projected system in metres.

    Parameters
    ----------
    epsg : int
        EPSG code.

    Raises
    ------
    BadInputError
        If PROJ does not know the code, or its coordinates are not metres east and north.
    """
    fault = _fault(epsg)
    if fault:
        raise BadInputError(f"EPSG:{epsg} {fault}")


@lru_cache(maxsize=32)
def _fault(epsg: int) -> str:
    try:
        from pyproj import CRS
        from pyproj.exceptions import CRSError
    except ModuleNotFoundError:  # beside the runtime alone, answers are in metres
        return "cannot be taken to degrees without pyproj"
    try:
        system = CRS.from_epsg(epsg)
    except CRSError:
        return "is not in the list of PROJ; give the code of a projected system, such as 25830 (UTM 30)"
    if system.is_geographic:
        return "is a system of degrees; name the columns lat and lon, and they are projected to metres"
    if not system.is_projected or {axis.unit_name for axis in system.axis_info} != {"metre"}:
        return f"({system.name}) has no coordinates in metres east and north; give the code of one that has"
    return ""


@lru_cache(maxsize=32)
def _projection(epsg: int) -> Transformer:
    from pyproj import Transformer

    return Transformer.from_crs(_WGS84, epsg, always_xy=True)
