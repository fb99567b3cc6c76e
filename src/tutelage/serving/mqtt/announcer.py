"""Publishes where devices are: only what changed, and again before it expires."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from tutelage.runtime.degrees import has_degrees
from tutelage.serving.mqtt.device_messages import (
    ONLINE,
    DeviceTopics,
    announcement,
    attributes,
    state,
    status_topic,
)
from tutelage.serving.mqtt.mqtt_settings import MqttSettings
from tutelage.serving.mqtt.object_ids import object_id
from tutelage.serving.service import Service
from tutelage.serving.tracks.track import TrackPoint

__all__ = ["Announcer"]

_LEAST_EXPIRY_S = 30
_BEATS = 3  # messages before a state expires: one may be lost
_DAY_S = 86_400.0


class Announcer:
    """What one connection has published of each device.

    Parameters
    ----------
    service : Service
        Who knows where devices are.
    settings : MqttSettings
        Topics and devices.
    publish : callable
        Takes a topic and a body, and sends them in order. A connection that breaks may lose some: then
        everything is published again.
    """

    def __init__(
        self, service: Service, settings: MqttSettings, publish: Callable[[str, str], Awaitable[None]]
    ) -> None:
        self._service = service
        self._settings = settings
        self._publish = publish
        self._expire_s = max(_LEAST_EXPIRY_S, round(service.track_settings.silence_s))
        self._names: dict[str, str] = {}  # of the devices that are announced
        self._has_degrees = False
        self._sent: dict[str, Any] = {}
        self._sent_s: dict[str, float] = {}

    @property
    def beat_s(self) -> float:
        """After so many seconds a state is published again."""
        return self._expire_s / _BEATS

    async def everything(self) -> None:
        """Publish everything, also what was published before."""
        self._sent.clear()
        self._sent_s.clear()
        await self._publish(status_topic(self._settings), ONLINE)
        self._has_degrees = self._models_have_degrees()
        since_s = time.time() - self._service.settings.retention_days * _DAY_S
        stored = await asyncio.to_thread(self._service.store.devices.all)
        last = self._service.devices.last()
        names = {device: device for device in last} | {
            each.id: each.name for each in stored if each.last_seen_s >= since_s or each.id in last
        }
        self._names = {device: name for device, name in names.items() if self._settings.takes(device)}
        for device in [*self._names]:
            await self._device(device, last.get(device))

    async def news(self, news: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Publish what is new.

        Parameters
        ----------
        news : sequence of tuple
            Kind and content of each, as `LiveEvents` tells them. They say only whom it is about: what is
            published is what the service knows now.
        """
        if any(kind == "model" for kind, _ in news) and self._has_degrees != self._models_have_degrees():
            await self.everything()
        last = self._service.devices.last()
        kinds: dict[str, set[str]] = {}
        for kind, content in news:
            if kind in ("device", "name", "forgotten") and self._settings.takes(content["device"]):
                kinds.setdefault(content["device"], set()).add(kind)
        for device, told in kinds.items():
            if device not in last and "forgotten" in told:
                self._names.pop(device, None)
                await self.retire(object_id(device))
                continue
            if device not in self._names or "name" in told:
                stored = await asyncio.to_thread(self._service.store.devices.get, device)
                self._names[device] = stored.name if stored else device
            await self._device(device, last.get(device))

    async def beat(self) -> None:
        """Publish again what would expire; devices that are unknown do expire."""
        due_s = time.monotonic() - self.beat_s
        for device, point in self._service.devices.last().items():
            topics = self._topics(device)
            if point.is_known and self._sent_s.get(topics.state, due_s + 1) <= due_s:
                self._sent.pop(topics.state, None)
                await self._device(device, point)

    async def retire_unless_known(self, object_ids: Iterable[str]) -> None:
        """Remove devices of which the broker still has messages, but that were forgotten meanwhile.

        Parameters
        ----------
        object_ids : iterable of str
            Names of the devices in topics.
        """
        known = {object_id(device) for device in self._names}
        for each in sorted({*object_ids} - known):
            await self.retire(each)

    async def retire(self, object_id: str) -> None:
        """Remove a device from the broker and from Home Assistant.

        Parameters
        ----------
        object_id : str
            Its name in topics.
        """
        topics = DeviceTopics(self._settings, object_id)
        # The state goes last: what is left of a device is found by its state.
        for topic in (topics.announcement, topics.attributes, topics.state):
            if topic is not None:
                self._sent.pop(topic, None)
                self._sent_s.pop(topic, None)
                await self._publish(topic, "")

    # -- one device ---------------------------------------------------------------------------------------

    async def _device(self, device: str, point: TrackPoint | None) -> None:
        topics = self._topics(device)
        if topics.announcement is not None:
            told = announcement(
                topics, self._names[device], has_degrees=self._has_degrees, expire_s=self._expire_s
            )
            await self._changed(topics.announcement, told, told)
        told = state(point)
        same = {name: value for name, value in told.items() if name != "t"}  # the time alone is no news
        await self._changed(topics.state, told, same)
        if self._has_degrees:
            told = attributes(point)
            await self._changed(topics.attributes, told, told)

    async def _changed(self, topic: str, told: Any, compared: Any) -> None:
        if topic in self._sent and self._sent[topic] == compared:
            return
        await self._publish(topic, json.dumps(told, allow_nan=False))
        self._sent[topic] = compared
        self._sent_s[topic] = time.monotonic()

    def _topics(self, device: str) -> DeviceTopics:
        return DeviceTopics(self._settings, object_id(device))

    def _models_have_degrees(self) -> bool:
        codes = (model.card["frame"]["epsg"] for model in self._service.models.all())
        return any(code is not None and has_degrees(code) for code in codes)
