"""Whether the service is there and ready, and what it counts."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest

from tutelage.serving.access import ServiceOf, require
from tutelage.serving.access_keys import Role
from tutelage.serving.api.protocol import Protocol

__all__ = ["PROTOCOL"]

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(tags=["operation"])
PROTOCOL = Protocol(router, ("/healthz", "/readyz", "/metrics"))


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(service: ServiceOf) -> dict[str, str]:
    """Say that models are loaded and that the store answers; status 503 if it does not."""
    await run_in_threadpool(service.store.ping)
    return {"status": "ready"}


@router.get("/metrics", response_class=PlainTextResponse, dependencies=[Depends(require(Role.READ))])
async def metrics(service: ServiceOf) -> Response:
    """Return counters for Prometheus."""
    return Response(generate_latest(service.metrics.registry), media_type=_PROMETHEUS)
