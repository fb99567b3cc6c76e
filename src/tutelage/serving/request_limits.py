"""What a request may be: its size, its rate, its sender; and the headers of every answer."""

from __future__ import annotations

import asyncio
import ipaddress
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tutelage.errors import StoreUnavailableError
from tutelage.serving.access import Access, held_role, token_of
from tutelage.serving.problems import Problem, ProblemError, Render, as_response
from tutelage.serving.settings import ServeSettings

__all__ = ["RequestLimits", "TokenBuckets", "inflated"]

_READING_S = 30.0  # for a whole body
_CLIENTS = 10_000  # whose rate is known
_KEYLESS = ("/v1/entry",)  # where a key is entered
_MEANS_JSON = ("", "application/x-www-form-urlencoded", "text/plain")
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # scripts of one version alone, after an update too
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_BUSY = Problem(503, "too many scans are waiting; try again", "serviceUnavailable", "usageLimits", 1)
RenderFor = Callable[[str], Render]


class TokenBuckets:
    """How often each client may ask: a bucket of tokens that refills evenly.

    Parameters
    ----------
    rate_per_s : float
        Requests a second in the long run; twice as many at once, and one at least.
    most_clients : int
        Clients that are remembered; the one that was silent longest is forgotten first.

    Examples
    --------
    >>> buckets = TokenBuckets(1.0, most_clients=10)
    >>> [buckets.wait_s("phone", 0.0) for _ in range(3)]
    [0.0, 0.0, 1.0]
    """

    def __init__(self, rate_per_s: float, *, most_clients: int = _CLIENTS) -> None:
        self._rate_per_s = rate_per_s
        self._size = max(1.0, 2 * rate_per_s)
        self._most_clients = most_clients
        self._tokens: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str, now_s: float) -> float:
        """Take a token.

        Parameters
        ----------
        client : str
            Who asks.
        now_s : float
            Time in seconds, on a clock that only goes forward.

        Returns
        -------
        float
            0 if there was a token, else the time until there is one, in seconds.
        """
        tokens, then_s = self._tokens.pop(client, (self._size, now_s))
        tokens = min(self._size, tokens + (now_s - then_s) * self._rate_per_s)
        has_token = tokens >= 1
        self._tokens[client] = (tokens - has_token, now_s)
        if len(self._tokens) > self._most_clients:
            self._tokens.popitem(last=False)
        return 0.0 if has_token else (1 - tokens) / self._rate_per_s


