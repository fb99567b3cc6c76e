"""Keys in a browser: enter one, leave again, and what this one may do."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Request, Response
from pydantic import BaseModel, Field

from tutelage.serving.access import COOKIE, Access
from tutelage.serving.access_keys import Role
from tutelage.serving.api.bodies import exact
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.problems import Problem, ProblemError

__all__ = ["PROTOCOL"]

_KEPT_S = 30 * 86_400

router = APIRouter(tags=["access"])
PROTOCOL = Protocol(router, ("/v1/entry",))


class Key(BaseModel):
    """A key, as `tutelage keys make` printed it."""

    model_config = exact({"key": "ttl_..."})

    key: str = Field(min_length=1, max_length=200)


@router.get("/v1/entry")
async def entry(
    request: Request, key: Annotated[str | None, Cookie(alias=COOKIE, include_in_schema=False)] = None
) -> dict[str, Any]:
    """Say whether keys are needed, what the key of this browser may do, and what time it is here."""
    access: Access = request.app.state.access
    role = Role.ADMIN if not access.needs_keys else await access.role_of(key) if key else None
    return {"needs_keys": access.needs_keys, "role": role, "time_s": time.time()}


@router.post("/v1/entry")
async def enter(request: Request, response: Response, body: Key) -> dict[str, Any]:
    """Keep a key in a cookie that no script can read."""
    access: Access = request.app.state.access
    role = await access.role_of(body.key)
    if role is None:
        message = "the key is unknown or revoked; make one with: tutelage keys make NAME"
        raise ProblemError(Problem(HTTPStatus.UNAUTHORIZED, message, "keyInvalid", "usageLimits"))
    is_secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, body.key, max_age=_KEPT_S, httponly=True, samesite="strict", secure=is_secure)
    return {"role": role}


@router.delete("/v1/entry")
async def leave(response: Response) -> dict[str, Any]:
    """Forget the key of this browser."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return {"role": None}
