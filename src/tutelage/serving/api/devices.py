"""Devices and their tracks, and the stream of what is new."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field

from tutelage.serving.access import ServiceOf, is_still_allowed, require, token_of
from tutelage.serving.access_keys import Role
from tutelage.serving.api.bodies import exact
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.live_events import Subscription

__all__ = ["PROTOCOL"]

_PAUSE_S = 0.25
_QUIET_S = 15.0
_DeviceId = Annotated[str, Path(max_length=200)]
_Seconds = Annotated[float, Query(ge=0, le=1e11, allow_inf_nan=False)]

router = APIRouter(tags=["devices"])
PROTOCOL = Protocol(router, ("/v1/devices", "/v1/events"))
_MayRead = Depends(require(Role.READ))
_MaySurvey = Depends(require(Role.SURVEY))


class DeviceName(BaseModel):
    """A name that people understand."""

    model_config = exact({"name": "Trolley 7"})

    name: str = Field(min_length=1, max_length=200, examples=["Trolley 7"])


class OffsetChange(BaseModel):
    """A step towards the offset of a phone."""

    model_config = exact({"do": "begin"})

    do: Literal["begin", "look", "apply", "end"]


@router.get("/v1/devices", dependencies=[_MayRead])
async def devices(service: ServiceOf) -> dict[str, Any]:
    """Return all devices, each with its name and the last point of its track."""
    rows = await run_in_threadpool(service.store.devices.all)
    last = service.devices.last()
    return {
        "devices": [
            {
                "device": row.id,
                "name": row.name,
                "last_seen_s": row.last_seen_s,
                "offset_db": service.offsets.applied_db(row.id),
                "last": last[row.id].as_json() if row.id in last else None,
            }
            for row in rows
        ]
    }


@router.get("/v1/devices/{device:path}/track", dependencies=[_MayRead])
async def track(
    service: ServiceOf,
    device: _DeviceId,
    since_s: _Seconds = 0,
    until_s: _Seconds = 1e11,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
) -> dict[str, Any]:
    """Return the newest points of a device's track, the oldest of them first."""
    points = await run_in_threadpool(service.store.tracks.of, device, since_s, until_s, limit)
    return {"device": device, "points": [dict(point.payload) for point in points]}


@router.patch("/v1/devices/{device:path}", dependencies=[_MaySurvey])
async def rename(service: ServiceOf, device: _DeviceId, body: DeviceName) -> dict[str, str]:
    """Give a device a name."""
    await run_in_threadpool(service.store.devices.rename, device, body.name)
    service.events.publish("name", device, {"device": device, "name": body.name})
    return {"device": device, "name": body.name}


@router.get("/v1/devices/{device:path}/offset", dependencies=[_MayRead])
async def offset(service: ServiceOf, device: _DeviceId) -> dict[str, Any]:
    """Return the offset that is applied to a phone's readings, and how many scans were collected for one."""
    return await run_in_threadpool(service.offsets.state, device)


@router.post("/v1/devices/{device:path}/offset", dependencies=[_MaySurvey])
async def change_offset(service: ServiceOf, device: _DeviceId, body: OffsetChange) -> dict[str, Any]:
    """Begin to collect scans for a phone's offset, look at what they say, apply it, or end it."""
    desk = service.offsets
    if body.do == "begin":
        desk.begin(device)
    learnt = await run_in_threadpool(desk.learn, device) if body.do in ("look", "apply") else None
    if body.do in ("apply", "end"):
        await run_in_threadpool(desk.apply, device, learnt)
        shown = {"device": device, "offset_db": desk.applied_db(device)}
        service.events.publish("offset", device, shown)
    state = await run_in_threadpool(desk.state, device)
    return {**state, "learnt": None if learnt is None else learnt.as_json()}


@router.delete("/v1/devices/{device:path}", dependencies=[Depends(require(Role.ADMIN))])
async def forget(service: ServiceOf, device: _DeviceId) -> dict[str, Any]:
    """Forget a device: its name and its track. Survey scans stay, without its name."""
    return vars(await service.forget(device))


async def _listening(service: ServiceOf) -> AsyncIterator[Subscription]:
    """Listen until the answer ends. One listener too many is refused before the answer begins."""
    with service.events.listening() as listener:
        yield listener


@router.get("/v1/events", response_class=EventSourceResponse, dependencies=[_MayRead])
async def events(
    request: Request, service: ServiceOf, listener: Annotated[Subscription, Depends(_listening)]
) -> AsyncIterator[ServerSentEvent]:
    """Stream what is new: an event a kind, with a list of the latest of each subject."""
    key = token_of(request)
    for device, point in service.devices.last().items():
        listener.put("device", device, {"device": device, **point.as_json()})
    async for news in listener.batches(_PAUSE_S, _QUIET_S):
        if not await is_still_allowed(request.app.state.access, Role.READ, key):
            return
        if not news:
            yield ServerSentEvent(comment="alive")
        by_kind: dict[str, list[dict[str, Any]]] = {}
        for kind, content in news:
            by_kind.setdefault(kind, []).append(content)
        for kind, contents in by_kind.items():
            yield ServerSentEvent(event=kind, data=contents)
