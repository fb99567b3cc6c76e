"""Settings of tracks, in the words of omlox where omlox has one."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from tutelage.errors import BadInputError

__all__ = ["TrackSettings"]

_MAY_BE_ZERO = {"scan_lag_s", "exit_tolerance_m", "exit_tolerance_share", "exit_delay_s"}


@dataclass(frozen=True)
class TrackSettings:
    """How a track is smoothed, and when it changes floor and place.

    Metres are those of the survey's coordinates.

    Parameters
    ----------
    max_speed_m_s : float, default 1.5
        Highest speed of a device in metres a second. The smoothed position never moves faster.
    acceleration_m_s2 : float, default 0.1
        How fast a device changes its velocity: standard deviation in metres a second, after one second.
    gate : float, default 2.0
        Number of standard deviations from where an answer is expected, above which it counts less.
    position_sd_m : float, default 4.0
        Standard deviation of each coordinate of answers that have no radius, in metres.
    scan_lag_s : float, default 1.5
        How long before its time a scan's readings were heard, on average, in seconds: about half of what a
        scan takes. The shown position is moved on by it.
    floor_streak : int, default 2
        Number of answers in a row that must name another floor, building or model before the track changes.
    exit_tolerance_m : float, default 1.0
        Distance outside a room's outline that does not count as outside, in metres.
    exit_tolerance_share : float, default 0.1
        The same for places without outlines: by how much another place's share of the votes may lead.
    tolerance_timeout_s : float, default 15.0
        Time not inside a room, in seconds, after which the device has left it; at least `exit_delay_s`.
    exit_delay_s : float, default 5.0
        Time outside a room, in seconds, after which the device has left it. Less is forgotten on return.
    vote_s : float, default 5.0
        Time in seconds after which an answer's vote on the place counts a third (1 / e).
    silence_s : float, default 60.0
        Time in seconds without an answer after which a device is unknown.
    max_age_s : float, default 30.0
        Largest age of a reading in seconds; older ones are left out of a scan before it is located.
    max_devices : int, default 10,000
        Number of tracks that are kept; those least recently heard go first.

    Raises
    ------
    BadInputError
        If a value is not a finite positive number, or the tolerance ends before the delay does.

    Examples
    --------
    >>> TrackSettings(exit_delay_s=2.0).tolerance_timeout_s
    15.0
    """

    max_speed_m_s: float = 1.5
    acceleration_m_s2: float = 0.1
    gate: float = 2.0
    position_sd_m: float = 4.0
    scan_lag_s: float = 1.5
    floor_streak: int = 2
    exit_tolerance_m: float = 1.0
    exit_tolerance_share: float = 0.1
    tolerance_timeout_s: float = 15.0
    exit_delay_s: float = 5.0
    vote_s: float = 5.0
    silence_s: float = 60.0
    max_age_s: float = 30.0
    max_devices: int = 10_000

    def __post_init__(self) -> None:
        """Check every value."""
        for field in fields(self):
            value = getattr(self, field.name)
            is_whole = field.type == "int"
            if isinstance(value, bool) or not isinstance(value, int if is_whole else int | float):
                kind = "a whole number" if is_whole else "a number"
                raise BadInputError(f"{field.name} is {value!r}; give {kind}, such as {field.default}")
            too_low = value < 0 if field.name in _MAY_BE_ZERO else value <= 0
            if too_low or not math.isfinite(value):
                least = "0 or more" if field.name in _MAY_BE_ZERO else "more than 0"
                raise BadInputError(f"{field.name} is {value!r}; give {least}, such as {field.default}")
        if self.tolerance_timeout_s < self.exit_delay_s:
            raise BadInputError(
                f"tolerance_timeout_s is {self.tolerance_timeout_s:g}, less than exit_delay_s "
                f"({self.exit_delay_s:g}): near a room would count for less than far from it; raise "
                "tolerance_timeout_s or lower exit_delay_s"
            )
