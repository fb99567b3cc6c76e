"""Fixed receivers that hear a device: their readings within a window make one scan."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

from tutelage.errors import BadInputError
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM
from tutelage.serving.heard_scans import HeardScan

__all__ = ["ReceiverWindow"]

_MOST_RECEIVERS = 1000  # of one device in one window


@dataclass
class _Heard:
    """Readings of one receiver: mean and time of the last."""

    n: int = 0
    mean_dbm: float = 0.0
    last_s: float = -math.inf

    def add(self, rss_dbm: float, time_s: float) -> None:
        self.n += 1
        self.mean_dbm += (rss_dbm - self.mean_dbm) / self.n
        self.last_s = max(self.last_s, time_s)


@dataclass
class _Window:
    """Readings of one device since the first of them."""

    first_s: float
    heard: dict[str, _Heard] = field(default_factory=dict)


class ReceiverWindow:
    """Readings of devices by several receivers, as of ESPresense, OpenMQTTGateway and FIND3's `/passive`.

    A window begins with the first reading of a device and is complete after `window_s`. Several readings of
    one receiver count with their mean: single packets fade by several dB, and a device hardly moves within
    a window. A window that too few receivers heard makes no scan. Times must come from one clock, such as
    that of the service, since receivers' clocks differ.

    Parameters
    ----------
    window_s : float, default 10.0
        Length of a window in seconds.
    min_receivers : int, default 2
        Number of receivers that must hear the device in a window.
    max_devices : int, default 10,000
        Number of open windows; the oldest is dropped first.

    Raises
    ------
    BadInputError
        If a value is not positive.

    Examples
    --------
    >>> window = ReceiverWindow(window_s=10.0, min_receivers=2)
    >>> window.hear("keys", "kitchen", -70.0, 0.0)
    >>> window.hear("keys", "kitchen", -74.0, 5.0)
    >>> window.hear("keys", "hall", -81.0, 6.0)
    >>> [(device, scan.rss_dbm) for device, scan in window.complete(now_s=10.0)]
    [('keys', {'kitchen': -72.0, 'hall': -81.0})]
    """

    def __init__(self, window_s: float = 10.0, min_receivers: int = 2, max_devices: int = 10_000) -> None:
        if not (window_s > 0 and math.isfinite(window_s)):
            raise BadInputError(f"window_s is {window_s!r}; give seconds above 0, such as 10")
        for name, value in (("min_receivers", min_receivers), ("max_devices", max_devices)):
            if value < 1:
                raise BadInputError(f"{name} is {value!r}; give 1 or more")
        self._window_s = window_s
        self._min_receivers = min_receivers
        self._max_devices = max_devices
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of open windows."""
        return len(self._windows)

    def hear(self, device: str, receiver: str, rss_dbm: float, time_s: float) -> None:
        """Take in a reading. Readings that are older than the device's window are left out.

        Parameters
        ----------
        device, receiver : str
            Who was heard by whom.
        rss_dbm : float
            RSS in dBm.
        time_s : float
            When, in seconds since 1970.

        Raises
        ------
        BadInputError
            If the RSS is not a number in [-120, 0], or the time is not finite.
        """
        if not RSS_MIN_DBM <= rss_dbm <= RSS_MAX_DBM:
            raise BadInputError(
                f"the RSS of {device} at {receiver} is {rss_dbm!r}; give dBm from {RSS_MIN_DBM:.0f} to "
                f"{RSS_MAX_DBM:.0f}"
            )
        if not math.isfinite(time_s):
            raise BadInputError(f"the time of {device} at {receiver} is {time_s!r}; give seconds since 1970")
        window = self._windows.setdefault(device, _Window(time_s))
        if len(self._windows) > self._max_devices:
            self._windows.popitem(last=False)
        if time_s <= window.first_s - self._window_s:
            return
        if receiver in window.heard or len(window.heard) < _MOST_RECEIVERS:
            window.heard.setdefault(receiver, _Heard()).add(rss_dbm, time_s)

    def complete(self, now_s: float) -> list[tuple[str, HeardScan]]:
        """Close the windows that are over, and return their scans.

        Parameters
        ----------
        now_s : float
            The present time by the clock of the readings, in seconds since 1970.

        Returns
        -------
        list of tuple of str and HeardScan
            Devices with what receivers heard of them. A scan's time is that of its last reading.
        """
        due = [
            device
            for device, window in self._windows.items()
            if abs(now_s - window.first_s) >= self._window_s  # also of a clock that was set back
        ]
        windows = [(device, self._windows.pop(device)) for device in due]
        return [
            (device, _scan(window.heard))
            for device, window in windows
            if len(window.heard) >= self._min_receivers
        ]


def _scan(heard: dict[str, _Heard]) -> HeardScan:
    time_s = max(each.last_s for each in heard.values())
    return HeardScan(
        {receiver: each.mean_dbm for receiver, each in heard.items()},
        time_s,
        {receiver: time_s - each.last_s for receiver, each in heard.items()},
    )
