"""Topics and bodies of ESPresense and OpenMQTTGateway: which receiver hears which device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["ESPRESENSE", "OPEN_MQTT_GATEWAY", "HeardDevice", "heard_device"]

ESPRESENSE = "espresense/devices/+/+"
"""Filter of ESPresense's topics: device, then node."""

OPEN_MQTT_GATEWAY = "+/+/BTtoMQTT/#"
"""Filter of OpenMQTTGateway's topics: the gateway stands before BTtoMQTT, the device after it."""

_GATEWAY = "BTtoMQTT"
_NODE = ("espresense", "devices")


class HeardDevice(NamedTuple):
    """One message: a receiver hears a device.

    Attributes
    ----------
    device, receiver : str
        Who is heard, and by whom.
    rss : object
        How strongly: what the message says, unchecked.
    """

    device: str
    receiver: str
    rss: Any


def heard_device(topic: str, body: Mapping[str, Any]) -> HeardDevice | None:
    """Read a message of a receiver.

    Parameters
    ----------
    topic : str
        Its topic. The name of the receiver stands only there.
    body : mapping
        Its JSON object.

    Returns
    -------
    HeardDevice or None
        None if it is a message of another kind, or says no strength.

    Examples
    --------
    >>> heard_device("espresense/devices/keys/kitchen", {"id": "keys", "rssi": -63})
    HeardDevice(device='keys', receiver='kitchen', rss=-63)
    >>> heard_device("home/hall/BTtoMQTT/AABBCCDDEEFF", {"id": "AA:BB:CC:DD:EE:FF", "rssi": -80})
    HeardDevice(device='AA:BB:CC:DD:EE:FF', receiver='hall', rss=-80)
    """
    rss = body.get("rssi")
    if rss is None:
        return None
    parts = topic.split("/")
    if _GATEWAY in parts[1:]:
        gateway = parts.index(_GATEWAY, 1)
        receiver, of_topic = parts[gateway - 1], "/".join(parts[gateway + 1 :])
    elif len(parts) >= 4 and tuple(parts[:2]) == _NODE:
        receiver, of_topic = parts[3], parts[2]
    else:
        return None
    named = body.get("id")
    device = named if isinstance(named, str) and named else of_topic
    return HeardDevice(device, receiver, rss) if device else None
