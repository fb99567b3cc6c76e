"""Requests to other services, with the standard library alone."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from tutelage.errors import TutelageError

__all__ = ["RequestError", "send_json"]

_LARGEST_ANSWER = 1 << 20


class RequestError(TutelageError):
    """A request that was refused, or did not reach its service.

    Parameters
    ----------
    message : str
        Why.
    status : int or None
        Status of the answer; None if there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse: a redirect would carry the key to another host."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def send_json(
    method: str, url: str, body: Any = None, *, key: str | None = None, timeout_s: float = 10.0
) -> bytes:
    """Send a request with a body of JSON.

    Parameters
    ----------
    method, url : str
        The request.
    body : object
        What is sent; None sends nothing.
    key : str or None
        Sent as `Authorization: Bearer`.
    timeout_s : float
        How long to wait for the answer, in seconds.

    Returns
    -------
    bytes
        The answer.

    Raises
    ------
    RequestError
        If the answer is no success, or there is none.
    """
    headers = {} if body is None else {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    content = None if body is None else json.dumps(body, allow_nan=False).encode()
    try:
        request = urllib.request.Request(url, content, headers, method=method)
        with _OPENER.open(request, timeout=timeout_s) as answer:
            return bytes(answer.read(_LARGEST_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            raise RequestError(f"it answers {error.code} {error.reason}", error.code) from error
    except (OSError, ValueError) as error:
        raise RequestError(str(getattr(error, "reason", error))) from error
