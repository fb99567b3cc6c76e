"""The options of `tutelage serve` that connect it to an MQTT broker and to an omlox hub."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutelage.errors import BadInputError

if TYPE_CHECKING:  # only named in signatures
    from tutelage.serving.app import Background

__all__ = ["BridgeOptions", "secret_of"]

_PANEL = "MQTT and omlox"
_MQTT_PASSWORD = "TUTELAGE_MQTT_PASSWORD"
_OMLOX_KEY = "TUTELAGE_OMLOX_KEY"


@dataclass(frozen=True)
class BridgeOptions:
    """With what the service exchanges readings and positions."""

    mqtt: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            rich_help_panel=_PANEL,
            help="Broker on which to hear receivers, and to announce devices to Home Assistant, such as "
            "mqtt://tutelage@192.168.1.2; mqtts:// uses TLS.",
        ),
    ] = None
    mqtt_password_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_PANEL,
            help=f"File with the password of the broker's user. Default: {_MQTT_PASSWORD}.",
        ),
    ] = None
    mqtt_topic: Annotated[
        str,
        typer.Option(
            metavar="TOPIC",
            rich_help_panel=_PANEL,
            help="How the topics of this service begin. Two services on one broker need two.",
        ),
    ] = "tutelage"
    mqtt_discovery: Annotated[
        str,
        typer.Option(
            metavar="TOPIC",
            rich_help_panel=_PANEL,
            help='Discovery prefix of Home Assistant; "" announces nothing.',
        ),
    ] = "homeassistant"
    mqtt_devices: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            rich_help_panel=_PANEL,
            help="Devices to hear and to announce over MQTT, such as 'phone*'; can be repeated. Default: "
            "all.",
        ),
    ] = None
    omlox_hub: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            rich_help_panel=_PANEL,
            help=f"API of an omlox hub to send positions to, such as https://HOST/v2. Its key is in "
            f"{_OMLOX_KEY}.",
        ),
    ] = None

    def background(self) -> list[Background]:
        """Return what has to run beside the requests."""
        background: list[Background] = []
        if self.mqtt is not None:
            from tutelage.serving.mqtt.bridge import keep_bridge
            from tutelage.serving.mqtt.mqtt_settings import MqttSettings

            settings = MqttSettings.of_url(
                self.mqtt,
                password=secret_of(self.mqtt_password_file, _MQTT_PASSWORD),
                topic=self.mqtt_topic,
                discovery=self.mqtt_discovery,
                devices=tuple(self.mqtt_devices or ["*"]),
            )
            background.append(partial(keep_bridge, settings=settings))
        if self.omlox_hub is not None:
            from tutelage.serving.omlox_hub import OmloxHub, keep_pushing

            hub = OmloxHub(self.omlox_hub, secret_of(None, _OMLOX_KEY))
            background.append(partial(keep_pushing, hub=hub))
        return background


def secret_of(file: Path | None, variable: str) -> str | None:
    """Return a secret from a file, else from an environment variable; None if there is none.

    Parameters
    ----------
    file : Path or None
        A file that holds nothing else.
    variable : str
        Name of the variable.
    """
    if file is None:
        return os.environ.get(variable) or None
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"cannot read the secret: {error}", file=file) from error
    if not secret:
        raise BadInputError("the file is empty; write the secret into it", file=file)
    return secret
