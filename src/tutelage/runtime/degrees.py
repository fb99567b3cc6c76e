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

__all__ = ["has_degrees", "require_metres", "to_degrees", "to_metres", "utm_epsg"]

_WGS84 = 4326
_UTM_NORTH, _UTM_SOUTH = 32600, 32700  # plus the zone
_UTM_LATITUDES = (-80.0, 84.0)


def utm_epsg(lat_lon: np.ndarray) -> int:
    """EPSG code of the UTM zone around the median of `lat_lon` [n, 2], degrees.

    Within a zone UTM is true to scale to 0.1 % (0.9996 on its central meridian).

    Raises
    ------
    BadInputError
        Beyond the zones, near the poles.
    """
    latitude, longitude = np.median(lat_lon, axis=0)
    if not _UTM_LATITUDES[0] <= latitude <= _UTM_LATITUDES[1]:
        raise BadInputError(
            f"latitude {latitude:g} is beyond the UTM zones (-80 to 84); name a projected system by its EPSG "
            "code (epsg, --epsg)"
        )
    zone = int((longitude + 180.0) // 6.0) % 60 + 1
    return (_UTM_NORTH if latitude >= 0 else _UTM_SOUTH) + zone


def to_metres(lat_lon: np.ndarray, epsg: int) -> np.ndarray:
    """[n, 2] easting and northing in the system `epsg` of `lat_lon` [n, 2], degrees.

    Raises
    ------
    BadInputError
        If `epsg` is no metric projected system, or does not cover these places.
    """
    require_metres(epsg)
    x, y = _projection(epsg).transform(lat_lon[:, 1], lat_lon[:, 0])
    absolute_m = np.column_stack([x, y])
    outside = np.flatnonzero(~np.isfinite(absolute_m).all(axis=1))
    if len(outside):
        latitude, longitude = lat_lon[outside[0]]
        raise BadInputError(f"EPSG:{epsg} does not cover latitude {latitude:g}, longitude {longitude:g}")
    return absolute_m


def to_degrees(absolute_m: np.ndarray, epsg: int) -> np.ndarray:
    """[n, 2] latitude and longitude of `absolute_m` [n, 2] in the system `epsg`; NaN stays NaN.

    Raises
    ------
    BadInputError
        If `epsg` is no metric projected system.
    """
    require_metres(epsg)
    longitude, latitude = _projection(epsg).transform(absolute_m[:, 0], absolute_m[:, 1], direction="INVERSE")
    lat_lon = np.column_stack([latitude, longitude])
    return np.where(np.isfinite(lat_lon), lat_lon, np.nan)


def has_degrees(epsg: int | None) -> bool:
    """Whether coordinates in the system `epsg` can be told in degrees; without one they cannot."""
    return epsg is not None and not _fault(epsg)


def require_metres(epsg: int) -> None:
    """Refuse a code that PROJ does not know, or whose coordinates are not metres east and north.

    Raises
    ------
    BadInputError
        As said.
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
