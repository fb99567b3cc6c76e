"""Home Assistant's rules for an announced device, written down from home-assistant/core, components/mqtt.

Home Assistant drops the whole payload, with a line in its log, if one component breaks a rule.
"""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["broken_rules", "components_of", "is_discovery_topic"]

# What _merge_common_device_options copies into every component that lacks it.
_SHARED = (
    *("availability", "availability_mode", "availability_template", "availability_topic", "command_topic"),
    *("payload_available", "payload_not_available", "state_topic", "qos", "encoding"),
)
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_ENTITY = re.compile(r"(sensor|device_tracker)\.(?!_)[a-z0-9_]+(?<!_)")
_DEVICE_KEYS = {
    *("identifiers", "connections", "manufacturer", "model", "model_id", "name", "hw_version"),
    *("serial_number", "sw_version", "via_device", "suggested_area", "configuration_url"),
}
_ORIGIN_KEYS = {"name", "sw_version", "support_url"}
_TOP_KEYS = {"device", "origin", "components", *_SHARED}
_ENTITY_KEYS = {
    *("platform", "unique_id", "default_entity_id", "name", "icon", "entity_category", "enabled_by_default"),
    *("availability", "availability_mode", "availability_topic", "availability_template"),
    *("payload_available", "payload_not_available", "json_attributes_topic", "json_attributes_template"),
    *("qos", "encoding", "device"),
}
_KEYS = {
    "sensor": {
        *_ENTITY_KEYS,
        *("state_topic", "value_template", "expire_after", "force_update", "device_class", "state_class"),
        *("unit_of_measurement", "suggested_display_precision", "options", "last_reset_value_template"),
    },
    "device_tracker": {*_ENTITY_KEYS, "source_type"},
}
_NEEDED = {"sensor": "state_topic", "device_tracker": "json_attributes_topic"}
# Removed with 2026.4 (object_id), or with 2027.1 for trackers.
_DEPRECATED = {
    "sensor": {"object_id"},
    "device_tracker": {
        *("object_id", "state_topic", "value_template", "payload_home", "payload_not_home", "payload_reset")
    },
}
_UNITS = {"distance": {"km", "m", "cm", "mm", "mi", "yd", "in", "ft", "nmi"}}
_ONE_OF = {
    "availability_mode": {"all", "any", "latest"},
    "entity_category": {"config", "diagnostic"},
    "source_type": {"gps", "router", "bluetooth", "bluetooth_le"},
    "state_class": {"measurement", "total", "total_increasing"},
}
_AVAILABILITY_KEYS = {"topic", "payload_available", "payload_not_available", "value_template"}


def is_discovery_topic(topic: str) -> bool:
    """TOPIC_MATCHER of discovery.py, after the prefix."""
    after = topic.partition("/")[2]
    return re.fullmatch(r"\w+/(?:[a-zA-Z0-9_-]+/)?[a-zA-Z0-9_-]+/config", after) is not None


def components_of(payload: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Merge the shared options into the components."""
    shared = {key: payload[key] for key in _SHARED if key in payload}
    return {name: {**shared, **component} for name, component in payload["components"].items()}


def broken_rules(payload: dict[str, Any]) -> list[str]:
    """Return what Home Assistant finds wrong; nothing, if it takes the payload."""
    json.dumps(payload, allow_nan=False)
    missing = {"device", "origin", "components"} - payload.keys()
    if missing:
        return [f"without {sorted(missing)}"]
    device, origin = payload["device"], payload["origin"]
    wrong = [f"unknown key {key}" for key in payload.keys() - _TOP_KEYS]
    wrong += [f"device: unknown key {key}" for key in device.keys() - _DEVICE_KEYS]
    wrong += [f"origin: unknown key {key}" for key in origin.keys() - _ORIGIN_KEYS]
    if not device.get("identifiers") or not all(map(_ID.fullmatch, device["identifiers"])):
        wrong.append("device: no identifiers")
    if not origin.get("name"):
        wrong.append("origin: no name")
    components = components_of(payload)
    ids = [component.get("unique_id") for component in components.values()]
    if len(set(ids)) < len(ids):
        wrong.append(f"the same unique id twice in {ids}")
    for name, component in components.items():
        wrong += [f"{name}: {fault}" for fault in _faults(component)]
    return wrong


def _faults(component: dict[str, Any]) -> list[str]:
    platform = component.get("platform")
    if platform not in _KEYS:
        return [f"platform {platform}"]
    used = component.keys()
    wrong = [f"deprecated {key}" for key in sorted(used & _DEPRECATED[platform])]
    wrong += [f"unknown key {key}" for key in sorted(used - _KEYS[platform] - _DEPRECATED[platform])]
    wrong += [f"{key} {component[key]}" for key in used & _ONE_OF if component[key] not in _ONE_OF[key]]
    wrong += [
        f"{key} is no topic" for key in used if key.endswith("_topic") and not _is_topic(component[key])
    ]
    if _NEEDED[platform] not in component:
        wrong.append(f"no {_NEEDED[platform]}")
    if not _ID.fullmatch(str(component.get("unique_id", ""))):
        wrong.append("no unique_id")
    entity = component.get("default_entity_id", f"{platform}.x")
    if not _ENTITY.fullmatch(entity) or entity.partition(".")[0] != platform:
        wrong.append(f"default_entity_id {entity}")
    if {"availability", "availability_topic"} <= used:
        wrong.append("both forms of availability")
    for each in component.get("availability", []):
        if not _is_topic(each.get("topic")) or each.keys() - _AVAILABILITY_KEYS:
            wrong.append(f"availability {each}")
    expire_after = component.get("expire_after", 1)
    if type(expire_after) is not int or expire_after < 1:
        wrong.append(f"expire_after {expire_after}")
    kind, unit = component.get("device_class"), component.get("unit_of_measurement")
    if (kind is None) != (unit is None) or (kind is not None and unit not in _UNITS[kind]):
        wrong.append(f"device class {kind} in {unit}")
    if "state_class" in component and unit is None:
        wrong.append("state_class of a text")
    return wrong


def _is_topic(topic: Any) -> bool:
    return isinstance(topic, str) and 0 < len(topic) < 65_536 and not set(topic) & {"+", "#", "\0"}
