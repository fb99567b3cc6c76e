"""Scans, keeps, sends: again and again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from tutelage.errors import BadInputError
from tutelage.serving.collecting.outbox import Outbox
from tutelage.serving.collecting.scan_tools import ScanError, ScanTool
from tutelage.serving.json_request import RequestError, send_json

__all__ = ["Collected", "Collector"]

_IN_ONE_REQUEST = 500
_REFUSED = (400, 401, 403, 404, 405, 413, 422)  # trying again would not help
_CLOCK_S = 2.0
_LONGEST_RETRY_S = 60.0
_MS = 1000.0


@dataclass
class Collected:
    """Counts since the start.

    Parameters
    ----------
    scans : int
        Scans that were taken.
    failed : int
        Scans that failed.
    new, repeated : int
        Scans that the service got for the first time, and those that it had already.
    waiting : int
        Scans that wait to be sent.
    dropped : int
        Scans that were dropped, because too many waited.
    """

    scans: int = 0
    failed: int = 0
    new: int = 0
    repeated: int = 0
    waiting: int = 0
    dropped: int = 0


class Collector:
    """Sends the scans of this machine to a service.

    Parameters
    ----------
    url : str
        Address of the service.
    device : str
        What this machine is called there.
    key : str or None
        Access key.
    tool : ScanTool
        What scans.
    outbox : Outbox
        Where scans wait.
    tell : callable
        Takes a line for the user.

    Raises
    ------
    BadInputError
        If the address is none.
    """

    def __init__(
        self,
        url: str,
        device: str,
        key: str | None,
        tool: ScanTool,
        outbox: Outbox,
        tell: Callable[[str], None],
    ) -> None:
        parts = urlsplit(url)
        is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
        if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
            shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else url
            raise BadInputError(f"{shown!r} is no address of a service; give one such as http://HOST:8765")
        self._url = url.rstrip("/")
        self._device = device
        self._key = key
        self._tool = tool
        self._outbox = outbox
        self._tell = tell
        self._scan_problem = ""
        self._is_away = False
        self._retry_s = 0.0
        self._retry_at_s = 0.0
        self.collected = Collected(waiting=len(outbox))

    def run(self, every_s: float, n_scans: int | None = None) -> None:
        """Collect until interrupted, or until so many scans were taken.

        Parameters
        ----------
        every_s : float
            Time between the beginnings of two scans, in seconds.
        n_scans : int or None
            Number of scans; None goes on.

        Raises
        ------
        BadInputError
            If the user may not scan, or the service refuses what is sent.
        """
        self._check_clock()
        n = 0
        while n_scans is None or n < n_scans:
            began_s = time.monotonic()
            self._scan()
            self.send()
            n += 1
            if n != n_scans:
                time.sleep(max(0.0, began_s + every_s - time.monotonic()))

    def send(self) -> None:
        """Send what waits, unless the service was away a moment ago.

        Raises
        ------
        BadInputError
            If the service refuses it.
        """
        if time.monotonic() < self._retry_at_s:
            return
        try:
            while len(self._outbox):
                self._send_first()
        except RequestError as error:
            if error.status in _REFUSED:
                raise BadInputError(f"{self._url} refuses the scans: {error}. {_advice(error)}") from error
            self._retry_s = min(2 * self._retry_s or 1.0, _LONGEST_RETRY_S)
            self._retry_at_s = time.monotonic() + self._retry_s
            if not self._is_away:
                self._tell(f"{self._url}: {error}; scans wait until it is back")
            self._is_away = True
        else:
            if self._is_away:
                self._tell(f"{self._url} is back")
            self._is_away, self._retry_s = False, 0.0
        self.collected.waiting = len(self._outbox)

    def _scan(self) -> None:
        counts = self.collected
        try:
            scan = self._tool.scan()
        except ScanError as error:
            counts.failed += 1
            if str(error) != self._scan_problem:
                self._tell(str(error))
            self._scan_problem = str(error)
            return
        self._scan_problem = ""
        counts.scans += 1
        if scan.rss_dbm:
            self._outbox.add(scan)
        counts.waiting, counts.dropped = len(self._outbox), self._outbox.n_dropped

    def _send_first(self) -> None:
        scans = self._outbox.first(_IN_ONE_REQUEST)
        body = {"device": self._device, "scans": scans}
        answer = send_json("POST", f"{self._url}/v1/scans", body, key=self._key)
        try:
            counted = json.loads(answer)
            n_new, n_repeated = int(counted["accepted"]), int(counted["repeated"])
        except (ValueError, TypeError, LookupError) as error:
            raise BadInputError(f"{self._url} answers, but not as a Tutelage service does") from error
        self._outbox.remove(len(scans))
        self.collected.new += n_new
        self.collected.repeated += n_repeated

    def _check_clock(self) -> None:
        """Tell if the clocks differ: scans would join the wrong marks of the survey."""
        try:
            now_s = float(send_json("GET", f"{self._url}/now", key=self._key)) / _MS
        except (RequestError, ValueError):
            return
        ahead_s = time.time() - now_s
        if abs(ahead_s) > _CLOCK_S:
            where = "ahead of" if ahead_s > 0 else "behind"
            self._tell(
                f"the clock of this machine is {abs(ahead_s):.0f} s {where} that of the service; set it, or "
                "scans join other places of the survey"
            )


def _advice(error: RequestError) -> str:
    if error.status in (401, 403):
        return "Give a key of role locate, from tutelage keys make, by --key-file or TUTELAGE_KEY"
    return "Is it the address of a Tutelage service, and of the same version?"
