"""News for browsers and programs that listen: the latest of each device, survey and model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from tutelage.serving.batches import TooBusyError

__all__ = ["LiveEvents", "Subscription"]

_Key = tuple[str, str]


class Subscription:
    """What one listener has not received yet: of each subject the latest alone.

    A slow listener misses positions in between; it never makes the service keep more than one for each
    device.
    """

    def __init__(self) -> None:
        self._latest: dict[_Key, dict[str, Any]] = {}
        self._is_filled = asyncio.Event()
        self._is_closed = False

    def put(self, kind: str, subject: str, content: dict[str, Any]) -> None:
        """Keep news until the listener takes them.

        Parameters
        ----------
        kind : str
            What it is about, such as "device".
        subject : str
            Which of them.
        content : dict
            The news, ready for JSON.
        """
        self._latest[kind, subject] = content
        self._is_filled.set()

    def close(self) -> None:
        """End the stream, once the listener has taken what there is."""
        self._is_closed = True
        self._is_filled.set()

    async def batches(
        self, pause_s: float, quiet_s: float
    ) -> AsyncIterator[list[tuple[str, dict[str, Any]]]]:
        """Yield what is new, again and again.

        Parameters
        ----------
        pause_s : float
            Least time between two batches, in seconds.
        quiet_s : float
            After so many seconds without news, an empty batch tells that the stream is alive.

        Yields
        ------
        list of tuple
            Kind and content of all news since the last batch.
        """
        while True:
            try:
                # Not wait_for: before Python 3.12 it loses a cancellation that comes with the news.
                async with asyncio.timeout(quiet_s):
                    await self._is_filled.wait()
            except TimeoutError:
                yield []
                continue
            self._is_filled.clear()
            news, self._latest = self._latest, {}
            if news:
                yield [(kind, content) for (kind, _), content in news.items()]
            if self._is_closed:
                return
            await asyncio.sleep(pause_s)


class LiveEvents:
    """Tells all listeners what is new.

    Parameters
    ----------
    most_listeners : int
        Number of listeners at once.
    """

    def __init__(self, most_listeners: int) -> None:
        self._most_listeners = most_listeners
        self._listeners: set[Subscription] = set()

    @property
    def n_listeners(self) -> int:
        """Number of listeners."""
        return len(self._listeners)

    def publish(self, kind: str, subject: str, content: dict[str, Any]) -> None:
        """Tell all listeners.

        Parameters
        ----------
        kind, subject, content
            As for `Subscription.put`.
        """
        for listener in self._listeners:
            listener.put(kind, subject, content)

    @contextmanager
    def listening(self) -> Iterator[Subscription]:
        """Listen within a `with` block.

        Yields
        ------
        Subscription
            What is new from now on.

        Raises
        ------
        TooBusyError
            If there are too many listeners.
        """
        if len(self._listeners) >= self._most_listeners:
            raise TooBusyError(f"{len(self._listeners)} listeners already; close another page first")
        listener = Subscription()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams."""
        for listener in self._listeners:
            listener.close()
