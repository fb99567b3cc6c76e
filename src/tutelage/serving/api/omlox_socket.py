"""Live updates in the shape of an omlox hub: locations, and rooms that are entered and left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from tutelage.serving.access import Access, allows, is_still_allowed, token_of
from tutelage.serving.access_keys import Role
from tutelage.serving.api.omlox_objects import Crs, fence_event, written_locations
from tutelage.serving.batches import TooBusyError
from tutelage.serving.service import Service
from tutelage.serving.tracks.track import TrackPoint

__all__ = ["router"]

_PAUSE_S = 0.25
_QUIET_S = 20.0
_TOPICS = ("location_updates", "location_updates:geojson", "fence_events", "fence_events:geojson")
_UNKNOWN_EVENT, _UNKNOWN_TOPIC, _UNSUBSCRIBE_FAILED, _INVALID = 10000, 10001, 10003, 10005
_MOST_SUBSCRIPTIONS = 50
_LARGEST_MESSAGE = 10_000

router = APIRouter(tags=["omlox"])


@router.websocket("/v2/ws/socket")
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
                    payload = written_locations(points, crs, geojson=is_geojson)
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
