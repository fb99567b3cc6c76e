"""A read API in the shape of an omlox hub: providers, trackables, zones and fences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from tutelage.serving.access import ServiceOf, require
from tutelage.serving.access_keys import Role
from tutelage.serving.api.omlox_objects import (
    Crs,
    fence,
    fence_of,
    object_id,
    provider,
    trackable,
    written_locations,
    zone_of,
    zones,
)
from tutelage.serving.api.omlox_socket import router as router_of_sockets
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.problems import Problem, ProblemError
from tutelage.serving.service import Service
from tutelage.serving.tracks.track import TrackPoint

__all__ = ["PROTOCOL"]

_Id = Annotated[str, Path(min_length=1, max_length=200)]
_Crs = Annotated[Crs | None, Query(description="Coordinates; degrees where they are known by default.")]
_GeoJson = Annotated[bool, Query(description="Write GeoJSON features.")]


class Refused(BaseModel):
    """A problem in the words of an omlox hub."""

    type: str
    code: int
    message: str


def _body(problem: Problem) -> tuple[int, dict[str, Any]]:
    kind = {401: "unauthorized", 403: "forbidden", 404: "not found"}.get(problem.status, "invalid")
    return problem.status, {"type": kind, "code": problem.status, "message": problem.message}


router = APIRouter(prefix="/v2", tags=["omlox"], dependencies=[Depends(require(Role.READ))])
_PATHS = ("/v2/providers", "/v2/trackables", "/v2/zones", "/v2/fences", "/v2/ws")
PROTOCOL = Protocol(router, _PATHS, _body, Refused, also=(router_of_sockets,))


@router.get("/providers/summary")
async def provider_summary(service: ServiceOf) -> list[str]:
    """Return the ids of all devices."""
    return [*await _names(service)]


@router.get("/providers/locations")
async def locations(
    service: ServiceOf,
    crs: _Crs = None,
    geojson: _GeoJson = False,
    zone_id: Annotated[str | None, Query(max_length=200, description="Only those on this floor.")] = None,
) -> list[dict[str, Any]]:
    """Return where all devices are."""
    last = service.devices.last().items()
    points = [each for each in last if zone_id in (None, zone_of(each[1]))]
    return written_locations(points, crs, geojson=geojson)


@router.get("/providers")
async def providers(service: ServiceOf) -> list[dict[str, Any]]:
    """Return all devices as location providers."""
    names = await _names(service)
    return [provider(device, name, service.track_settings) for device, name in names.items()]


@router.get("/providers/{device:path}/location")
async def provider_location(
    service: ServiceOf, device: _Id, crs: _Crs = None, geojson: _GeoJson = False
) -> dict[str, Any]:
    """Return where one device is."""
    return _location(service, device, crs, geojson=geojson)


@router.get("/providers/{device:path}/fences")
async def provider_fences(service: ServiceOf, device: _Id) -> list[dict[str, Any]]:
    """Return the room that one device is in, if it is in one."""
    _known(await _names(service), device)
    return await _fences_of(service, device)


@router.get("/providers/{device:path}/trackables")
async def provider_trackables(service: ServiceOf, device: _Id) -> list[dict[str, Any]]:
    """Return what moves with one device."""
    name = _known(await _names(service), device)
    return [trackable(device, name, service.track_settings)]


@router.get("/providers/{device:path}")
async def one_provider(service: ServiceOf, device: _Id) -> dict[str, Any]:
    """Return one device as a location provider."""
    names = await _names(service)
    return provider(device, _known(names, device), service.track_settings)


@router.get("/trackables/summary")
async def trackable_summary(service: ServiceOf) -> list[str]:
    """Return the ids of all trackables."""
    return [object_id("trackable", device) for device in await _names(service)]


@router.get("/trackables")
async def trackables(service: ServiceOf) -> list[dict[str, Any]]:
    """Return all devices as trackables."""
    names = await _names(service)
    return [trackable(device, name, service.track_settings) for device, name in names.items()]


@router.get("/trackables/{trackable_id}")
async def one_trackable(service: ServiceOf, trackable_id: _Id) -> dict[str, Any]:
    """Return one trackable."""
    device, name = await _device_of(service, trackable_id)
    return trackable(device, name, service.track_settings)


@router.get("/trackables/{trackable_id}/location")
async def trackable_location(
    service: ServiceOf, trackable_id: _Id, crs: _Crs = None, geojson: _GeoJson = False
) -> dict[str, Any]:
    """Return where one trackable is."""
    device, _ = await _device_of(service, trackable_id)
    return _location(service, device, crs, geojson=geojson)


@router.get("/trackables/{trackable_id}/locations")
async def trackable_locations(
    service: ServiceOf, trackable_id: _Id, crs: _Crs = None, geojson: _GeoJson = False
) -> list[dict[str, Any]]:
    """Return where the providers of one trackable are."""
    device, _ = await _device_of(service, trackable_id)
    last = service.devices.last()
    return written_locations([(device, last[device])] if device in last else [], crs, geojson=geojson)


@router.get("/trackables/{trackable_id}/fences")
async def trackable_fences(service: ServiceOf, trackable_id: _Id) -> list[dict[str, Any]]:
    """Return the room that one trackable is in, if it is in one."""
    device, _ = await _device_of(service, trackable_id)
    return await _fences_of(service, device)


@router.get("/trackables/{trackable_id}/providers")
async def trackable_providers(service: ServiceOf, trackable_id: _Id) -> list[dict[str, Any]]:
    """Return the device of one trackable."""
    device, name = await _device_of(service, trackable_id)
    return [provider(device, name, service.track_settings)]


@router.get("/zones/summary")
async def zone_summary(service: ServiceOf) -> list[str]:
    """Return the ids of all floors."""
    return [zone["id"] for zone in await all_zones(service)]


@router.get("/zones")
async def all_zones(service: ServiceOf) -> list[dict[str, Any]]:
    """Return the floors of all models."""
    return [zone for model in service.models.all() for zone in zones(model)]


@router.get("/zones/{zone_id}")
async def one_zone(service: ServiceOf, zone_id: _Id) -> dict[str, Any]:
    """Return one floor."""
    return _with_id(await all_zones(service), "zone", zone_id)


@router.get("/fences/summary")
async def fence_summary(service: ServiceOf) -> list[str]:
    """Return the ids of all rooms."""
    return [each["id"] for each in await all_fences(service)]


@router.get("/fences")
async def all_fences(service: ServiceOf) -> list[dict[str, Any]]:
    """Return the rooms of the map."""
    return [fence(room) for room in await run_in_threadpool(service.store.rooms.all)]


@router.get("/fences/{fence_id}")
async def one_fence(service: ServiceOf, fence_id: _Id) -> dict[str, Any]:
    """Return one room."""
    return _with_id(await all_fences(service), "fence", fence_id)


@router.get("/fences/{fence_id}/locations")
async def fence_locations(
    service: ServiceOf, fence_id: _Id, crs: _Crs = None, geojson: _GeoJson = False
) -> list[dict[str, Any]]:
    """Return where the devices in one room are."""
    return written_locations(await _inside(service, fence_id), crs, geojson=geojson)


@router.get("/fences/{fence_id}/providers")
async def fence_providers(service: ServiceOf, fence_id: _Id) -> list[dict[str, Any]]:
    """Return the devices in one room."""
    names = await _names(service)
    inside = await _inside(service, fence_id)
    return [provider(device, names.get(device, device), service.track_settings) for device, _ in inside]


@router.get("/fences/{fence_id}/trackables")
async def fence_trackables(service: ServiceOf, fence_id: _Id) -> list[dict[str, Any]]:
    """Return what moves with the devices in one room."""
    names = await _names(service)
    inside = await _inside(service, fence_id)
    return [trackable(device, names.get(device, device), service.track_settings) for device, _ in inside]


async def _names(service: Service) -> dict[str, str]:
    return {row.id: row.name for row in await run_in_threadpool(service.store.devices.all)}


async def _device_of(service: Service, trackable_id: str) -> tuple[str, str]:
    for device, name in (await _names(service)).items():
        if object_id("trackable", device) == trackable_id:
            return device, name
    raise ProblemError(_no("trackable", trackable_id))


def _known(names: dict[str, str], device: str) -> str:
    if device not in names:
        raise ProblemError(_no("provider", device))
    return names[device]


def _location(service: Service, device: str, crs: Crs | None, *, geojson: bool) -> dict[str, Any]:
    last = service.devices.last()
    written = written_locations([(device, last[device])] if device in last else [], crs, geojson=geojson)
    if not written:
        raise ProblemError(_no("location of", device))
    return written[0]


async def _fences_of(service: Service, device: str) -> list[dict[str, Any]]:
    point = service.devices.last().get(device)
    wanted = None if point is None else fence_of(point)
    return [each for each in await all_fences(service) if each["id"] == wanted]


async def _inside(service: Service, fence_id: str) -> list[tuple[str, TrackPoint]]:
    """Return the devices in a room, each with the last point of its track."""
    _with_id(await all_fences(service), "fence", fence_id)
    return [
        (device, point) for device, point in service.devices.last().items() if fence_of(point) == fence_id
    ]


def _with_id(objects: Iterable[dict[str, Any]], kind: str, wanted: str) -> dict[str, Any]:
    for each in objects:
        if each["id"] == wanted:
            return each
    raise ProblemError(_no(kind, wanted))


def _no(kind: str, name: str) -> Problem:
    return Problem(404, f"there is no {kind} {name!r}", "notFound")
