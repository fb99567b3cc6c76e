"""The verb that collects scans on a Linux machine for a survey."""

from __future__ import annotations

import re
import socket
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.bridge_options import secret_of
from tutelage.cli.console import plain, show_pairs, tell
from tutelage.cli.options import Json, verb
from tutelage.errors import BadInputError

__all__ = ["CollectOptions", "collect_command"]

_LEAST_S = 1.0
_BUSY = "another command collects with {file}; give this one another file with --unsent"


class Tool(StrEnum):
    """What scans."""

    IW = "iw"
    NMCLI = "nmcli"


@dataclass(frozen=True)
class CollectOptions:
    """Where scans go, and how they are taken."""

    to: Annotated[
        str, typer.Option(metavar="URL", help="Address of the service, such as http://192.168.1.2:8765.")
    ]
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="What this machine is called on the map. Default: its name in the network."
        ),
    ] = None
    every: Annotated[float, typer.Option(metavar="SECONDS", help="Time between two scans.")] = 5.0
    key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File with an access key. Default: TUTELAGE_KEY.")
    ] = None
    tool: Annotated[
        Tool | None,
        typer.Option(help="What scans. Default: iw for root, nmcli for others. iw is more exact."),
    ] = None
    interface: Annotated[str | None, typer.Option(metavar="NAME", help="Wi-Fi interface, such as wlan0.")] = (
        None
    )
    scans: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Stop after N scans. Default: at Ctrl-C.")
    ] = None
    unsent: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where scans wait while the service is away. Default: in your data folder."
        ),
    ] = None

    def checked_device(self) -> str:
        """Return the name of this machine."""
        name = (self.device or socket.gethostname()).strip()
        if not 0 < len(name) <= 200:
            raise BadInputError(f"the device has the name {name[:50]!r}; give one of 1 to 200 characters")
        return name

    def unsent_file(self) -> Path:
        """Return the file where scans wait; its folder is made."""
        from tutelage.files.atomic import data_dir

        name = re.sub("[^A-Za-z0-9_-]", "_", self.checked_device())
        file = self.unsent or data_dir() / "unsent" / f"{name}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        return file


@verb
def collect_command(options: CollectOptions, as_json: Json = False) -> None:
    """Scan Wi-Fi on this Linux machine, and send the scans to a survey of the service.

    Begin a survey for this device on the map, walk, and click where you stand. Scans that the service
    misses are sent again, also after a restart.

    Example: tutelage collect --to http://192.168.1.2:8765 --device laptop
    """
    from tutelage.files.atomic import exclusive_lock
    from tutelage.serving.collecting.collector import Collector
    from tutelage.serving.collecting.outbox import Outbox
    from tutelage.serving.collecting.scan_tools import scan_tool

    if not options.every >= _LEAST_S:
        raise BadInputError(f"--every is {options.every:g}; a scan takes a second or more, so give 1 or more")
    device, file = options.checked_device(), options.unsent_file()
    key = secret_of(options.key_file, "TUTELAGE_KEY")
    with exclusive_lock(file.with_name(f".{file.name}.lock"), _BUSY.format(file=file)):
        tool = scan_tool(options.tool, options.interface)
        collector = Collector(options.to, device, key, tool, Outbox(file), lambda line: tell(plain(line)))
        is_stopped = False
        try:
            collector.run(options.every, options.scans)
        except KeyboardInterrupt:
            is_stopped = True
        show_pairs(asdict(collector.collected), as_json)
    if is_stopped:
        raise typer.Exit(130)
