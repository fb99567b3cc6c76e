"""What a device heard at one time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

__all__ = ["Heard", "HeardScan"]


@dataclass(frozen=True)
class HeardScan:
    """One scan of a device.

    Parameters
    ----------
    rss_dbm : mapping of str to float
        RSS of each access point that was heard, in dBm.
    time_s : float
        When the scan was complete, in seconds since 1970.
    age_s : mapping of str to float, optional
        How long before `time_s` each access point was heard, in seconds; those that are not named are fresh.

    Examples
    --------
    >>> scan = HeardScan({"aa:bb:cc:dd:ee:01": -61.0, "aa:bb:cc:dd:ee:02": -70.0}, 0.0,
    ...                  {"aa:bb:cc:dd:ee:02": 45.0})
    >>> [*scan.not_older_than(30.0).rss_dbm]
    ['aa:bb:cc:dd:ee:01']
    """

    rss_dbm: Mapping[str, float]
    time_s: float
    age_s: Mapping[str, float] = field(default_factory=dict)

    def not_older_than(self, bound_s: float) -> HeardScan:
        """Leave out readings that the device has kept for long.

        Parameters
        ----------
        bound_s : float
            Largest age of a reading in seconds.

        Returns
        -------
        HeardScan
            The scan without older readings.
        """
        fresh = {name: rss for name, rss in self.rss_dbm.items() if self.age_s.get(name, 0.0) <= bound_s}
        return replace(self, rss_dbm=fresh)


class Heard(NamedTuple):
    """A scan, and the device that took it.

    Attributes
    ----------
    device : str
        Id of the device.
    scan : HeardScan
        The scan.
    """

    device: str
    scan: HeardScan
