"""Metric frames: the origin of positions in metres."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tutelage.errors import BadInputError

__all__ = ["LocalFrame"]

_WEB_MERCATOR = 3857
_EARTH_RADIUS_M = 6378137.0


@dataclass(frozen=True)
class LocalFrame:
    """A frame in metres near the data: data-set coordinates minus `origin_m`.

    In float32, projected coordinates such as 4.86e6 m have a resolution of half a metre. Positions are
    therefore kept relative to an origin, in float64.

    Parameters
    ----------
    origin_m : tuple of float
        x and y of the frame's origin, in data-set metres.
    epsg : int, optional
        EPSG code of the data-set coordinates; None for a building's own plan.

    Raises
    ------
    BadInputError
        If `epsg` is outside the range of EPSG codes.

    Examples
    --------
    >>> import numpy as np
    >>> import tutelage as tt
    >>> tt.LocalFrame.around(np.array([[4.2, 7.9], [12.0, 3.5]]))
    LocalFrame(origin_m=(4.0, 3.0), epsg=None)
    """

    origin_m: tuple[float, float] = (0.0, 0.0)
    epsg: int | None = None

    def __post_init__(self) -> None:
        """Check the EPSG code."""
        if self.epsg is not None and not 1024 <= self.epsg <= 32767:
            raise BadInputError(
                f"{self.epsg} is no EPSG code; they run from 1024 to 32767, such as 3857 (Web Mercator)"
            )

    @classmethod
    def around(cls, absolute_m: np.ndarray, epsg: int | None = None) -> LocalFrame:
        """Make the frame whose origin is the lower left corner of some places, in whole metres.

        Parameters
        ----------
        absolute_m : numpy.ndarray
            Data-set coordinates in metres, [n, 2].
        epsg : int, optional
            Their EPSG code.

        Returns
        -------
        LocalFrame
            The frame.
        """
        x, y = np.floor(absolute_m.min(axis=0))
        return cls((float(x), float(y)), epsg)

    @property
    def ground_scale(self) -> float:
        """Ground metres per data-set metre.

        Web Mercator (EPSG:3857) stretches lengths by 1 / cos(latitude). At UJIIndoorLoc, one of its metres is
        0.766 m on the ground. Every other frame has the scale 1.
        """
        if self.epsg != _WEB_MERCATOR:
            return 1.0
        return 1.0 / math.cosh(self.origin_m[1] / _EARTH_RADIUS_M)
