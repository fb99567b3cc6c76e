"""Devices, floors and rooms as an omlox hub names them: providers, trackables, zones, fences, locations.

The field names are those of the hub OpenAPI document, version 2.0.0. The full specification is for members
of its association alone, so what is here has the shape of an omlox hub, and is not certified.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from tutelage.runtime.degrees import has_degrees, to_degrees
from tutelage.serving.served_models import ServedModel
from tutelage.serving.store import Room
from tutelage.serving.tracks.settings import TrackSettings
from tutelage.serving.tracks.track import TrackPoint

__all__ = [
    "Crs",
    "as_feature",
    "fence",
    "fence_event",
    "fence_of",
    "location",
    "object_id",
    "provider",
    "trackable",
    "written_locations",
    "zone_of",
    "zones",
]

Crs = Literal["EPSG:4326", "local"]
_NAMESPACE = uuid.UUID("b7a3a4a6-0d0e-4d83-8a53-6c2c2f9c6f6e")
_MS = 1000


def object_id(kind: str, *names: str | None) -> str:
    """Make the id of an object: the same names always give the same.

    Parameters
    ----------
    kind : str
        What it is, such as "zone".
    *names : str or None
        What names it.

    Returns
    -------
    str
        A UUID.
    """
    return str(uuid.uuid5(_NAMESPACE, "/".join([kind, *(name or "" for name in names)])))


def provider(device: str, name: str, settings: TrackSettings) -> dict[str, Any]:
    """Describe what locates a device.

    Parameters
    ----------
    device, name : str
        Id and name of the device.
    settings : TrackSettings
        How its room is kept.

    Returns
    -------
    dict
        A LocationProvider.
    """
    return {"id": device, "type": "wifi", "name": name, **_steadiness(settings), "properties": {}}


def trackable(device: str, name: str, settings: TrackSettings) -> dict[str, Any]:
    """Describe a device as a thing that moves.

    Parameters
    ----------
    device, name, settings
        As for `provider`.

    Returns
    -------
    dict
        A Trackable.
    """
    return {
        "id": object_id("trackable", device),
        "type": "virtual",
        "name": name,
        "location_providers": [device],
        **_steadiness(settings),
        "properties": {},
    }


def zones(model: ServedModel) -> Iterator[dict[str, Any]]:
    """Describe the floors of a model.

    Parameters
    ----------
    model : ServedModel
        The model.

    Yields
    ------
    dict
        A Zone for each floor of each building. Without an EPSG code it has no ground control points.
    """
    for building in model.card.get("buildings") or [None]:
        for floor in model.card.get("floors") or [None]:
            zone: dict[str, Any] = {
                "id": object_id("zone", model.name, building, floor),
                "type": "wifi",
                "foreign_id": "/".join(filter(None, (model.name, building, floor))),
                "building": building or model.name,
                "floor": _storey(floor),
                "name": " ".join(filter(None, (building or model.name, floor))),
                "properties": {"model": model.name},
            }
            points = _control_points(model)
            if points:
                zone["ground_control_points"] = points
            yield zone


def fence(room: Room) -> dict[str, Any]:
    """Describe a room.

    Parameters
    ----------
    room : Room
        A room of the map.

    Returns
    -------
    dict
        A Fence.
    """
    return {
        "id": object_id("fence", room.building, room.floor, room.name),
        "region": dict(room.polygon),
        "floor": _storey(room.floor),
        "name": room.name,
        "crs": "local",
        "foreign_id": room.id,
        "properties": {"building": room.building},
    }


def location(device: str, point: TrackPoint, crs: Crs | None) -> dict[str, Any] | None:
    """Write a point of a track.

    Parameters
    ----------
    device : str
        Id of the device.
    point : TrackPoint
        Where it is.
    crs : {"EPSG:4326", "local"} or None
        Coordinates to write; None takes degrees where they are known.

    Returns
    -------
    dict or None
        A Location; None where there is none in these coordinates.
    """
    has_degrees_ = point.latitude is not None and point.longitude is not None
    crs = crs or ("EPSG:4326" if has_degrees_ else "local")
    coordinates = [point.longitude, point.latitude] if crs == "EPSG:4326" else [point.x_m, point.y_m]
    if None in coordinates:
        return None
    written = {
        "position": {"type": "Point", "coordinates": coordinates},
        "source": zone_of(point),
        "provider_type": "wifi",
        "provider_id": device,
        "timestamp_generated": _time(point.time_s),
        "crs": crs,
        "associated": False,
        "accuracy": point.radius_m,
        "floor": _storey(point.floor),
        "elevation_ref": "floor",
        "speed": point.speed_m_s,
        "course": point.course_deg,
        "trackables": [object_id("trackable", device)],
        "properties": {"model": point.answer.model, "place": point.place, "floor_name": point.floor},
    }
    return {name: value for name, value in written.items() if value is not None}


def written_locations(
    points: Iterable[tuple[str, TrackPoint]], crs: Crs | None, *, geojson: bool
) -> list[dict[str, Any]]:
    """Write points of devices.

    Parameters
    ----------
    points : iterable of tuple of str and TrackPoint
        Devices, each with a point of its track.
    crs : {"EPSG:4326", "local"} or None
        As for `location`.
    geojson : bool
        Whether to write GeoJSON features.

    Returns
    -------
    list of dict
        A Location of each that has one in these coordinates.
    """
    found = [written for device, point in points if (written := location(device, point, crs))]
    return [as_feature(each) for each in found] if geojson else found


def zone_of(point: TrackPoint) -> str:
    """Return the id of the zone that a point is in."""
    return object_id("zone", point.answer.model, point.building, point.floor)


def fence_of(point: TrackPoint) -> str | None:
    """Return the id of the fence that a point is in; None outside every room."""
    return None if point.place is None else object_id("fence", point.building, point.floor, point.place)


def as_feature(written: dict[str, Any]) -> dict[str, Any]:
    """Write a location as GeoJSON.

    Parameters
    ----------
    written : dict
        A Location.

    Returns
    -------
    dict
        A Feature with the other fields as properties.
    """
    rest = {name: value for name, value in written.items() if name != "position"}
    return {"type": "Feature", "geometry": written["position"], "properties": rest}


def fence_event(device: str, entered: bool, point: TrackPoint) -> dict[str, Any]:
    """Write that a device has entered or left a room.

    Parameters
    ----------
    device : str
        Id of the device.
    entered : bool
        Whether it entered.
    point : TrackPoint
        A point with the room.

    Returns
    -------
    dict
        A FenceEvent.
    """
    return {
        "id": str(uuid.uuid4()),
        "fence_id": fence_of(point),
        "event_type": "region_entry" if entered else "region_exit",
        "provider_id": device,
        "trackables": [object_id("trackable", device)],
        "entry_time" if entered else "exit_time": _time(point.time_s),
        "properties": {"place": point.place},
    }


def _steadiness(settings: TrackSettings) -> dict[str, Any]:
    return {
        "fence_timeout": round(settings.silence_s * _MS),
        "exit_tolerance": settings.exit_tolerance_m,
        "tolerance_timeout": round(settings.tolerance_timeout_s * _MS),
        "exit_delay": round(settings.exit_delay_s * _MS),
    }


def _control_points(model: ServedModel) -> list[list[float]]:
    """Return three corners of the survey, each in degrees and then in metres."""
    epsg = model.card["frame"]["epsg"]
    extent_m = model.survey.extent_m
    if epsg is None or extent_m is None or not has_degrees(epsg):
        return []
    x, y, x_far, y_far = extent_m
    corners = [[x, y], [x_far, y], [x_far, y_far]]
    degrees = to_degrees(np.array(corners), epsg).tolist()
    pairs = ([[lon, lat], corner] for (lat, lon), corner in zip(degrees, corners, strict=True))
    return [point for pair in pairs for point in pair]


def _storey(floor: str | None) -> float | None:
    """Return a floor's number, 0 for the ground floor; None for a name."""
    try:
        return float(floor) if floor is not None else None
    except ValueError:
        return None


def _time(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
