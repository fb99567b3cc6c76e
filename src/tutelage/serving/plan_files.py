"""Files of floor plans: images that are placed by their points, and rooms in GeoJSON and IMDF."""

from __future__ import annotations

import io
import json
import tempfile
import uuid
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from tutelage.errors import BadInputError
from tutelage.runtime.frames import LocalFrame
from tutelage.serving.store import Room

if TYPE_CHECKING:  # only named in signatures
    from tutelage.data.rooms import RoomPolygons

__all__ = ["PlanFile", "PlanTransform", "read_plan"]

_IMAGES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"RIFF": "image/webp",
}
_MOST_INFLATED = 64_000_000
_MOST_MEMBERS = 200
_NAMESPACE = uuid.UUID("6f0d9f4e-3f0b-4f0e-9d8e-0a1c6c1a6f11")  # of rooms whose file gives no id


class PlanFile(NamedTuple):
    """What a file of a plan is.

    Attributes
    ----------
    kind : {"image", "geojson", "imdf"}
        What it is.
    media_type : str
        Its media type.
    rooms : list of Room
        The rooms in it.
    """

    kind: Literal["image", "geojson", "imdf"]
    media_type: str
    rooms: list[Room]


def read_plan(
    content: bytes,
    plan: str,
    frame: LocalFrame,
    floor: str | None,
    building: str | None,
    known_floors: Collection[str] = (),
    *,
    name: str = "the plan",
) -> PlanFile:
    """Recognise a plan by its content, and read its rooms.

    Parameters
    ----------
    content : bytes
        The file.
    plan : str
        Id of the plan, which ids of rooms are made of.
    frame : LocalFrame
        Coordinates of the survey.
    floor, building : str or None
        Labels of the plan; rooms that name their floors keep those.
    known_floors : collection of str
        Floors of the models. Of several ways of naming floors, as in IMDF, the one is taken that names most
        of them.
    name : str
        What messages call the file.

    Returns
    -------
    PlanFile
        What it is.

    Raises
    ------
    BadInputError
        If it is of no known kind, malformed, or too large once inflated.
    """
    for magic, media_type in _IMAGES.items():
        if content.startswith(magic) and (magic != b"RIFF" or content[8:12] == b"WEBP"):
            return PlanFile("image", media_type, [])
    if content.startswith(b"PK"):
        _require_sound_zip(content)
        read, outlines = _read(content, ".zip", frame, name)
        rooms = _rooms(read, outlines, plan, floor, building, known_floors)
        return PlanFile("imdf", "application/zip", rooms)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        read, outlines = _read(content, ".geojson", frame, name)
        rooms = _rooms(read, outlines, plan, floor, building, known_floors)
        return PlanFile("geojson", "application/geo+json", rooms)
    raise BadInputError("a plan is a PNG, JPEG or WebP image, a GeoJSON file, or a zip file in IMDF")


def _require_sound_zip(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise BadInputError(f"the zip file is damaged: {error}") from error
    if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > _MOST_INFLATED:
        raise BadInputError(
            f"the zip file holds more than {_MOST_MEMBERS} files or {_MOST_INFLATED:,} bytes; pack the plan "
            "alone"
        )


def _read(content: bytes, suffix: str, frame: LocalFrame, name: str) -> tuple[RoomPolygons, np.ndarray]:
    """Read rooms and their outlines; a fault is told of the file that was sent, not of its copy here."""
    from tutelage.data.rooms import read_rooms  # only for plans with rooms

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"plan{suffix}")
        path.write_bytes(content)
        try:
            read = read_rooms(path)
            return read, read.outlines_in(frame)
        except BadInputError as error:
            raise BadInputError(str(error).replace(str(path), name)) from error


def _rooms(
    read: RoomPolygons,
    outlines: np.ndarray,
    plan: str,
    floor: str | None,
    building: str | None,
    known_floors: Collection[str],
) -> list[Room]:
    from shapely.geometry import mapping

    naming = _naming(read.floors, known_floors)
    rooms = []
    for number, (name, outline) in enumerate(zip(read.name.tolist(), outlines.tolist(), strict=True)):
        named: list[str | None] = [*sorted(read.floors[number][naming])] if read.floors[number] else []
        polygon = json.loads(json.dumps(mapping(outline)))
        for its_floor in named or [floor]:
            room = str(uuid.uuid5(_NAMESPACE, f"{plan}/{number}/{its_floor}"))
            rooms.append(Room(room, name, polygon, building, its_floor))
    return rooms


def _naming(floors: Sequence[Sequence[Collection[str]]], known_floors: Collection[str]) -> int:
    """Return which way of naming floors goes with the models.

    Where none does, it is the first: what people see, as on the buttons of a lift.
    """
    n_known = [len(set().union(*naming) & set(known_floors)) for naming in zip(*floors, strict=True)]
    return n_known.index(max(n_known)) if n_known else 0


class PlanPoint(BaseModel):
    """A point of an image, and where it is."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    column: float = Field(ge=0, le=1e6, description="Pixels from the left.")
    row: float = Field(ge=0, le=1e6, description="Pixels from the top.")
    x_m: float = Field(ge=-1e8, le=1e8)
    y_m: float = Field(ge=-1e8, le=1e8)


_CORNERS: JsonValue = {
    "points": [
        {"column": 0, "row": 800, "x_m": 0, "y_m": 0},
        {"column": 1200, "row": 800, "x_m": 60, "y_m": 0},
    ]
}


class PlanTransform(BaseModel):
    """Two or three points that place an image."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_CORNERS]})

    points: list[PlanPoint] = Field(min_length=2, max_length=3)

    def solved(self) -> dict[str, Any]:
        """Solve for the map from pixels to metres.

        Returns
        -------
        dict
            `points` as given, and `matrix` [2][3]: x and y in metres of column, row and 1.

        Raises
        ------
        BadInputError
            If points coincide, or three lie on a line.
        """
        pixel = np.array([[point.column, point.row] for point in self.points])
        metre = np.array([[point.x_m, point.y_m] for point in self.points])
        solve = _of_two if len(pixel) == 2 else _of_three
        return {
            "points": [point.model_dump() for point in self.points],
            "matrix": solve(pixel, metre).tolist(),
        }


def _of_two(pixel: np.ndarray, metre: np.ndarray) -> np.ndarray:
    """Return turn, scale and shift; rows run downwards, so the image is mirrored, not only turned."""
    across = complex(*((pixel[1] - pixel[0]) * [1, -1]))
    along = complex(*(metre[1] - metre[0]))
    _require_apart(abs(across) > 0 and abs(along) > 0)
    turn = along / across
    linear = np.array([[turn.real, turn.imag], [turn.imag, -turn.real]])
    return np.column_stack([linear, metre[0] - linear @ pixel[0]])


def _of_three(pixel: np.ndarray, metre: np.ndarray) -> np.ndarray:
    _require_apart(_area(pixel) > 1e-6 and _area(metre) > 1e-6)
    return np.asarray(np.linalg.solve(np.column_stack([pixel, np.ones(3)]), metre).T)


def _area(corner: np.ndarray) -> float:
    (x1, y1), (x2, y2) = corner[1] - corner[0], corner[2] - corner[0]
    return abs(float(x1 * y2 - x2 * y1))


def _require_apart(are_apart: Sequence[float] | bool) -> None:
    if not are_apart:
        raise BadInputError(
            "the points coincide or lie on one line; choose corners that are far from each other"
        )
