"""The web application: protocols, limits, keys and the map's files."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from tutelage.errors import BadInputError, StoreUnavailableError, TutelageError, UnknownNameError
from tutelage.serving.access import Access
from tutelage.serving.api.all_protocols import PROTOCOLS, batch_paths, render_for
from tutelage.serving.batches import TooBusyError
from tutelage.serving.problems import Problem, ProblemError, as_response
from tutelage.serving.request_limits import RequestLimits
from tutelage.serving.request_log import RequestLog
from tutelage.serving.service import Service

__all__ = ["Background", "create_app"]

Background = Callable[[Service], Awaitable[None]]
"""Work beside the requests; it goes on until it is cancelled."""

_log = logging.getLogger("tutelage.serving")
_STOP_S = 5.0
_STATIC = Path(__file__).parent / "static"
_DESCRIPTION = "Positions from radio fingerprints: from phones, gateways and home automation to a map."
_REASONS = {
    HTTPStatus.NOT_FOUND: "notFound",
    HTTPStatus.METHOD_NOT_ALLOWED: "methodNotAllowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "tooLarge",
}


def create_app(service: Service, *, needs_keys: bool, background: Sequence[Background] = ()) -> FastAPI:
    """Build the application.

    Parameters
    ----------
    service : Service
        What answers.
    needs_keys : bool
        Whether requests need keys.
    background : sequence of callable
        What runs beside the requests, such as a bridge to MQTT. It begins after the service, and is
        cancelled before the service stops.

    Returns
    -------
    FastAPI
        The application; it starts and stops the service.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        tasks = [asyncio.create_task(_run(work, service)) for work in background]
        yield
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_STOP_S)  # none may keep the service from ending
        await service.stop()

    app = FastAPI(
        title="Tutelage",
        description=_DESCRIPTION,
        version=version("tutelage"),
        lifespan=lifespan,
        strict_content_type=False,
        docs_url=None,  # their pages load scripts from another host
        redoc_url=None,
    )
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    app.state.service = service
    app.state.access = Access(service.store, needs_keys=needs_keys)
    for protocol in PROTOCOLS:
        for router in (protocol.router, *protocol.also):
            app.include_router(router, responses=protocol.refusals)
    app.mount("/", StaticFiles(directory=_STATIC, html=True), name="map")
    app.add_middleware(
        RequestLimits,
        settings=service.settings,
        access=app.state.access,
        batch_paths=batch_paths(),
        render_for=render_for,
        is_busy=lambda: service.is_busy,
        on_refusal=service.metrics.refused,
    )
    # Outermost, so that refusals are counted and logged too.
    app.add_middleware(RequestLog, metrics=service.metrics, names_clients=service.settings.log_clients)
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """Describe the application; what breaks a rule gets status 400, and never FastAPI's 422."""
    if app.openapi_schema is None:
        schema = FastAPI.openapi(app)
        for path in schema["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
    return app.openapi_schema or {}


async def _run(work: Background, service: Service) -> None:
    try:
        await work(service)
    except TutelageError as error:  # the service goes on without it
        _log.warning("what runs beside the requests has ended: %s", error)
    except Exception:
        _log.exception("what runs beside the requests has ended")


def _answer(request: Request, problem: Problem) -> Response:
    return as_response(problem, render_for(request.url.path))


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return _answer(request, error.problem)


async def _on_invalid(request: Request, error: Exception) -> Response:
    """Say what breaks a rule, and where; what was sent is not repeated, since it may be no JSON."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    return _answer(request, Problem(HTTPStatus.BAD_REQUEST, f"{where}: {first['msg']}"))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reason = _REASONS.get(HTTPStatus(error.status_code), "parseError")
    return _answer(request, Problem(error.status_code, str(error.detail), reason))


async def _on_busy(request: Request, error: Exception) -> Response:
    problem = Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, str(error), "serviceUnavailable", "usageLimits", retry_after_s=1
    )
    return _answer(request, problem)


async def _on_unknown_name(request: Request, error: Exception) -> Response:
    return _answer(request, Problem(HTTPStatus.NOT_FOUND, str(error), "notFound"))


async def _on_bad_input(request: Request, error: Exception) -> Response:
    return _answer(request, Problem(HTTPStatus.BAD_REQUEST, str(error)))


_HANDLERS: dict[Any, Any] = {
    UnknownNameError: _on_unknown_name,
    BadInputError: _on_bad_input,
    StoreUnavailableError: _on_busy,
    ProblemError: _on_problem,
    RequestValidationError: _on_invalid,
    HTTPException: _on_http,
    TooBusyError: _on_busy,
}
