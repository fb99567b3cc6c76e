"""The protocol of FIND3, so that its apps go on working: fingerprints in, places out.

Source: schollz/find3, server/main/src/server/server.go and models/. It always answers with status 200.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tutelage.runtime.access_point_names import normalised_name
from tutelage.serving.access import ServiceOf, require
from tutelage.serving.access_keys import Role
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.heard_scans import Heard, HeardScan
from tutelage.serving.problems import Problem
from tutelage.serving.service import Service
from tutelage.serving.tracks.track import TrackPoint

__all__ = ["PROTOCOL", "Fingerprint"]

_MS = 1000.0
_EARLIEST_MS = 1e11  # a smaller number is in seconds


def _spelt(value: Any) -> Any:
    """Spell names as FIND3 does: trimmed, in lower case."""
    return value.strip().lower() if isinstance(value, str) else value


_Word = Annotated[str, BeforeValidator(_spelt), Field(max_length=200)]
_Rss = Annotated[float, Field(allow_inf_nan=False)]
_Sensors = dict[Annotated[str, Field(max_length=40)], dict[Annotated[str, Field(max_length=200)], _Rss]]


class Fingerprint(BaseModel):
    """What a device hears; with a location it is one to learn from."""

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "d": "phone1",
                    "f": "home",
                    "t": 1764410000123,
                    "s": {"wifi": {"01:23:45:67:89:ab": -61, "01:23:45:67:89:ac": -70}},
                }
            ]
        },
    )

    device: _Word = Field(default="", alias="d")
    family: _Word = Field(default="", alias="f")
    location: _Word = Field(default="", alias="l")
    time_ms: float | None = Field(default=None, alias="t", ge=0, le=1e14, allow_inf_nan=False)
    sensors: _Sensors = Field(default={}, alias="s", max_length=10)

    def fault(self) -> str | None:
        """Say what is missing, in FIND3's words; None if nothing is."""
        if not self.family:
            return "family cannot be empty"
        if not self.device:
            return "device cannot be empty"
        if not any(self.sensors.values()):
            return "sensor data cannot be empty"
        return None

    def time_s(self) -> float:
        """Return when it was taken, in seconds since 1970."""
        if not self.time_ms:
            return time.time()
        return self.time_ms / _MS if self.time_ms >= _EARLIEST_MS else self.time_ms

    def scan(self) -> HeardScan:
        """Return what was heard of Wi-Fi and Bluetooth, without strengths that no receiver reports."""
        rss_dbm = {
            normalised_name(name): rss
            for kind in ("wifi", "bluetooth")
            for name, rss in self.sensors.get(kind, {}).items()
            if -120 <= rss < 0
        }
        return HeardScan(rss_dbm, self.time_s())


class Failed(BaseModel):
    """A problem in the words of FIND3."""

    message: str
    success: bool = False


def _failed(problem: Problem) -> tuple[int, dict[str, Any]]:
    status = problem.status if problem.status in (401, 403, 429, 503) else 200
    return status, {"message": problem.message, "success": False}


router = APIRouter(tags=["FIND3"])
PROTOCOL = Protocol(router, ("/data", "/classify", "/passive", "/now", "/ping", "/api/v1/"), _failed, Failed)
_MayLocate = Depends(require(Role.LOCATE))
_MayRead = Depends(require(Role.READ))


@router.post("/data", dependencies=[_MayLocate])
async def data(
    service: ServiceOf, fingerprint: Annotated[Fingerprint, Body()], justsave: bool = False
) -> dict[str, Any]:
    """Take a fingerprint: with a location it joins the survey, without one the device's track goes on."""
    if (fault := fingerprint.fault()) is not None:
        return {"message": f"problem validating data: {fault}", "success": False}
    if justsave and not fingerprint.location:
        await service.surveys.keep([Heard(fingerprint.device, fingerprint.scan())])
    elif fingerprint.location:
        await service.surveys.keep_at(fingerprint.device, fingerprint.scan(), fingerprint.location)
    else:
        await service.hear([Heard(fingerprint.device, fingerprint.scan())])
    return {"message": "inserted data", "success": True}


@router.post("/classify", dependencies=[_MayLocate])
async def classify(service: ServiceOf, fingerprint: Annotated[Fingerprint, Body()]) -> dict[str, Any]:
    """Say where a fingerprint was taken."""
    if (fault := fingerprint.fault()) is not None:
        return {"message": f"problem validating data: {fault}", "success": False}
    (point,) = await service.hear([Heard(fingerprint.device, fingerprint.scan())])
    return {"message": "classified data", "success": True, "analysis": _analysis(point)}