class RequestLimits:
    """Refuses requests before anything reads them, and inflates their bodies.

    Parameters
    ----------
    app : ASGI application
        What answers the requests that are let through.
    settings : ServeSettings
        The limits.
    access : Access
        Where keys are looked up: without one that is in force, no body is read.
    batch_paths : tuple of str
        Paths whose bodies carry batches.
    render_for : callable
        Returns how a problem is written, by path.
    is_busy : callable
        Tells whether as much work waits as may: bodies are then refused before they are parsed.
    on_refusal : callable
        Called with the reason of each refusal.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: ServeSettings,
        access: Access,
        batch_paths: tuple[str, ...],
        render_for: RenderFor,
        is_busy: Callable[[], bool],
        on_refusal: Callable[[str], None],
    ) -> None:
        self._app = app
        self._settings = settings
        self._access = access
        self._batch_paths = batch_paths
        self._render_for = render_for
        self._is_busy = is_busy
        self._on_refusal = on_refusal
        self._public_names = {name.lower() for name in settings.public_names}
        self._buckets = TokenBuckets(settings.requests_per_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            headers = Headers(scope=scope)
            self._require_known_sender(headers)
            self._require_rate(scope)
            if scope["type"] == "http" and scope["method"] in ("POST", "PUT", "PATCH"):
                await self._require_key(scope)
                receive = await self._whole_body(scope, headers, receive)
                if self._is_busy():
                    raise ProblemError(_BUSY)
        except ProblemError as refusal:
            self._on_refusal(refusal.problem.reason)
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": refusal.problem.reason})
                return
            answer = as_response(refusal.problem, self._render_for(scope["path"]))
            await answer(scope, receive, _with_headers(send))
            return
        await self._app(scope, receive, _with_headers(send))

    def _require_known_sender(self, headers: Headers) -> None:
        """Refuse what a page of another site sends, and names that another site may point here."""
        host = headers.get("host", "")
        origin = headers.get("origin")
        if origin is not None and not self._is_own(origin.partition("://")[2], host):
            message = f"a page of {origin[:100]} may not use this service; open the service's own page"
            raise ProblemError(Problem(403, message, "forbidden"))
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            raise ProblemError(Problem(403, "a page of another site may not use this service", "forbidden"))
        if self._settings.is_loopback and not (_names_loopback(host) or self._is_public(host)):
            message = (
                f"host {host[:100]!r} does not name this machine; use 127.0.0.1 or localhost, or name the "
                "host of a proxy with --public-name"
            )
            raise ProblemError(Problem(403, message, "forbidden"))

    def _is_own(self, origin: str, host: str) -> bool:
        """Whether a page is the service's own; a proxy may have put its own host in the place of another."""
        return origin == host or self._is_public(origin)

    def _is_public(self, host: str) -> bool:
        return _name_of(host) in self._public_names

    def _require_rate(self, scope: Scope) -> None:
        client = scope["client"][0] if scope.get("client") else ""
        wait_s = self._buckets.wait_s(client, time.monotonic())
        if wait_s > 0:
            message = f"more than {self._settings.requests_per_s:g} requests a second; send scans in batches"
            retry_s = max(1, round(wait_s))
            raise ProblemError(Problem(429, message, "userRateLimitExceeded", "usageLimits", retry_s))

    async def _require_key(self, scope: Scope) -> None:
        """Refuse a body of someone without a key, before it costs time to inflate and to parse."""
        if scope["path"] in _KEYLESS:
            return
        try:
            held = await held_role(self._access, token_of(HTTPConnection(scope)))
        except StoreUnavailableError as error:
            problem = Problem(503, str(error), "serviceUnavailable", "usageLimits", retry_after_s=1)
            raise ProblemError(problem) from error
        if isinstance(held, Problem):
            raise ProblemError(held)

    async def _whole_body(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        """Read a body, inflate it, and return what hands it on in one piece."""
        is_batch = scope["path"].startswith(self._batch_paths)
        most = self._settings.batch_bytes if is_batch else self._settings.body_bytes
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > most:
            raise ProblemError(_too_large(most))
        try:
            async with asyncio.timeout(_READING_S):
                body = await _received(receive, most)
        except TimeoutError as error:
            message = f"the body did not arrive within {_READING_S:g} s; send it again"
            raise ProblemError(Problem(408, message)) from error
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding in ("gzip", "x-gzip"):
            body = inflated(body, most)
        elif encoding not in ("", "identity"):
            raise ProblemError(Problem(415, f"content encoding {encoding[:40]!r}: send gzip or none"))
        if not body.strip():
            body = b"{}"  # Firefox announces JSON and sends nothing
        scope["headers"] = _headers_of(headers, len(body))
        return _Replayed(body, receive)


def inflated(body: bytes, most: int) -> bytes:
    """Inflate a gzip body, without ever holding more than is allowed.

    Parameters
    ----------
    body : bytes
        One or several gzip members.
    most : int
        Largest size of what comes out, in bytes.

    Returns
    -------
    bytes
        The content.

    Raises
    ------
    ProblemError
        If it is no gzip, cut short, or too large.
    """
    content = bytearray()
    while body:
        inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            content += inflate.decompress(body, most + 1 - len(content))
        except zlib.error as error:
            raise ProblemError(Problem(400, f"the body is no gzip: {error}")) from error
        if len(content) > most:
            raise ProblemError(_too_large(most))
        if not inflate.eof:
            raise ProblemError(Problem(400, "the gzip body is cut short; send it again"))
        body = inflate.unused_data
    return bytes(content)


class _Replayed:
    """Hands a body on in one piece, then what the connection says."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _received(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ProblemError(Problem(400, "the connection ended before the body did"))
        body += message.get("body", b"")
        if len(body) > most:
            raise ProblemError(_too_large(most))
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(most: int) -> Problem:
    return Problem(413, f"the body is larger than {most:,} bytes; send fewer scans at a time", "tooLarge")


def _headers_of(headers: Headers, n_bytes: int) -> list[tuple[bytes, bytes]]:
    """Return the headers of a body that is inflated.

    What has no content type is JSON, and so is what curl and simple clients call a form by default.
    """
    changed = {b"content-encoding", b"content-length"}
    if headers.get("content-type", "").partition(";")[0].strip().lower() in _MEANS_JSON:
        changed.add(b"content-type")
    kept = [(name, value) for name, value in headers.raw if name not in changed]
    if b"content-type" in changed:
        kept.append((b"content-type", b"application/json"))
    return [*kept, (b"content-length", str(n_bytes).encode())]


def _names_loopback(host: str) -> bool:
    name = _name_of(host)
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _name_of(host: str) -> str:
    """Return the name in a header Host, in lower case; "" if there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: Any = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
