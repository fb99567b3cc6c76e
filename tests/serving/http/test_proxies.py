"""A proxy before a service that listens on every address, of IPv4 or of IPv6 too."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from running_service import RunningService

from tutelage.serving.access_keys import Role
from tutelage.serving.store import Store

CLIENT = "203.0.113.9"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_trusted_proxy_names_the_client(office: Path, tmp_path: Path, host: str) -> None:
    if host == "::" and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    file = tmp_path / "service.db"
    with Store.open(str(file)) as store:
        key = store.keys.make("proxy", Role.READ)
    log = tmp_path / "serve.log"
    with RunningService([office], tmp_path, ["--host", host, "--log-clients"], key) as running:
        port = int(running.url.rstrip("/").rpartition(":")[2])
        request = (
            f"GET /v1/devices HTTP/1.1\r\nHost: building.example\r\nX-Forwarded-For: {CLIENT}\r\n"
            f"Authorization: Bearer {key}\r\nConnection: close\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(request.encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
    assert "keys travel in the open without TLS" in log.read_text()
    (line,) = [line for line in log.read_text().splitlines() if "/v1/devices" in line]
    assert f" {CLIENT} GET " in line
