"""What is read from messages, and what is announced: pure functions, without a broker."""

from __future__ import annotations

import json
from typing import Any

import pytest
from home_assistant_rules import broken_rules, components_of, is_discovery_topic
from hypothesis import given
from hypothesis import strategies as st

from tutelage.errors import BadInputError
from tutelage.serving.answers import Answer
from tutelage.serving.mqtt.device_messages import DeviceTopics, announcement, attributes, state
from tutelage.serving.mqtt.incoming import FILTERS, read_message, source_of
from tutelage.serving.mqtt.mqtt_settings import MqttSettings
from tutelage.serving.mqtt.object_ids import object_id
from tutelage.serving.tracks import TrackPoint

SETTINGS = MqttSettings("broker")
TOPICS = (
    *("espresense/devices/keys/kitchen", "home/hall/BTtoMQTT/AABBCCDDEEFF", "home/hall/BTtoMQTT"),
    *("find3/data", "find3/passive", "find3/other", "espresense/rooms/kitchen/status", ""),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=6,
)
FIELDS = st.dictionaries(st.sampled_from(["id", "rssi", "mac", "d", "f", "l", "t", "s"]), ANYTHING)


def read(topic: str, payload: bytes) -> Any:
    """Read a message as the bridge does: it is bad, or says something in its bounds."""
    try:
        said = read_message(topic, payload)
    except BadInputError:
        return None
    for device, receiver, rss_dbm in said.readings:
        assert all(name.isprintable() and 0 < len(name) <= 200 for name in (device, receiver))
        assert -120 <= rss_dbm < 0
    return said


