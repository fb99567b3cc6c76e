"""A broker of the system's packages on a free port of this machine, and someone who listens to it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["PROGRAM", "Listener", "Mosquitto", "wait_until"]

# Debian keeps it off the path of most users.
PROGRAM = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
_PATIENCE_S = 15.0


class Mosquitto:
    """A broker that forgets everything when it stops; with a password it has one user, "tutelage"."""

    def __init__(self, folder: Path, password: str | None = None) -> None:
        self._config = folder / "mosquitto.conf"
        self.password = password
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        lets_in = "allow_anonymous true"
        if password is not None:
            users = folder / "users"
            subprocess.run(["mosquitto_passwd", "-b", "-c", users, "tutelage", password], check=True)
            lets_in = f"allow_anonymous false\npassword_file {users}"
        self._config.write_text(f"listener {self.port} 127.0.0.1\n{lets_in}\npersistence false\nuser root\n")
        self.start()

    @property
    def url(self) -> str:
        """Its URL."""
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, on the same port again."""
        assert PROGRAM is not None
        self._process = subprocess.Popen(
            [PROGRAM, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until_s:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, "the broker has ended"
                time.sleep(0.01)
            else:
                return
        raise AssertionError("the broker does not answer")

    def stop(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


class Listener:
    """Hears every message of a broker, and sends some."""

    def __init__(self, broker: Mosquitto) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.messages: list[tuple[str, bytes]] = []
        self._changed = threading.Condition()
        self._is_ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._is_ready.set()
        if broker.password is not None:
            self._client.username_pw_set("tutelage", broker.password)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        self._client.subscribe("#")
        assert self._is_ready.wait(_PATIENCE_S)

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        with self._changed:
            self.messages.append((message.topic, message.payload))
            self._changed.notify_all()

    def send(self, topic: str, body: Any, *, retain: bool = False) -> None:
        """Publish a body: bytes as they are, anything else as JSON."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._client.publish(topic, payload, qos=1, retain=retain)

    def wait_for(self, topic: str, accept: Callable[[Any], bool] = lambda _: True, *, since: int = 0) -> Any:
        """Wait for a message on a topic, and return its body: JSON read, else the text."""
        until_s = time.monotonic() + _PATIENCE_S
        with self._changed:
            while True:
                for heard, payload in self.messages[since:]:
                    if heard == topic and accept(body := _read(payload)):
                        return body
                assert self._changed.wait(until_s - time.monotonic()), (topic, self.messages[since:])

    def bodies(self, topic: str, *, since: int = 0) -> list[Any]:
        """Return all bodies on a topic so far."""
        with self._changed:
            return [_read(payload) for heard, payload in self.messages[since:] if heard == topic]

    @property
    def count(self) -> int:
        """Number of messages so far."""
        with self._changed:
            return len(self.messages)

    def stop(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()


def _read(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is true."""
    until_s = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.02)
