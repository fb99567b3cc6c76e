"""Run the service: open its store and models, then listen until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from tutelage.errors import BadInputError
from tutelage.serving.app import Background, create_app
from tutelage.serving.punctual_connections import PunctualConnection
from tutelage.serving.served_models import ServedModels
from tutelage.serving.service import Service
from tutelage.serving.settings import ServeSettings
from tutelage.serving.store import Store, models_folder
from tutelage.serving.tracks.settings import TrackSettings

__all__ = ["NEEDS_KEYS", "listener_config", "serve"]

_STOP_S = 5
_CONNECTIONS = 1000
_LARGEST_MESSAGE = 65_536  # bytes on a web socket, where clients send subscriptions alone
NEEDS_KEYS = (
    "{host} is reached from other machines, so requests need keys, and there is none. Make one with: "
    "tutelage keys make NAME --role locate --store {store}. Put TLS before the service as well: keys "
    "travel in the open without it."
)


def serve(
    models: Sequence[Path],
    store_url: str,
    settings: ServeSettings,
    track_settings: TrackSettings,
    *,
    needs_keys: bool = False,
    background: Sequence[Background] = (),
    on_ready: Callable[[str, Service], None],
) -> None:
    """Serve models until the process is asked to stop.

    Parameters
    ----------
    models : sequence of Path
        What `tutelage fit` or `tutelage export` wrote.
    store_url : str
        Where tracks, surveys and keys are kept.
    settings : ServeSettings
        Address and limits.
    track_settings : TrackSettings
        How scans of a device become a track.
    needs_keys : bool, default False
        Whether requests need keys on a loopback address too; on any other, and behind a proxy with a public
        name, they always do.
    background : sequence of callable
        What runs beside the requests, such as a bridge to MQTT.
    on_ready : callable
        Called with the address of the map and the service once it listens.

    Raises
    ------
    BadInputError
        If a model cannot be read, the address is taken, or keys are needed and there is none.
    """
    with Store.open(store_url) as store:
        needs_keys = needs_keys or not settings.is_private
        if needs_keys and not any(key.revoked_s is None for key in store.keys.all()):
            name = next(iter(settings.public_names), settings.host)
            raise BadInputError(NEEDS_KEYS.format(host=name, store=store.name))
        service = Service(ServedModels(models), store, settings, track_settings, models_folder(store_url))
        listening = _listening(settings)
        config = listener_config(service, needs_keys=needs_keys, background=background)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        on_ready(f"http://{host}:{listening.getsockname()[1]}/", service)
        _Server(config, service).run(sockets=[listening])


def listener_config(
    service: Service, *, needs_keys: bool, background: Sequence[Background] = ()
) -> uvicorn.Config:
    """Say how connections are served.

    Parameters
    ----------
    service : Service
        What answers; its settings are those of the connections.
    needs_keys : bool
        Whether requests need keys.
    background : sequence of callable
        As for `serve`.

    Returns
    -------
    uvicorn.Config
        For a server of uvicorn.
    """
    return uvicorn.Config(
        create_app(service, needs_keys=needs_keys, background=background),
        http=PunctualConnection,
        ws="websockets-sansio",
        ws_max_size=_LARGEST_MESSAGE,
        log_config=None,
        access_log=False,  # it would print keys in query strings
        server_header=False,
        forwarded_allow_ips=service.settings.proxy_networks,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=service.settings.idle_s,
        timeout_graceful_shutdown=_STOP_S,
    )


class _Server(uvicorn.Server):
    """Ends live streams when it is asked to stop, instead of waiting for their listeners to leave."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.events.close()
        await super().shutdown(sockets)


def _listening(settings: ServeSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends small answers at once only where the protocol is named. Else each waits 40 ms for the
    # client's acknowledgement of its head.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise BadInputError(
            f"cannot listen on {settings.host}, port {settings.port}: {error.strerror}; choose another "
            "with --port, or 0 for a free one"
        ) from error
    listening.listen(2048)
    return listening
