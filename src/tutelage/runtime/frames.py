"""Metric frames: where positions in metres have their origin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tutelage.errors import BadInputError

__all__ = ["LocalFrame"]

_WEB_MERCATOR, _EARTH_RADIUS_M = 3857, 6378137.0


@dataclass(frozen=True)
class LocalFrame:
    """A metric frame near the data: data-set coordinates minus `origin_m`.

    Absolute projected coordinates (4.86e6 m) leave float32 half a metre of resolution, so positions
    are kept relative to an origin, in float64.

    Parameters
    ----------
    origin_m : (x, y) of the frame's origin in data-set metres
    epsg : EPSG code of the data-set coordinates, None for a building's own plan

    Raises
    ------
    BadInputError
        If `epsg` is outside the range of EPSG codes.
    """

    origin_m: tuple[float, float] = (0.0, 0.0)
    epsg: int | None = None

    def __post_init__(self) -> None:
        if self.epsg is not None and not 1024 <= self.epsg <= 32767:
            raise BadInputError(
                f"{self.epsg} is no EPSG code; they run from 1024 to 32767, such as 3857 (Web Mercator)"
            )

    @classmethod
    def around(cls, absolute_m: np.ndarray, epsg: int | None = None) -> LocalFrame:
        """Frame whose origin is the lower left corner of `absolute_m` [n, 2], in whole metres."""
        x, y = np.floor(absolute_m.min(axis=0))
        return cls((float(x), float(y)), epsg)

    @property
    def ground_scale(self) -> float:
        """Ground metres per data-set metre.

        Web Mercator (EPSG:3857) stretches lengths by 1 / cos(latitude): at UJIIndoorLoc one of its
        metres is 0.766 m on the ground. Every other frame is taken as true to scale.
        """
        if self.epsg != _WEB_MERCATOR:
            return 1.0
        return 1.0 / math.cosh(self.origin_m[1] / _EARTH_RADIUS_M)
