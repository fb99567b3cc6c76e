"""What comes in: readings of receivers, and fingerprints in FIND3's words.

FIND3 itself takes no fingerprints over MQTT. Here the bodies of its `/data` and `/passive` come in by the
topics `find3/data` and `find3/passive`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ValidationError

from tutelage.data.forms.receiver_topics import ESPRESENSE, OPEN_MQTT_GATEWAY, heard_device
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import normalised_name
from tutelage.runtime.readings import RSS_MIN_DBM
from tutelage.serving.api.find3 import Fingerprint

__all__ = ["FILTERS", "Incoming", "Reading", "read_message", "source_of"]

_FIND3_DATA = "find3/data"
_FIND3_PASSIVE = "find3/passive"
FILTERS = (ESPRESENSE, OPEN_MQTT_GATEWAY, _FIND3_DATA, _FIND3_PASSIVE)
"""Filters of the topics that come in."""

_LARGEST = 1 << 16  # bytes
_LONGEST_NAME = 200


class Reading(NamedTuple):
    """A receiver hears a device.

    Attributes
    ----------
    device, receiver : str
        Who is heard, and by whom. Addresses have one spelling.
    rss_dbm : float
        How strongly, in dBm.
    """

    device: str
    receiver: str
    rss_dbm: float


@dataclass(frozen=True)
class Incoming:
    """What one message says.

    Parameters
    ----------
    readings : tuple of Reading
        What receivers hear.
    fingerprint : Fingerprint or None
        What a device hears.
    """

    readings: tuple[Reading, ...] = ()
    fingerprint: Fingerprint | None = None


def source_of(topic: str) -> str:
    """Return which program sends on a topic: "espresense", "openmqttgateway", "find3" or "other"."""
    if topic.startswith("espresense/"):
        return "espresense"
    if "/BTtoMQTT" in topic:
        return "openmqttgateway"
    return "find3" if topic.startswith("find3/") else "other"


def read_message(topic: str, payload: bytes) -> Incoming:
    """Read a message.

    Parameters
    ----------
    topic : str
        Its topic.
    payload : bytes
        Its body.

    Returns
    -------
    Incoming
        What it says; nothing, if it is a sound message of another kind.

    Raises
    ------
    BadInputError
        If the body is too large or is no JSON object, or a name or strength breaks a rule.

    Examples
    --------
    >>> read_message("espresense/devices/keys/kitchen", b'{"id": "keys", "rssi": -63}').readings
    (Reading(device='keys', receiver='kitchen', rss_dbm=-63.0),)
    """
    body = _object(payload)
    if topic in (_FIND3_DATA, _FIND3_PASSIVE):
        fingerprint = _fingerprint(body)
        if topic == _FIND3_DATA:
            return Incoming(fingerprint=fingerprint)
        heard = fingerprint.scan().rss_dbm
        return Incoming(tuple(Reading(name, fingerprint.device, rss) for name, rss in heard.items()))
    one = heard_device(topic, body)
    if one is None:
        return Incoming()
    _require_names((one.device, one.receiver))
    return Incoming(
        (Reading(normalised_name(one.device), normalised_name(one.receiver), _strength(one.rss)),)
    )


def _object(payload: bytes) -> dict[str, Any]:
    if len(payload) > _LARGEST:
        raise BadInputError(f"the message has {len(payload):,} bytes; at most {_LARGEST:,} are read")
    try:
        body = json.loads(payload, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"the message is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadInputError("the message is no JSON object")
    return body


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _strength(rss: Any) -> float:
    if isinstance(rss, bool) or not isinstance(rss, (int, float)) or not RSS_MIN_DBM <= rss < 0:
        raise BadInputError(f"rssi is {str(rss)[:50]!r}; it is a number of dBm from -120 to below 0")
    return float(rss)


def _fingerprint(body: dict[str, Any]) -> Fingerprint:
    try:
        fingerprint = Fingerprint.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise BadInputError(f"{'.'.join(map(str, first['loc']))[:100]}: {first['msg']}") from error
    if (fault := fingerprint.fault()) is not None:
        raise BadInputError(fault)
    heard = (name for names in fingerprint.sensors.values() for name in names)
    _require_names((fingerprint.device, *heard))
    _require_names([fingerprint.location] if fingerprint.location else [])
    return fingerprint


def _require_names(names: Iterable[str]) -> None:
    """Require names that can be stored: PostgreSQL refuses NUL, and UTF-8 has no half characters."""
    for name in names:
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise BadInputError(f"the name {name[:50]!r} is empty, too long, or has unprintable characters")
