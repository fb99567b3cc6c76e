"""Who may do what: keys and roles of requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection
from fastapi.security import APIKeyCookie, APIKeyQuery, HTTPAuthorizationCredentials, HTTPBearer

from tutelage.errors import StoreUnavailableError
from tutelage.serving.access_keys import Role
from tutelage.serving.problems import Problem, ProblemError
from tutelage.serving.service import Service
from tutelage.serving.store import Store

__all__ = [
    "COOKIE",
    "Access",
    "ServiceOf",
    "allows",
    "held_role",
    "is_still_allowed",
    "require",
    "service_of",
    "token_of",
]

COOKIE = "tutelage_key"
_KEPT_S = 5.0  # a revoked key is refused after so long

_bearer = HTTPBearer(auto_error=False, description="A key, made with: tutelage keys make NAME")
_query = APIKeyQuery(name="key", auto_error=False, description="The same key, where headers cannot be set.")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="The same key, in a browser.")


class Access:
    """Looks keys up, and remembers for a few seconds what the store said.

    Parameters
    ----------
    store : Store
        Where keys are.
    needs_keys : bool
        Whether a request needs a key at all.
    """

    def __init__(self, store: Store, *, needs_keys: bool) -> None:
        self.needs_keys = needs_keys
        self._store = store
        self._roles: dict[str, tuple[Role | None, float]] = {}

    async def role_of(self, token: str) -> Role | None:
        """Return the role of a key.

        Parameters
        ----------
        token : str
            The key as the client sent it.

        Returns
        -------
        Role or None
            None if there is no such key, or it was revoked.
        """
        now_s = time.monotonic()
        role, until_s = self._roles.get(token, (None, 0.0))
        if now_s >= until_s:
            key = await asyncio.to_thread(self._store.keys.find, token)
            role = None if key is None else key.role
            self._roles = {t: kept for t, kept in self._roles.items() if kept[1] > now_s}
            if role is not None:
                self._roles[token] = (role, now_s + _KEPT_S)
        return role


async def service_of(connection: HTTPConnection) -> Service:
    """Return the service that answers a request or a socket.

    Parameters
    ----------
    connection : HTTPConnection
        The request.

    Returns
    -------
    Service
        The service.
    """
    service: Service = connection.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(service_of)]


def token_of(connection: HTTPConnection) -> str | None:
    """Return the key that a request or a socket shows.

    Parameters
    ----------
    connection : HTTPConnection
        The request.

    Returns
    -------
    str or None
        None if it shows none.
    """
    scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer:
        return bearer
    return connection.query_params.get("key") or connection.cookies.get(COOKIE)


async def held_role(access: Access, token: str | None) -> Role | Problem:
    """Return the role of who asks.

    Parameters
    ----------
    access : Access
        Where keys are looked up.
    token : str or None
        The key; None if the request has none.

    Returns
    -------
    Role or Problem
        What the key allows, or why it allows nothing.
    """
    if not access.needs_keys:
        return Role.ADMIN
    if not token:
        message = "a key is missing: send it as Authorization: Bearer KEY, or as ?key=KEY"
        return Problem(HTTPStatus.UNAUTHORIZED, message, "keyInvalid", "usageLimits")
    message = "the key is unknown or revoked; make one with: tutelage keys make NAME"
    return await access.role_of(token) or Problem(
        HTTPStatus.UNAUTHORIZED, message, "keyInvalid", "usageLimits"
    )


async def allows(access: Access, role: Role, token: str | None) -> Problem | None:
    """Check a key.

    Parameters
    ----------
    access : Access
        Where keys are looked up.
    role : Role
        What the request needs.
    token : str or None
        The key; None if the request has none.

    Returns
    -------
    Problem or None
        Why the request is refused; None if it is allowed.
    """
    held = await held_role(access, token)
    if isinstance(held, Problem):
        return held
    if not held.allows(role):
        message = f"the key has role {held.value}; this needs {role.value}"
        return Problem(HTTPStatus.FORBIDDEN, message, "forbidden", "usageLimits")
    return None


async def is_still_allowed(access: Access, role: Role, token: str | None) -> bool:
    """Check the key of a stream again: it may have been revoked since the stream began.

    Parameters
    ----------
    access, role, token
        As for `allows`.

    Returns
    -------
    bool
        Whether the stream may go on. It may while the store cannot be asked.
    """
    try:
        return await allows(access, role, token) is None
    except StoreUnavailableError:
        return True


async def _described(
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    query: Annotated[str | None, Depends(_query)],
    cookie: Annotated[str | None, Depends(_cookie)],
) -> None:
    """Describe in OpenAPI where `token_of` looks for a key."""
    del bearer, query, cookie


def require(role: Role) -> Callable[..., Awaitable[None]]:
    """Make a dependency that lets a request through if its key has a role.

    Parameters
    ----------
    role : Role
        What the request needs.

    Returns
    -------
    callable
        A dependency for FastAPI.
    """

    async def check(connection: HTTPConnection, _: Annotated[None, Depends(_described)]) -> None:
        problem = await allows(connection.app.state.access, role, token_of(connection))
        if problem is not None:
            raise ProblemError(problem)

    return check
