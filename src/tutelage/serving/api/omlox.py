"""A read API in the shape of an omlox hub: providers, trackables, zones, fences, and live updates."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from tutelage.serving.access import Access, ServiceOf, allows, is_still_allowed, require, token_of
from tutelage.serving.access_keys import Role
from tutelage.serving.api.omlox_objects import (
    Crs,
    as_feature,
    fence,
    fence_event,
    location,
    object_id,
    provider,
    trackable,
    zones,
)
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.batches import TooBusyError
from tutelage.serving.problems import Problem, ProblemError
from tutelage.serving.service import Service
from tutelage.serving.tracks.track import TrackPoint

__all__ = ["PROTOCOL"]

_PAUSE_S = 0.25
_QUIET_S = 20.0
_TOPICS = ("location_updates", "location_updates:geojson", "fence_events", "fence_events:geojson")
_UNKNOWN_EVENT, _UNKNOWN_TOPIC, _UNSUBSCRIBE_FAILED, _INVALID = 10000, 10001, 10003, 10005
_MOST_SUBSCRIPTIONS = 50
_LARGEST_MESSAGE = 10_000

_Id = Annotated[str, Path(min_length=1, max_length=200)]
_Crs = Annotated[Crs | None, Query(description="Coordinates; degrees where they are known by default.")]
_GeoJson = Annotated[bool, Query(description="Write GeoJSON features.")]


class Refused(BaseModel):
    """A problem in the words of an omlox hub."""

    type: str
    code: int
    message: str


def _body(problem: Problem) -> tuple[int, dict[str, Any]]:
    kind = {401: "unauthorized", 403: "forbidden", 404: "not found"}.get(problem.status, "invalid")
    return problem.status, {"type": kind, "code": problem.status, "message": problem.message}


router = APIRouter(prefix="/v2", tags=["omlox"], dependencies=[Depends(require(Role.READ))])
sockets = APIRouter(tags=["omlox"])
_PATHS = ("/v2/providers", "/v2/trackables", "/v2/zones", "/v2/fences", "/v2/ws")
PROTOCOL = Protocol(router, _PATHS, _body, Refused, also=(sockets,))


@router.get("/providers/summary")
async def provider_summary(service: ServiceOf) -> list[str]:
    """Return the ids of all devices."""
    return [*await _names(service)]


@router.get("/providers/locations")
async def locations(service: ServiceOf, crs: _Crs = None, geojson: _GeoJson = False) -> list[dict[str, Any]]:
    """Return where all devices are."""
    return _written(service.devices.last().items(), crs, geojson=geojson)


@router.get("/providers")
async def providers(service: ServiceOf) -> list[dict[str, Any]]:
    """Return all devices as location providers."""
    names = await _names(service)
    return [provider(device, name, service.track_settings) for device, name in names.items()]


@router.get("/providers/{device:path}/location")
async def provider_location(
    service: ServiceOf, device: _Id, crs: _Crs = None, geojson: _GeoJson = False
) -> dict[str, Any]:
    """Return where one device is."""
    return _location(service, device, crs, geojson=geojson)


@router.get("/providers/{device:path}")
async def one_provider(service: ServiceOf, device: _Id) -> dict[str, Any]:
    """Return one device as a location provider."""
    names = await _names(service)
    return provider(device, _known(names, device), service.track_settings)


@router.get("/trackables/summary")
async def trackable_summary(service: ServiceOf) -> list[str]:
    """Return the ids of all trackables."""
    return [object_id("trackable", device) for device in await _names(service)]


@router.get("/trackables")
async def trackables(service: ServiceOf) -> list[dict[str, Any]]:
    """Return all devices as trackables."""
    names = await _names(service)
    return [trackable(device, name, service.track_settings) for device, name in names.items()]


@router.get("/trackables/{trackable_id}")
async def one_trackable(service: ServiceOf, trackable_id: _Id) -> dict[str, Any]:
    """Return one trackable."""
    device, name = await _device_of(service, trackable_id)
    return trackable(device, name, service.track_settings)


@router.get("/trackables/{trackable_id}/location")
async def trackable_location(
    service: ServiceOf, trackable_id: _Id, crs: _Crs = None, geojson: _GeoJson = False
) -> dict[str, Any]:
    """Return where one trackable is."""
    device, _ = await _device_of(service, trackable_id)
    return _location(service, device, crs, geojson=geojson)


@router.get("/trackables/{trackable_id}/locations")
async def trackable_locations(
    service: ServiceOf, trackable_id: _Id, crs: _Crs = None, geojson: _GeoJson = False
) -> list[dict[str, Any]]:
    """Return where the providers of one trackable are."""
    device, _ = await _device_of(service, trackable_id)
    last = service.devices.last()
    return _written([(device, last[device])] if device in last else [], crs, geojson=geojson)


@router.get("/zones")
async def all_zones(service: ServiceOf) -> list[dict[str, Any]]:
    """Return the floors of all models."""
    return [zone for model in service.models.all() for zone in zones(model)]


@router.get("/zones/{zone_id}")
async def one_zone(service: ServiceOf, zone_id: _Id) -> dict[str, Any]:
    """Return one floor."""
    return _with_id(await all_zones(service), "zone", zone_id)


@router.get("/fences")
async def all_fences(service: ServiceOf) -> list[dict[str, Any]]:
    """Return the rooms of the map."""
    return [fence(room) for room in await run_in_threadpool(service.store.rooms.all)]


@router.get("/fences/{fence_id}")
async def one_fence(service: ServiceOf, fence_id: _Id) -> dict[str, Any]:
    """Return one room."""
    return _with_id(await all_fences(service), "fence", fence_id)


@sockets.websocket("/v2/ws/socket")
async def socket(websocket: WebSocket) -> None:
    """Send what a client subscribes to: locations, and rooms that are entered and left."""
    service: Service = websocket.app.state.service
    access: Access = websocket.app.state.access
    key = token_of(websocket)
    problem = await allows(access, Role.READ, key)
    if problem is not None:
        await websocket.close(code=1008, reason=problem.reason)
        return
    with ExitStack() as stack:
        try:
            listener = stack.enter_context(service.events.listening())
        except TooBusyError as error:
            await websocket.close(code=1013, reason=str(error))  # try again later
            return
        await websocket.accept()
        client = _Client(websocket, service)
        may_go_on = partial(is_still_allowed, access, Role.READ, key)
        sending = asyncio.create_task(client.send_news(listener.batches(_PAUSE_S, _QUIET_S), may_go_on))
        try:
            with suppress(WebSocketDisconnect):
                while not sending.done():
                    await client.answer(await _received(websocket))
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def _received(websocket: WebSocket) -> str:
    """Return the next message; one of bytes is no message of this protocol, and "" stands for it."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    return message.get("text") or ""


