"""One line for each request, without what it asks and without who asks."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tutelage.serving.metrics import Metrics

__all__ = ["RequestLog"]

_log = logging.getLogger("tutelage.serving")
_NO_ROUTE = "none"


class RequestLog:
    """Counts and logs requests.

    A line names the route, never the path or the query: they may hold keys, devices and addresses. A short
    hash stands for the client's address; it changes with each start of the service.

    Parameters
    ----------
    app : ASGI application
        What answers.
    metrics : Metrics
        What counts.
    names_clients : bool
        Whether lines have the client's address itself.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, names_clients: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._names_clients = names_clients
        self._salt = secrets.token_bytes(16)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began_s = time.perf_counter()
        try:
            await self._app(scope, receive, send_and_note)
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE) or _NO_ROUTE
            self._metrics.requested(route, status)
            spent_ms = 1000 * (time.perf_counter() - began_s)
            _log.info("%s %s %s %d %.1f ms", self._client(scope), scope["method"], route, status, spent_ms)

    def _client(self, scope: Scope) -> str:
        address = scope["client"][0] if scope.get("client") else "unknown"
        if self._names_clients:
            return address
        return hashlib.blake2b(address.encode(), key=self._salt, digest_size=4).hexdigest()
