"""Connections that say nothing, or too slowly."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tutelage.serving.server import listener_config
from tutelage.serving.service import Service

IDLE_S = 1
LATE_S = 5.0
REQUEST = b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture
def port(service: Service) -> Iterator[int]:
    """Port of a service that closes idle connections after a second."""
    service.settings = replace(service.settings, idle_s=IDLE_S)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(listener_config(service, needs_keys=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until_s = time.monotonic() + 10
        while not server.started and time.monotonic() < until_s:
            time.sleep(0.02)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=LATE_S)


def received_to_the_end(connection: socket.socket) -> bytes:
    """What comes until the service closes; a service that does not ends in TimeoutError."""
    parts = []
    while part := connection.recv(4096):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("begun", [b"", REQUEST[:20]])
def test_a_connection_without_a_whole_head_is_closed(port: int, begun: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(begun)
        assert received_to_the_end(connection) == b""


def test_a_head_that_comes_byte_by_byte_is_closed_too(port: int) -> None:
    with connected(port) as connection:
        began_s = time.monotonic()
        try:
            for byte in REQUEST:
                connection.sendall(bytes([byte]))
                time.sleep(0.1)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert time.monotonic() - began_s < 0.1 * len(REQUEST), "it is closed before the head is complete"


def test_a_connection_is_kept_between_requests_and_then_closed(port: int) -> None:
    with connected(port) as connection:
        for part in (REQUEST, REQUEST[:20], REQUEST[20:]):
            connection.sendall(part)
            time.sleep(0.4 * IDLE_S)
        answers = received_to_the_end(connection)
    assert answers.count(b"HTTP/1.1 200 OK") == 2


def test_an_answer_may_take_longer_than_a_connection_may_be_idle(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(REQUEST.replace(b"/ping", b"/v1/events"))
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")
        connection.settimeout(2.5 * IDLE_S)
        with pytest.raises(TimeoutError):
            received_to_the_end(connection)


def test_a_large_message_on_a_socket_ends_it(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/v2/ws/socket") as client:
        client.send("x" * 20_000)
        assert '"code": 10005' in str(client.recv(LATE_S))
        client.send("x" * 100_000)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(LATE_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