class _Client:
    """One socket and its subscriptions."""

    def __init__(self, websocket: WebSocket, service: Service) -> None:
        self._websocket = websocket
        self._service = service
        self._subscriptions: dict[int, tuple[str, Crs | None]] = {}
        self._next_id = 1
        self._place: dict[str, TrackPoint] = {}

    async def answer(self, text: str) -> None:
        """Carry out one message of the client."""
        try:
            message = json.loads(text) if len(text) <= _LARGEST_MESSAGE else None
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            await self._refuse(_INVALID, 'send a JSON object such as {"event": "subscribe", ...}')
        elif message.get("event") == "subscribe":
            await self._subscribe(message)
        elif message.get("event") == "unsubscribe":
            await self._unsubscribe(message)
        else:
            await self._refuse(_UNKNOWN_EVENT, "Unknown event; send subscribe or unsubscribe")

    async def _subscribe(self, message: dict[str, Any]) -> None:
        topic, params = message.get("topic"), message.get("params")
        crs = params.get("crs") if isinstance(params, dict) else None
        if topic not in _TOPICS:
            await self._refuse(_UNKNOWN_TOPIC, f"Unknown topic; choose one of {', '.join(_TOPICS)}")
        elif crs not in (None, "EPSG:4326", "local") or len(self._subscriptions) >= _MOST_SUBSCRIPTIONS:
            await self._refuse(_INVALID, "crs is EPSG:4326 or local, in at most 50 subscriptions")
        else:
            number, self._next_id = self._next_id, self._next_id + 1
            self._subscriptions[number] = (topic, crs)
            await self._send({"event": "subscribed", "topic": topic, "subscription_id": number})

    async def _unsubscribe(self, message: dict[str, Any]) -> None:
        number = message.get("subscription_id")
        if not isinstance(number, int) or self._subscriptions.pop(number, None) is None:
            await self._refuse(_UNSUBSCRIBE_FAILED, "no such subscription")
        else:
            await self._send({"event": "unsubscribed", "subscription_id": number})

    async def send_news(self, batches: Any, may_go_on: Callable[[], Awaitable[bool]]) -> None:
        """Send what is new to each subscription, until the client leaves or its key is revoked."""
        async for news in batches:
            if not await may_go_on():
                await self._websocket.close(code=1008, reason="keyInvalid")
                return
            moved = [content["device"] for kind, content in news if kind == "device"]
            last = self._service.devices.last()
            points = [(device, last[device]) for device in moved if device in last]
            events = [event for device, point in points for event in self._room_events(device, point)]
            for number, (topic, crs) in [*self._subscriptions.items()]:
                is_geojson = topic.endswith(":geojson")
                if topic.startswith("fence_events"):
                    payload = [{"type": "Feature", "geometry": None, "properties": e} for e in events]
                    payload = payload if is_geojson else events
                else:
                    payload = _written(points, crs, geojson=is_geojson)
                if payload:
                    sent = {"event": "message", "topic": topic, "subscription_id": number}
                    await self._send({**sent, "payload": payload})

    def _room_events(self, device: str, point: TrackPoint) -> list[dict[str, Any]]:
        """Return that a device has left its room, entered another, or both."""
        before = self._place.pop(device, None)
        if point.place is not None:
            self._place[device] = point
        if (before.place if before else None) == point.place:
            return []
        events = []
        if before is not None:
            events.append(fence_event(device, False, before))
        if point.place is not None:
            events.append(fence_event(device, True, point))
        return events

    async def _refuse(self, code: int, words: str) -> None:
        await self._send({"event": "error", "code": code, "description": words})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._websocket.send_text(json.dumps(message, allow_nan=False))


