"""Connections that are closed when their client does not say in time what it wants."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["PunctualConnection"]


class PunctualConnection(HttpToolsProtocol):
    """A connection that is closed unless the head of a request is complete in time.

    uvicorn waits for ever for the first byte of a connection, and for the rest of a head that has begun. A
    thousand clients that send a byte now and then would keep everyone else out. The time is that for which
    a connection may be idle between two requests, `timeout_keep_alive`.
    """

    _head_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a head, if these bytes begin one."""
        if self._head_due is None and (self.cycle is None or self.cycle.response_complete):
            self._await_head()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Go on without a limit: bodies and answers have limits of their own."""
        self._head_has_come()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._head_has_come()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_due = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _head_has_come(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None
