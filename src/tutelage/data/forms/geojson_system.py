"""The member `crs` of GeoJSON, which QGIS and older programs write: the system of the coordinates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tutelage.errors import BadInputError

__all__ = ["named_epsg"]

_EPSG = re.compile(r"(?:EPSG:{1,2}|/EPSG/0/)(\d+)$")
_WGS84 = 4326


def named_epsg(crs: Any, file: Path) -> int | None:
    """Return the EPSG code that a member `crs` names.

    Parameters
    ----------
    crs : object
        Its JSON value.
    file : Path
        The file, for errors.

    Returns
    -------
    int or None
        The code; None for WGS 84, the system of GeoJSON without the member.

    Raises
    ------
    BadInputError
        If the system is named in another way.
    """
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = str(properties.get("name") if isinstance(properties, dict) else None)
    code = _EPSG.search(name)
    if name.endswith("CRS84") or (code and int(code[1]) == _WGS84):
        return None
    if code is None:
        raise BadInputError(
            f"the system {name!r} is not known; save the layer in EPSG:4326 (WGS 84)", file=file, column="crs"
        )
    return int(code[1])
