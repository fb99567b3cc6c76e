"""Why a request is refused, in the words of each protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel

__all__ = [
    "GoogleBody",
    "PlainBody",
    "Problem",
    "ProblemError",
    "Render",
    "as_response",
    "google_body",
    "plain_body",
]


@dataclass(frozen=True)
class Problem:
    """Why a request is refused.

    Parameters
    ----------
    status : int
        HTTP status.
    message : str
        What was given, what is allowed, and what to do.
    reason : str
        One word for programs, as in Google's and Mozilla's geolocation services.
    domain : str
        What the reason belongs to, in the words of the same services.
    retry_after_s : int, optional
        When to try again, in seconds.
    """

    status: int
    message: str
    reason: str = "parseError"
    domain: str = "global"
    retry_after_s: int | None = None


class ProblemError(Exception):
    """Ends a request with a problem.

    Parameters
    ----------
    problem : Problem
        What to answer.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _GoogleReason(BaseModel):
    domain: str
    reason: str
    message: str


class _GoogleError(BaseModel):
    errors: list[_GoogleReason]
    code: int
    message: str


class GoogleBody(BaseModel):
    """A problem in the words of Google's and Mozilla's geolocation services."""

    error: _GoogleError


class _PlainError(BaseModel):
    code: int
    reason: str
    message: str


class PlainBody(BaseModel):
    """A problem in our own words."""

    error: _PlainError


Render = Callable[[Problem], tuple[int, dict[str, Any]]]
"""Writes a problem in the words of a protocol: HTTP status and body."""


def google_body(problem: Problem) -> tuple[int, dict[str, Any]]:
    """Write a problem as Google's and Mozilla's geolocation services do.

    Parameters
    ----------
    problem : Problem
        The problem. A key that is missing or unknown has status 400 there.

    Returns
    -------
    tuple
        HTTP status and body.
    """
    is_key = problem.status == HTTPStatus.UNAUTHORIZED
    status = int(HTTPStatus.BAD_REQUEST) if is_key else problem.status
    error = {"domain": problem.domain, "reason": problem.reason, "message": problem.message}
    return status, {"error": {"errors": [error], "code": status, "message": problem.message}}


def plain_body(problem: Problem) -> tuple[int, dict[str, Any]]:
    """Write a problem in our own words.

    Parameters
    ----------
    problem : Problem
        The problem.

    Returns
    -------
    tuple
        HTTP status and body.
    """
    body = {"code": problem.status, "reason": problem.reason, "message": problem.message}
    return problem.status, {"error": body}


def as_response(problem: Problem, render: Render) -> JSONResponse:
    """Answer a request with a problem.

    Parameters
    ----------
    problem : Problem
        What to answer.
    render : callable
        Writes it.

    Returns
    -------
    JSONResponse
        The answer.
    """
    status, body = render(problem)
    headers = {} if problem.retry_after_s is None else {"Retry-After": str(problem.retry_after_s)}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status_code=status, headers=headers)
