"""Small answers leave at once, without waiting for an acknowledgement of their head."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tutelage.serving.server import _listening
from tutelage.serving.settings import ServeSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_accepted_connections_have_no_delay(host: str) -> None:
    settings = ServeSettings(host=host, port=0)

    async def accepted() -> int:
        seen: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def noted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            del reader
            one: socket.socket = writer.get_extra_info("socket")
            seen.set_result(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = _listening(settings)
        async with await asyncio.start_server(noted, sock=listening):
            _, writer = await asyncio.open_connection(host, listening.getsockname()[1])
            no_delay = await seen
            writer.close()
        return no_delay

    assert asyncio.run(accepted()) != 0