async def _names(service: Service) -> dict[str, str]:
    return {row.id: row.name for row in await run_in_threadpool(service.store.devices.all)}


async def _device_of(service: Service, trackable_id: str) -> tuple[str, str]:
    for device, name in (await _names(service)).items():
        if object_id("trackable", device) == trackable_id:
            return device, name
    raise ProblemError(_no("trackable", trackable_id))


def _known(names: dict[str, str], device: str) -> str:
    if device not in names:
        raise ProblemError(_no("provider", device))
    return names[device]


def _location(service: Service, device: str, crs: Crs | None, *, geojson: bool) -> dict[str, Any]:
    last = service.devices.last()
    written = _written([(device, last[device])] if device in last else [], crs, geojson=geojson)
    if not written:
        raise ProblemError(_no("location of", device))
    return written[0]


def _written(
    points: Iterable[tuple[str, TrackPoint]], crs: Crs | None, *, geojson: bool
) -> list[dict[str, Any]]:
    found = [written for device, point in points if (written := location(device, point, crs))]
    return [as_feature(each) for each in found] if geojson else found


def _with_id(objects: Iterable[dict[str, Any]], kind: str, wanted: str) -> dict[str, Any]:
    for each in objects:
        if each["id"] == wanted:
            return each
    raise ProblemError(_no(kind, wanted))


def _no(kind: str, name: str) -> Problem:
    return Problem(404, f"there is no {kind} {name!r}", "notFound")