@router.post("/passive", dependencies=[_MayLocate])
async def passive(service: ServiceOf, fingerprint: Annotated[Fingerprint, Body()]) -> dict[str, Any]:
    """Take what one receiver hears of devices; the receivers of a device make one scan."""
    if (fault := fingerprint.fault()) is not None:
        return {"message": f"problem validating data: {fault}", "success": False}
    now_s = time.time()  # clocks of receivers differ, and what they hear within a window is one scan
    for device, rss_dbm in fingerprint.scan().rss_dbm.items():
        service.receive(device, fingerprint.device, rss_dbm, now_s)
    return {"message": "inserted data", "success": True}


@router.get("/now", response_class=PlainTextResponse)
async def now() -> str:
    """Return the time in milliseconds since 1970."""
    return str(round(time.time() * _MS))


@router.get("/ping", response_class=PlainTextResponse)
async def ping() -> str:
    """Answer, to show that the service is there."""
    return "pong"


@router.get("/api/v1/location/{family}/{device:path}", dependencies=[_MayRead])
async def location(service: ServiceOf, family: str, device: str) -> dict[str, Any]:
    """Return where a device is."""
    point = _last(service, device)
    if point is None:
        return _no_device(device)
    sensors = {"d": device, "f": family, "t": round(point.time_s * _MS), "s": {}}
    return {"message": "got location", "success": True, "sensors": sensors, "analysis": _analysis(point)}


@router.get("/api/v1/location_basic/{family}/{device:path}", dependencies=[_MayRead])
async def location_basic(service: ServiceOf, family: str, device: str) -> dict[str, Any]:
    """Return where a device is, in short."""
    del family  # one service has one set of devices
    point = _last(service, device)
    if point is None:
        return _no_device(device)
    gps = {"lat": point.latitude or 0.0, "lon": point.longitude or 0.0}
    seen = round(time.time() - point.time_s)
    basic = {"loc": point.place or "?", "gps": gps, "prob": point.place_probability or 0.0, "seen": seen}
    return {"message": "ok", "success": True, "data": basic}


@router.get("/api/v1/locations/{family}", dependencies=[_MayRead])
async def locations(service: ServiceOf, family: str) -> dict[str, Any]:
    """Return where all devices are."""
    del family
    where = [
        {"device": device, "location": point.place or "?", "analysis": _analysis(point)}
        for device, point in service.devices.last().items()
    ]
    return {"message": f"got {len(where)} locations", "success": True, "locations": where}


@router.get("/api/v1/devices/{family}", dependencies=[_MayRead])
async def devices(service: ServiceOf, family: str) -> dict[str, Any]:
    """Return the names of all devices."""
    del family
    names = sorted(service.devices.last())
    return {"message": f"got {len(names)} devices", "success": True, "devices": names}


@router.get("/api/v1/by_location/{family}", dependencies=[_MayRead])
async def by_location(service: ServiceOf, family: str) -> dict[str, Any]:
    """Return the devices at each place."""
    del family
    at: dict[str, list[dict[str, Any]]] = {}
    for device, point in service.devices.last().items():
        seen = {"device": device, "probability": point.place_probability or 0.0, "timestamp": point.time_s}
        at.setdefault(point.place or "?", []).append(seen)
    places = [
        {"location": place, "devices": there, "total": len(there)} for place, there in sorted(at.items())
    ]
    return {"message": f"got {len(places)} locations", "success": True, "locations": places}


def _last(service: Service, device: str) -> TrackPoint | None:
    return service.devices.last().get(_spelt(device))


def _no_device(device: str) -> dict[str, Any]:
    return {"message": f"problem getting location: no device {device[:100]!r}", "success": False}


def _analysis(point: TrackPoint) -> dict[str, Any]:
    """Write a point of a track as FIND3 writes what it thinks."""
    place = point.place
    if place is None:
        return {"is_unknown": True, "location_names": {}, "predictions": [], "guesses": []}
    probability = 1.0 if point.place_probability is None else point.place_probability
    others = [name for name in point.answer.place_set if name != place]
    names = {str(i): name for i, name in enumerate([place, *others])}
    prediction = {
        "name": point.answer.model or "",
        "locations": [*names],
        "probabilities": [probability, *(0.0 for _ in others)],
    }
    return {
        "is_unknown": False,
        "location_names": names,
        "predictions": [prediction],
        "guesses": [{"location": place, "probability": probability}],
    }
