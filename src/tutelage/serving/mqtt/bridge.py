"""The bridge between the service and a broker: it reconnects by itself, whatever happens."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from contextlib import suppress

import aiomqtt
from prometheus_client import Counter, Gauge

from tutelage.errors import TutelageError
from tutelage.serving.batches import TooBusyError
from tutelage.serving.heard_scans import Heard
from tutelage.serving.live_events import Subscription
from tutelage.serving.mqtt.announcer import Announcer
from tutelage.serving.mqtt.device_messages import OFFLINE, ONLINE, DeviceTopics, status_topic
from tutelage.serving.mqtt.incoming import FILTERS, read_message, source_of
from tutelage.serving.mqtt.mqtt_settings import MqttSettings
from tutelage.serving.service import Service

__all__ = ["keep_bridge"]

_PAUSE_S = 1.0
_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 60.0
_LAST_WORD_S = 2.0
_WAITING_MESSAGES = 10_000
_KEEP_ALIVE_S = 30
_SURE = 1  # QoS: at least once
_AGAIN, _STATUS_LOST, _FOUND = "again", "status", "found"  # news of the bridge itself
_log = logging.getLogger("tutelage.serving.mqtt")


async def keep_bridge(service: Service, settings: MqttSettings) -> None:
    """Connect the service with a broker until the task is cancelled.

    Parameters
    ----------
    service : Service
        What hears, and what knows where devices are.
    settings : MqttSettings
        The broker, and the topics.
    """
    bridge = _Bridge(service, settings)
    with service.events.listening() as news:
        await bridge.keep(news)


class _Bridge:
    """One service and its broker."""

    def __init__(self, service: Service, settings: MqttSettings) -> None:
        self._service = service
        self._settings = settings
        # Home Assistant keeps its own status topic when another discovery prefix is set.
        self._homes = (
            {"homeassistant/status", f"{settings.discovery}/status"} if settings.discovery else set()
        )
        registry = service.metrics.registry
        self._messages = Counter(
            "tutelage_mqtt_messages",
            "MQTT messages, by program and outcome.",
            ["source", "outcome"],
            registry=registry,
        )
        self._is_connected = Gauge(
            "tutelage_mqtt_connected", "Whether the service is connected to its broker.", registry=registry
        )

    async def keep(self, news: Subscription) -> None:
        """Connect, again and again; a client cannot be used after it was disconnected."""
        retry_s, last_words = _FIRST_RETRY_S, ""
        while True:
            began_s = time.monotonic()
            try:
                async with self._client() as client:
                    _log.info("connected to the MQTT broker %s", self._settings.host)
                    await self._serve(client, news)
            except* (aiomqtt.MqttError, OSError, TutelageError) as errors:
                words = str(errors.exceptions[0])
                if words != last_words:
                    _log.warning("MQTT broker %s: %s; trying again", self._settings.host, words)
                last_words = words
            except* Exception:  # a fault of ours ends one connection, not the bridge
                _log.exception("the MQTT bridge has failed; trying again")
            finally:
                self._is_connected.set(0)
            if time.monotonic() - began_s > _LONGEST_RETRY_S:
                retry_s, last_words = _FIRST_RETRY_S, ""
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, _LONGEST_RETRY_S)

    def _client(self) -> aiomqtt.Client:
        settings = self._settings
        return aiomqtt.Client(
            settings.host,
            settings.port,
            username=settings.user,
            password=settings.password,
            tls_context=ssl.create_default_context() if settings.is_encrypted else None,
            will=aiomqtt.Will(status_topic(settings), OFFLINE, qos=_SURE, retain=True),
            keepalive=_KEEP_ALIVE_S,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            max_queued_incoming_messages=_WAITING_MESSAGES,
        )

    async def _serve(self, client: aiomqtt.Client, news: Subscription) -> None:
        """Work until the connection is lost."""

        async def publish(topic: str, payload: str) -> None:
            await client.publish(topic, payload, retain=True)

        announcer = Announcer(self._service, self._settings, publish)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(client, news))
                tasks.create_task(self._tell(client, announcer, news))
        except asyncio.CancelledError:
            with suppress(aiomqtt.MqttError):  # the will says the same, but only if the connection breaks
                await client.publish(
                    status_topic(self._settings), OFFLINE, qos=_SURE, retain=True, timeout=_LAST_WORD_S
                )
            raise

    # -- out ----------------------------------------------------------------------------------------------

    async def _tell(self, client: aiomqtt.Client, announcer: Announcer, news: Subscription) -> None:
        # The broker sends what it has retained of our devices before it confirms what follows.
        own = DeviceTopics(self._settings, "+").state
        topics = (own, status_topic(self._settings), *self._homes, *FILTERS)
        await client.subscribe([(topic, 0) for topic in topics])
        await announcer.everything()
        await client.unsubscribe(own)
        self._is_connected.set(1)
        beat_at_s = time.monotonic()
        async for batch in news.batches(_PAUSE_S, announcer.beat_s / 2):
            kinds = {kind for kind, _ in batch}
            if kinds & {_AGAIN, _STATUS_LOST}:
                await announcer.everything()
            await announcer.retire_unless_known(
                content["object_id"] for kind, content in batch if kind == _FOUND
            )
            await announcer.news(batch)
            if time.monotonic() - beat_at_s >= announcer.beat_s / 2:
                beat_at_s = time.monotonic()
                await announcer.beat()

    # -- in -----------------------------------------------------------------------------------------------

    async def _listen(self, client: aiomqtt.Client, news: Subscription) -> None:
        status = status_topic(self._settings)
        own = DeviceTopics(self._settings, "+").state
        async for message in client.messages:
            topic = str(message.topic)
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if topic == status:
                # A connection that the network lost says goodbye late, when the next one is there already.
                if payload == OFFLINE.encode() and not message.retain:
                    news.put(_STATUS_LOST, "", {})
            elif topic in self._homes:
                if payload == ONLINE.encode() and not message.retain:
                    news.put(_AGAIN, "", {})
            elif aiomqtt.Topic(topic).matches(own):
                if message.retain:
                    found = topic.split("/")[-2]
                    news.put(_FOUND, found, {"object_id": found})
            elif message.retain:  # heard at an unknown time
                self._messages.labels(source_of(topic), "retained").inc()
            else:
                outcome = await self._take(topic, payload)
                self._messages.labels(source_of(topic), outcome).inc()

    async def _take(self, topic: str, payload: bytes) -> str:
        """Hand on what a message says, and name what became of it."""
        service = self._service
        now_s = time.time()
        try:
            said = read_message(topic, payload)
            for device, receiver, rss_dbm in said.readings:
                if self._settings.takes(device):
                    service.receive(device, receiver, rss_dbm, now_s)
            fingerprint = said.fingerprint
            if fingerprint is not None and not self._settings.takes(fingerprint.device):
                return "ignored"
            if fingerprint is not None and fingerprint.location:
                await service.surveys.keep_at(fingerprint.device, fingerprint.scan(), fingerprint.location)
            elif fingerprint is not None:
                await service.hear([Heard(fingerprint.device, fingerprint.scan())])
        except TooBusyError:
            return "busy"
        except TutelageError as error:
            _log.debug("%s: %s", topic, error)
            return "bad"
        return "heard" if said.readings or fingerprint is not None else "ignored"
