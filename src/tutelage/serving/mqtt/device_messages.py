"""What is published of a device: its announcement for Home Assistant, its state, its attributes.

The rules are those of Home Assistant's MQTT integration (home-assistant/core, components/mqtt): ids, the
device form of discovery, and which options its components share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from tutelage.serving.mqtt.mqtt_settings import MqttSettings
from tutelage.serving.mqtt.object_ids import entity_name, object_id
from tutelage.serving.tracks.track import TrackPoint

__all__ = ["OFFLINE", "ONLINE", "DeviceTopics", "announcement", "attributes", "state", "status_topic"]

ONLINE = "online"
OFFLINE = "offline"
_METRES = {
    "unit_of_measurement": "m",
    "device_class": "distance",
    "state_class": "measurement",
    "suggested_display_precision": 1,
}
_HAS_DEGREES = "{{ 'online' if value_json.latitude is defined else 'offline' }}"


def status_topic(settings: MqttSettings) -> str:
    """Return the topic that says whether the service is there."""
    return f"{settings.topic}/status"


@dataclass(frozen=True)
class DeviceTopics:
    """Topics of one device.

    Parameters
    ----------
    settings : MqttSettings
        How topics begin.
    object_id : str
        Name of the device in topics; "+" stands for all devices.
    """

    settings: MqttSettings
    object_id: str

    @property
    def state(self) -> str:
        """Room, floor and position."""
        return f"{self.settings.topic}/devices/{self.object_id}/state"

    @property
    def attributes(self) -> str:
        """Position in degrees."""
        return f"{self.settings.topic}/devices/{self.object_id}/attributes"

    @property
    def announcement(self) -> str | None:
        """The announcement; None where nothing is announced."""
        prefix = self.settings.discovery
        return f"{prefix}/device/{self.unique_id}/config" if prefix else None

    @property
    def unique_id(self) -> str:
        """Name of the device in Home Assistant."""
        return f"{object_id(self.settings.topic)}_{self.object_id}"


def announcement(topics: DeviceTopics, name: str, *, has_degrees: bool, expire_s: int) -> dict[str, Any]:
    """Announce a device to Home Assistant.

    Parameters
    ----------
    topics : DeviceTopics
        The device.
    name : str
        What people call it.
    has_degrees : bool
        Whether its position may be known in degrees: then it has a tracker as well.
    expire_s : int
        Seconds without a message after which its state is unavailable.

    Returns
    -------
    dict
        A payload of the device form.
    """
    unique_id = topics.unique_id
    our_version = version("tutelage")
    is_here = {
        "topic": status_topic(topics.settings),
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
    }
    is_located = {"topic": topics.attributes, "value_template": _HAS_DEGREES}

    def sensor(key: str, label: str, template: str, **options: Any) -> dict[str, Any]:
        return {
            "platform": "sensor",
            "unique_id": f"{unique_id}_{key}",
            "default_entity_id": f"sensor.{entity_name(topics.object_id)}_{key}",
            "name": label,
            "state_topic": topics.state,
            "value_template": template,
            "expire_after": expire_s,
            **options,
        }

    components = {
        "room": sensor("room", "Room", "{{ value_json.room or 'unknown' }}", icon="mdi:floor-plan"),
        "floor": sensor("floor", "Floor", "{{ value_json.floor or 'unknown' }}", icon="mdi:layers"),
        "x": sensor("x", "X", "{{ value_json.x_m }}", **_METRES, enabled_by_default=False),
        "y": sensor("y", "Y", "{{ value_json.y_m }}", **_METRES, enabled_by_default=False),
        "accuracy": sensor(
            "accuracy", "Accuracy", "{{ value_json.accuracy_m }}", **_METRES, entity_category="diagnostic"
        ),
    }
    if has_degrees:
        # Without the second topic the tracker would keep the last position of a device that is gone.
        components["tracker"] = {
            "platform": "device_tracker",
            "unique_id": f"{unique_id}_tracker",
            "default_entity_id": f"device_tracker.{entity_name(topics.object_id)}",
            "name": "Position",
            "source_type": "bluetooth_le",
            "json_attributes_topic": topics.attributes,
            "availability": [is_here, is_located],
            "availability_mode": "all",
        }
    return {
        "device": {
            "identifiers": [unique_id],
            "name": name,
            "manufacturer": "Tutelage",
            "model": "Tracked device",
            "sw_version": our_version,
        },
        "origin": {
            "name": "tutelage",
            "sw_version": our_version,
            "support_url": "https://github.com/tutelage/tutelage",
        },
        "availability": [is_here],
        "components": components,
    }


def state(point: TrackPoint | None) -> dict[str, Any]:
    """Write where a device is.

    Parameters
    ----------
    point : TrackPoint or None
        The newest point of its track; None if there is none.

    Returns
    -------
    dict
        Its state; what is unknown is None.
    """
    if point is None or not point.is_known:
        return dict.fromkeys(("room", "floor", "building", "x_m", "y_m", "accuracy_m", "t"))
    return {
        "room": point.place,
        "floor": point.floor,
        "building": point.building,
        "x_m": _tenths(point.x_m),
        "y_m": _tenths(point.y_m),
        "accuracy_m": _tenths(point.radius_m),
        "t": f"{datetime.fromtimestamp(point.time_s, UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def attributes(point: TrackPoint | None) -> dict[str, float]:
    """Write where on the earth a device is, for a tracker.

    Parameters
    ----------
    point : TrackPoint or None
        The newest point of its track; None if there is none.

    Returns
    -------
    dict
        Latitude and longitude in degrees, and the accuracy in metres if there is a radius; empty if the
        degrees are unknown.
    """
    if point is None or point.latitude is None or point.longitude is None:
        return {}
    written = {"latitude": round(point.latitude, 6), "longitude": round(point.longitude, 6)}
    return written if point.radius_m is None else {**written, "gps_accuracy": math.ceil(point.radius_m)}


def _tenths(metres: float | None) -> float | None:
    return None if metres is None else round(metres, 1)
