"""Where the MQTT broker is, and which topics and devices are used."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

from tutelage.errors import BadInputError

__all__ = ["MqttSettings"]

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_TOPIC = re.compile(r"[^/$+#\x00-\x1f][^+#\x00-\x1f]*")
_LONGEST_TOPIC = 200


@dataclass(frozen=True)
class MqttSettings:
    """Settings of the bridge to a broker.

    Parameters
    ----------
    host : str
        Address of the broker.
    port : int
        Its port.
    user, password : str or None
        Who the service is to the broker.
    is_encrypted : bool
        Whether the connection uses TLS.
    topic : str
        How the topics of the service begin.
    discovery : str
        How Home Assistant's discovery topics begin; "" announces nothing.
    devices : tuple of str
        Patterns of the devices that use MQTT, such as "phone*".

    Raises
    ------
    BadInputError
        If a topic is no beginning of topics.

    Examples
    --------
    >>> settings = MqttSettings.of_url("mqtt://tutelage@broker.lan", password="secret")
    >>> settings.host, settings.port, settings.user
    ('broker.lan', 1883, 'tutelage')
    """

    host: str
    port: int = _PORTS["mqtt"]
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    is_encrypted: bool = False
    topic: str = "tutelage"
    discovery: str = "homeassistant"
    devices: tuple[str, ...] = ("*",)

    def __post_init__(self) -> None:
        """Check the topics."""
        for name, example, is_needed in (
            ("topic", "tutelage", True),
            ("discovery", "homeassistant", False),
        ):
            topic = getattr(self, name)
            is_topic = _TOPIC.fullmatch(topic) is not None and not topic.endswith("/")
            if len(topic) > _LONGEST_TOPIC or not (is_topic or (topic == "" and not is_needed)):
                raise BadInputError(
                    f"the MQTT {name} {topic!r} cannot begin topics; give one without +, # and a slash at "
                    f"its ends, such as {example}"
                )

    @classmethod
    def of_url(
        cls,
        url: str,
        *,
        password: str | None = None,
        topic: str = "tutelage",
        discovery: str = "homeassistant",
        devices: tuple[str, ...] = ("*",),
    ) -> MqttSettings:
        """Read the URL of a broker.

        Parameters
        ----------
        url : str
            `mqtt://USER@HOST:PORT`, or `mqtts://` for TLS. User and port may be left out.
        password : str or None
            Password of the user.
        topic, discovery, devices
            As for the class.

        Returns
        -------
        MqttSettings
            The settings.

        Raises
        ------
        BadInputError
            If it is no such URL, or holds a password: others on the machine can see command lines.
        """
        parts = urlsplit(url)
        if parts.password is not None:
            raise BadInputError(
                "the URL of the broker holds a password, which other users of this machine can see; put it "
                "into a file (--mqtt-password-file) or into TUTELAGE_MQTT_PASSWORD"
            )
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in _PORTS or not parts.hostname or port == -1 or parts.path not in ("", "/"):
            raise BadInputError(
                f"{url!r} is no broker; give mqtt://HOST, mqtt://USER@HOST:PORT, or mqtts:// for TLS"
            )
        if password is not None and not parts.username:
            raise BadInputError("there is a password for the broker, but no user: give mqtt://USER@HOST")
        return cls(
            parts.hostname,
            port or _PORTS[parts.scheme],
            unquote(parts.username) if parts.username else None,
            password,
            parts.scheme == "mqtts",
            topic,
            discovery,
            devices,
        )

    def takes(self, device: str) -> bool:
        """Return whether a device uses MQTT."""
        return any(fnmatchcase(device, pattern) for pattern in self.devices)
