"""Sends positions to an omlox hub: once a second, of each device the latest."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tutelage.errors import BadInputError
from tutelage.serving.api.omlox_objects import location
from tutelage.serving.json_request import RequestError, send_json
from tutelage.serving.service import Service

__all__ = ["OmloxHub", "keep_pushing"]

_PAUSE_S = 1.0
_QUIET_S = 1.0
_LONGEST_RETRY_S = 60.0
_MOST_WAITING = 10_000  # devices
_IN_ONE_REQUEST = 500
_PATH = "/providers/locations"
_FINAL = (400, 413, 422)
_log = logging.getLogger("tutelage.serving.omlox")


@dataclass(frozen=True)
class OmloxHub:
    """Where the hub is.

    Parameters
    ----------
    url : str
        Base of its API, such as "https://hub.example/deephub/v2".
    key : str or None
        Sent as `Authorization: Bearer`.

    Raises
    ------
    BadInputError
        If it is no URL of HTTP.
    """

    url: str
    key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the URL."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.password is not None:
            raise BadInputError(
                f"{parts.hostname or self.url!r} is no hub; give the URL of its API, such as "
                "https://HOST/v2, and the key in TUTELAGE_OMLOX_KEY"
            )

    def put(self, locations: Sequence[dict[str, Any]]) -> None:
        """Send locations, and wait for the answer.

        Parameters
        ----------
        locations : sequence of dict
            Locations as the hub's API names them.

        Raises
        ------
        RequestError
            If the hub refuses them, or cannot be reached.
        """
        send_json("PUT", self.url.rstrip("/") + _PATH, locations, key=self.key)


async def keep_pushing(service: Service, hub: OmloxHub) -> None:
    """Send positions to a hub until the task is cancelled.

    While the hub cannot be reached, the latest position of each device waits, of ten thousand devices at
    most.

    Parameters
    ----------
    service : Service
        What knows where devices are.
    hub : OmloxHub
        Where they go.
    """
    waiting: dict[str, dict[str, Any]] = {}
    retry_s, retry_at_s, last_words = _PAUSE_S, 0.0, ""
    with service.events.listening() as news:
        async for batch in news.batches(_PAUSE_S, _QUIET_S):
            last = service.devices.last()
            for device in {content["device"] for kind, content in batch if kind == "device"}:
                written = location(device, last[device], None) if device in last else None
                waiting.pop(device, None)
                if written is not None:
                    waiting[device] = written
            while len(waiting) > _MOST_WAITING:
                waiting.pop(next(iter(waiting)))
            if time.monotonic() < retry_at_s:
                continue
            try:
                await _send(hub, waiting)
            except RequestError as error:
                if str(error) != last_words:
                    _log.warning("omlox hub %s: %s", urlsplit(hub.url).hostname, error)
                last_words = str(error)
                retry_at_s = time.monotonic() + retry_s
                retry_s = min(2 * retry_s, _LONGEST_RETRY_S)
            else:
                retry_s, last_words = _PAUSE_S, ""


async def _send(hub: OmloxHub, waiting: dict[str, dict[str, Any]]) -> None:
    """Send what waits; what the hub has taken does not wait any more."""
    while waiting:
        devices = [*waiting][:_IN_ONE_REQUEST]
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        locations = [{**waiting.pop(device), "timestamp_sent": now} for device in devices]
        try:
            await asyncio.to_thread(hub.put, locations)
        except RequestError as error:
            if error.status not in _FINAL:  # what has a fault would hold up the others
                waiting.update(zip(devices, locations, strict=True))
            raise