@given(st.sampled_from(TOPICS), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(topic: str, payload: bytes) -> None:
    read(topic, payload)


@given(st.sampled_from(TOPICS), ANYTHING | FIELDS)
def test_any_json_is_read_or_refused(topic: str, body: Any) -> None:
    read(topic, json.dumps(body).encode())


@given(st.text(max_size=300), st.text(max_size=300), st.floats() | st.integers())
def test_any_names_and_strengths_are_read_or_refused(device: str, node: str, rssi: float) -> None:
    said = read(f"espresense/devices/x/{node}", json.dumps({"id": device, "rssi": rssi}).encode())
    assert said is None or len(said.readings) == 1


@pytest.mark.parametrize(
    ("topic", "body", "reading"),
    [
        ("espresense/devices/keys/kitchen", {"id": "keys", "rssi": -63}, ("keys", "kitchen", -63.0)),
        ("espresense/devices/aabbccddeeff/kitchen", {"rssi": -63.5}, ("aa:bb:cc:dd:ee:ff", "kitchen", -63.5)),
        (
            "home/OpenMQTTGateway/BTtoMQTT/AABBCCDDEEFF",
            {"id": "AA:BB:CC:DD:EE:FF", "rssi": -80, "distance": 3.1, "name": "watch"},
            ("aa:bb:cc:dd:ee:ff", "OpenMQTTGateway", -80.0),
        ),
        ("find3/passive", {"d": "Hall", "f": "home", "s": {"wifi": {"A": -40}}}, ("A", "hall", -40.0)),
    ],
)
def test_each_program_says_who_hears_whom(topic: str, body: Any, reading: tuple[str, str, float]) -> None:
    assert read_message(topic, json.dumps(body).encode()).readings == (reading,)


def test_a_fingerprint_of_find3_is_what_a_device_hears() -> None:
    body = {"d": "Phone 1", "f": "home", "l": "Kitchen", "s": {"wifi": {"01-23-45-67-89-AB": -61}}}
    fingerprint = read_message("find3/data", json.dumps(body).encode()).fingerprint
    assert fingerprint is not None
    assert (fingerprint.device, fingerprint.location) == ("phone 1", "kitchen")
    assert fingerprint.scan().rss_dbm == {"01:23:45:67:89:ab": -61}


@pytest.mark.parametrize(
    ("topic", "payload", "words"),
    [
        ("espresense/devices/a/b", b"{" + b" " * 70_000 + b"}", "70,002 bytes"),
        ("espresense/devices/a/b", b'{"rssi": NaN}', "NaN is no JSON"),
        ("espresense/devices/a/b", b'{"rssi": true}', "rssi is 'True'"),
        ("espresense/devices/a/b", b'{"rssi": 0}', "rssi is '0'"),
        ("espresense/devices/a/b", b'{"rssi": 1e999}', "rssi is 'inf'"),
        ("espresense/devices/a/b", b'{"rssi": -60, "id": "\\u0000"}', "unprintable"),
        ("espresense/devices/a/b", b'{"rssi": -60, "id": "\\ud800"}', "unprintable"),
        ("espresense/devices/a/b", b"[]", "no JSON object"),
        ("find3/data", b"{}", "family cannot be empty"),
        ("find3/data", b'{"d": "a", "f": "b", "s": {"wifi": {"\\u0000": -50}}}', "unprintable"),
        ("find3/data", b'{"d": "a", "f": "b", "s": {"wifi": {"c": "loud"}}}', "s.wifi.c: "),
    ],
)
def test_what_is_wrong_is_said(topic: str, payload: bytes, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        read_message(topic, payload)


def test_other_messages_of_the_programs_say_nothing() -> None:
    for topic, payload in (
        ("home/hall/BTtoMQTT/AABBCCDDEEFF", b'{"id": "AA:BB:CC:DD:EE:FF", "tempc": 21.5}'),
        ("home/hall/BTtoMQTT", b'{"rssi": -60}'),
    ):
        said = read_message(topic, payload)
        assert (said.readings, said.fingerprint) == ((), None)
    assert [source_of(each.replace("+", "x").replace("#", "x")) for each in FILTERS] == [
        *("espresense", "openmqttgateway", "find3", "find3")
    ]


# -- out ------------------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1, max_size=70), unique=True, max_size=4))
def test_two_devices_never_share_an_id(devices: list[str]) -> None:
    ids = [object_id(device) for device in devices]
    assert len({*ids}) == len(devices)
    for device, each in zip(devices, ids, strict=True):
        topics = DeviceTopics(SETTINGS, each)
        assert topics.announcement is not None
        assert is_discovery_topic(topics.announcement)
        assert broken_rules(announcement(topics, device, has_degrees=True, expire_s=60)) == []


@pytest.mark.parametrize("topic", ["tutelage", "flat/2", "päällä"])
@pytest.mark.parametrize("has_degrees", [True, False])
def test_home_assistant_takes_the_announcement(topic: str, has_degrees: bool) -> None:
    topics = DeviceTopics(MqttSettings("broker", topic=topic), "Phone-1")
    announced = announcement(topics, "Phone 1", has_degrees=has_degrees, expire_s=60)
    assert broken_rules(announced) == []
    components = components_of(announced)
    assert ("tracker" in components) is has_degrees
    for component in components.values():
        assert component["availability"][0]["topic"] == f"{topic}/status"
        assert "json_attributes_topic" not in component or component["platform"] == "device_tracker"
        assert component["platform"] == "device_tracker" or component["expire_after"] == 60


@pytest.mark.parametrize(
    ("where", "key", "value", "fault"),
    [
        ((), "state_topic", "a/state", "tracker: deprecated state_topic"),
        ((), "availability_topic", "a/status", "room: both forms of availability"),
        ((), "expire_after", 60, "unknown key expire_after"),
        (("components", "room"), "object_id", "room", "room: deprecated object_id"),
        (("components", "room"), "availability_topic", "a", "room: both forms of availability"),
        (("components", "room"), "unique_id", "tutelage_a_floor", "the same unique id twice"),
        (("components", "x"), "unit_of_measurement", "furlong", "x: device class distance in furlong"),
        (("components", "x"), "default_entity_id", "sensor.X 1", "x: default_entity_id sensor.X 1"),
        (("components", "tracker"), "payload_home", "home", "tracker: deprecated payload_home"),
        (("components", "tracker"), "source_type", "radio", "tracker: source_type radio"),
        (("device",), "identifiers", [], "device: no identifiers"),
    ],
)
def test_the_rules_find_what_home_assistant_refuses(
    where: tuple[str, ...], key: str, value: Any, fault: str
) -> None:
    announced = announcement(DeviceTopics(SETTINGS, "a"), "A", has_degrees=True, expire_s=60)
    part = announced
    for name in where:
        part = part[name]
    part[key] = value
    assert any(each.startswith(fault) for each in broken_rules(announced)), broken_rules(announced)


def a_point(**fields: Any) -> TrackPoint:
    answer = Answer(0.0, model="hq", reason="", n_heard=1, n_known=1)
    return TrackPoint(1764410000.9, answer, **fields)


def test_a_state_has_rounded_figures_and_an_explicit_unknown() -> None:
    point = a_point(x_m=3.14159, y_m=7.0, radius_m=2.84, floor="0", place="Kitchen")
    assert state(point) == {
        "room": "Kitchen",
        "floor": "0",
        "building": None,
        "x_m": 3.1,
        "y_m": 7.0,
        "accuracy_m": 2.8,
        "t": "2025-11-29T09:53:20Z",
    }
    assert set(state(None).values()) == {None}
    assert state(a_point()) == state(None)


def test_attributes_are_numbers_or_nothing() -> None:
    degrees = {"x_m": 1.0, "y_m": 1.0, "latitude": 60.16990001, "longitude": 24.9384}
    assert attributes(a_point(**degrees, radius_m=2.1)) == {
        "latitude": 60.1699,
        "longitude": 24.9384,
        "gps_accuracy": 3,
    }
    assert attributes(a_point(**degrees)) == {"latitude": 60.1699, "longitude": 24.9384}
    assert attributes(a_point(x_m=1.0, y_m=1.0)) == attributes(None) == {}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://broker", ("broker", 1883, None, False)),
        ("mqtts://tutelage@broker.lan", ("broker.lan", 8883, "tutelage", True)),
        ("mqtt://a%40b@[::1]:1884/", ("::1", 1884, "a@b", False)),
    ],
)
def test_the_url_of_a_broker(url: str, expected: tuple[str, int, str | None, bool]) -> None:
    settings = MqttSettings.of_url(url)
    assert (settings.host, settings.port, settings.user, settings.is_encrypted) == expected


@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        ("mqtt://me:secret@broker", {}, "holds a password"),
        ("http://broker", {}, "is no broker; give mqtt://HOST"),
        ("mqtt://broker:99999", {}, "is no broker"),
        ("mqtt://broker/topic", {}, "is no broker"),
        ("mqtt://", {}, "is no broker"),
        ("mqtt://broker", {"password": "secret"}, "but no user"),
        ("mqtt://broker", {"topic": "a/#"}, "cannot begin topics"),
        ("mqtt://broker", {"topic": ""}, "cannot begin topics"),
        ("mqtt://broker", {"topic": "a/"}, "cannot begin topics"),
        ("mqtt://broker", {"discovery": "$SYS"}, "cannot begin topics"),
    ],
)
def test_bad_settings_are_refused(url: str, more: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words) as refused:
        MqttSettings.of_url(url, **more)
    assert "secret" not in str(refused.value)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(MqttSettings.of_url("mqtt://me@broker", password="secret"))
