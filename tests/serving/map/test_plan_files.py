"""Files of plans: what is recognised, how an image is placed, and rooms in GeoJSON and IMDF."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_map import rooms_file, square

from tutelage.errors import BadInputError
from tutelage.runtime.frames import LocalFrame
from tutelage.serving.plan_files import PlanTransform, read_plan

METRES = LocalFrame()
GEOJSON = json.dumps(rooms_file(square("Kitchen", 0.0, 0.0, 4.0, "1"))).encode()


def imdf(members: dict[str, Any]) -> bytes:
    """A zip file of feature collections."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, features in members.items():
            archive.writestr(name, json.dumps({"type": "FeatureCollection", "features": features}))
    return packed.getvalue()


def venue() -> bytes:
    """One room on the ground floor, which people call G."""
    ring = [[24.9384, 60.1699], [24.9386, 60.1699], [24.9386, 60.17], [24.9384, 60.17], [24.9384, 60.1699]]
    outline = {"type": "Polygon", "coordinates": [ring]}
    level = {
        "type": "Feature",
        "id": "l",
        "feature_type": "level",
        "geometry": outline,
        "properties": {"ordinal": 0, "short_name": {"en": "G"}},
    }
    unit = {
        "type": "Feature",
        "id": "u",
        "feature_type": "unit",
        "geometry": outline,
        "properties": {"category": "room", "name": {"en": "Kitchen"}, "level_id": "l"},
    }
    return imdf({"level.geojson": [level], "unit.geojson": [unit]})


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xffrest", "image/jpeg"),
        (b"RIFF....WEBPrest", "image/webp"),
    ],
)
def test_images_are_known_by_their_content(content: bytes, media_type: str) -> None:
    read = read_plan(content, "p", METRES, None, None)
    assert (read.kind, read.media_type, read.rooms) == ("image", media_type, [])


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload='alert(1)'/>", b"RIFF....WAVE", b"GIF89a", b"%PDF-1.7"]
)
def test_what_is_no_plan_is_refused(content: bytes) -> None:
    with pytest.raises(BadInputError, match="PNG, JPEG or WebP image, a GeoJSON file, or a zip file"):
        read_plan(content, "p", METRES, None, None)


def test_rooms_of_geojson_keep_their_ids_when_the_file_is_sent_again() -> None:
    first, again = (read_plan(GEOJSON, "p", METRES, None, "hq").rooms for _ in range(2))
    assert first == again
    (room,) = first
    assert (room.name, room.floor, room.building) == ("Kitchen", "1", "hq")
    assert room.polygon["type"] == "Polygon"
    (other,) = read_plan(GEOJSON, "q", METRES, None, "hq").rooms
    assert other.id != room.id


@pytest.mark.parametrize(("known", "floor"), [((), "G"), (("0", "1"), "0"), (("G", "1"), "G")])
def test_floors_of_imdf_are_named_as_in_the_models(known: tuple[str, ...], floor: str) -> None:
    (room,) = read_plan(venue(), "p", LocalFrame(epsg=3857), None, None, known).rooms
    assert (room.name, room.floor) == ("Kitchen", floor)


def test_zip_files_that_are_damaged_or_too_large_are_refused() -> None:
    with pytest.raises(BadInputError, match="damaged"):
        read_plan(b"PK\x03\x04 cut short", "p", METRES, None, None)
    with pytest.raises(BadInputError, match="200 files"):
        read_plan(imdf({f"{i}.geojson": [] for i in range(201)}), "p", METRES, None, None)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("unit.geojson", b" " * 65_000_000)
    with pytest.raises(BadInputError, match="64,000,000 bytes"):
        read_plan(bomb.getvalue(), "p", METRES, None, None)


OPEN_RING = {
    **square("Kitchen", 0.0, 0.0, 4.0, "1"),
    "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 4]]]},
}


@pytest.mark.parametrize(
    ("content", "frame", "fault"),
    [
        (json.dumps(rooms_file(OPEN_RING)).encode(), METRES, "ring that is not closed"),
        (b'{"type": "FeatureCollection"', METRES, "not readable as JSON"),
        (venue(), METRES, "rooms are in degrees"),
        (GEOJSON, LocalFrame(epsg=3857), "rooms are in metres"),
    ],
)
def test_a_fault_names_the_file_that_was_sent(content: bytes, frame: LocalFrame, fault: str) -> None:
    with pytest.raises(BadInputError, match=fault) as refused:
        read_plan(content, "p", frame, None, None, name="second floor.json")
    assert str(refused.value).startswith("second floor.json")
    assert tempfile.gettempdir() not in str(refused.value)


def transform(pixels: np.ndarray, metres: np.ndarray) -> np.ndarray:
    """Solve for the matrix of an image."""
    points = [
        {"column": column, "row": row, "x_m": x, "y_m": y}
        for (column, row), (x, y) in zip(pixels.tolist(), metres.tolist(), strict=True)
    ]
    return np.array(PlanTransform.model_validate({"points": points}).solved()["matrix"])


number = st.floats(-1000, 1000)
angle = st.floats(0, 6.28)


@given(turn=angle, scale=st.floats(0.01, 10), x=number, y=number)
def test_two_points_find_any_turn_scale_and_shift(turn: float, scale: float, x: float, y: float) -> None:
    pixels = np.array([[10.0, 20.0], [400.0, 250.0], [33.0, 500.0]])
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    true = np.array([[cos, sin, x], [sin, -cos, y]])  # rows run downwards
    metres = np.column_stack([pixels, np.ones(3)]) @ true.T
    np.testing.assert_allclose(transform(pixels[:2], metres[:2]), true, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(transform(pixels, metres), true, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("metres", [[[0, 0], [0, 0]], [[0, 0], [1, 1], [2, 2]]])
def test_points_that_coincide_or_lie_on_a_line_are_refused(metres: list[list[float]]) -> None:
    pixels = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]])[: len(metres)]
    with pytest.raises(BadInputError, match="coincide or lie on one line"):
        transform(pixels, np.array(metres, dtype=float))
