"""The verb that runs the service."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutelage.cli.bridge_options import BridgeOptions
from tutelage.cli.console import tell
from tutelage.cli.options import Json, verb

if TYPE_CHECKING:  # only named in signatures
    from tutelage.serving.service import Service
    from tutelage.serving.settings import ServeSettings

__all__ = ["ServiceOptions", "serve_command"]

_SAFETY = "Safety"
_SIMULATED = 3
_HOW_TLS = "https://github.com/tutelage/tutelage/blob/main/docs/guides/operate.md"


@dataclass(frozen=True)
class ServiceOptions:
    """Where the service listens, what it keeps, and who may ask."""

    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address to listen on. Any but a loopback address needs keys: see tutelage keys.",
        ),
    ] = "127.0.0.1"
    port: Annotated[int, typer.Option(metavar="N", help="Port to listen on; 0 takes a free one.")] = 8765
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where tracks, surveys and keys are kept: a file such as office.db, or "
            "postgresql://USER@HOST/DATABASE. Default: a file in your data folder.",
        ),
    ] = None
    level: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="Share of the true positions that radii contain, and of the true places that sets contain.",
        ),
    ] = 0.95
    retention_days: Annotated[
        float, typer.Option(metavar="N", help="Delete tracks of devices after N days.")
    ] = 30.0
    simulate: Annotated[
        bool,
        typer.Option(
            "--simulate",
            help="Let three simulated people walk through the first model's survey, to see the map live.",
        ),
    ] = False
    requests_per_second: Annotated[
        float,
        typer.Option(
            metavar="N", rich_help_panel=_SAFETY, help="Requests that one client may send in the long run."
        ),
    ] = 200.0
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            rich_help_panel=_SAFETY,
            help="Address or network of a proxy whose header X-Forwarded-For names the client. Repeatable.",
        ),
    ] = None
    public_name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_SAFETY,
            help="Name by which clients reach the service through a proxy on this machine. Needs keys. "
            "Repeatable.",
        ),
    ] = None
    require_keys: Annotated[
        bool,
        typer.Option("--require-keys", rich_help_panel=_SAFETY, help="Require keys on this machine too."),
    ] = False
    log: Annotated[
        bool, typer.Option("--log", rich_help_panel=_SAFETY, help="Print a line for each request.")
    ] = False
    log_clients: Annotated[
        bool,
        typer.Option(
            "--log-clients",
            rich_help_panel=_SAFETY,
            help="Print the addresses of clients in these lines; otherwise a hash stands for each.",
        ),
    ] = False

    def settings(self) -> ServeSettings:
        """Give the settings, checked."""
        from tutelage.serving.settings import ServeSettings

        return ServeSettings(
            host=self.host,
            port=self.port,
            level=self.level,
            retention_days=self.retention_days,
            requests_per_s=self.requests_per_second,
            trusted_proxies=("127.0.0.1", "::1", *(self.trusted_proxy or ())),
            public_names=tuple(self.public_name or ()),
            log_clients=self.log_clients,
        )


@verb
def serve_command(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL...",
            help="Folders that fit wrote, or files of export. Each scan is answered by the model that knows "
            "the most of its access points.",
        ),
    ],
    *,
    options: ServiceOptions,
    bridges: BridgeOptions,
    as_json: Json = False,
) -> None:
    """Serve models: positions over HTTP, and a live map in the browser.

    Phones, gateways and home automation send what they hear. The map shows where they are.

    Example: tutelage serve survey-model --simulate
    """
    from tutelage.serving.server import serve
    from tutelage.serving.simulated_people import keep_walking
    from tutelage.serving.store import default_store_url
    from tutelage.serving.tracks.settings import TrackSettings

    if options.log or options.log_clients:
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
        logging.getLogger("tutelage.serving").setLevel(logging.INFO)
    background = bridges.background()
    if options.simulate:
        background.append(partial(keep_walking, n_people=_SIMULATED))
    serve(
        models,
        options.store or default_store_url(),
        options.settings(),
        TrackSettings(),
        needs_keys=options.require_keys,
        background=background,
        on_ready=_print_address if as_json else _tell_address,
    )


def _print_address(address: str, service: Service) -> None:
    """Print one line for machines, once the service listens."""
    print(json.dumps({"url": address, "models": [model.name for model in service.models.all()]}), flush=True)


def _tell_address(address: str, service: Service) -> None:
    """Say where the map is, and which models answer."""
    names = ", ".join(model.name for model in service.models.all())
    tell(f"serving {names}: open [bold]{address}[/] in a browser. Ctrl-C stops.")
    if not service.settings.is_private:
        tell(f"keys travel in the open without TLS; how to put it before the service: {_HOW_TLS}")
