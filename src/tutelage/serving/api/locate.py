"""Our own protocol: a batch of scans in, an answer for each out."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from tutelage.serving.access import ServiceOf, require
from tutelage.serving.access_keys import Role
from tutelage.serving.api.bodies import RSS_DBM, exact
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.heard_scans import Heard, HeardScan

__all__ = ["PROTOCOL", "Name", "Rss", "Seconds", "Time"]

Rss = Annotated[float, Field(ge=-120, le=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Time = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class ScanBody(BaseModel):
    """One scan."""

    model_config = exact({"rss_dbm": RSS_DBM})

    rss_dbm: dict[Name, Rss] = Field(max_length=2000, description="RSS of each access point, in dBm.")
    age_s: dict[Name, Seconds] = Field(
        default={}, max_length=2000, description="How long before the scan each was heard, in seconds."
    )
    time_s: Time | None = Field(
        default=None, description="When it was taken, in seconds since 1970; when it arrives by default."
    )
    device: Name | None = Field(
        default=None, description="Device that took it: its track goes on. Without one the scan stands alone."
    )


class LocateRequest(BaseModel):
    """Scans to locate."""

    model_config = exact({"scans": [{"device": "trolley 7", "rss_dbm": RSS_DBM}]})

    scans: list[ScanBody] = Field(max_length=10_000)


class AnswerBody(BaseModel):
    """Where one scan was taken, or why that is unknown."""

    time_s: float
    model: str | None = Field(description="The model that knows the most access points of the scan.")
    reason: str = Field(description='Why there is no answer; "" if there is one.')
    n_heard: int
    n_known: int
    x_m: float | None
    y_m: float | None
    epsg: int | None
    latitude: float | None
    longitude: float | None
    radius_m: float | None
    level: float | None
    floor: str | None
    building: str | None
    place: str | None
    place_probability: float | None
    place_set: list[str]


class LocateAnswer(BaseModel):
    """One answer for each scan, in order."""

    answers: list[AnswerBody]


router = APIRouter(tags=["positions"])
PROTOCOL = Protocol(router, ("/v1/locate",), batch_paths=("/v1/locate",))


@router.post("/v1/locate", response_model=LocateAnswer, dependencies=[Depends(require(Role.LOCATE))])
async def locate(service: ServiceOf, request: LocateRequest) -> dict[str, Any]:
    """Locate scans, each for itself. Scans that name a device go on with its track as well."""
    now_s = time.time()
    scans = [
        HeardScan(body.rss_dbm, now_s if body.time_s is None else body.time_s, body.age_s)
        for body in request.scans
    ]
    of_device = [body.device for body in request.scans]
    answers = dict(
        zip(
            (row for row, device in enumerate(of_device) if device is None),
            await service.locate([scan for scan, d in zip(scans, of_device, strict=True) if d is None]),
            strict=True,
        )
    )
    heard = [Heard(d, scan) for scan, d in zip(scans, of_device, strict=True) if d is not None]
    points = await service.hear(heard)
    rows = (row for row, device in enumerate(of_device) if device is not None)
    answers |= {row: point.answer for row, point in zip(rows, points, strict=True)}
    return {"answers": [answers[row].as_json() for row in range(len(scans))]}
