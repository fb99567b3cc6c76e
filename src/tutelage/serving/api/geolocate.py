"""The geolocation protocol of Google, Mozilla and beaconDB: one scan in, one position out.

Source: mozilla/ichnaea, docs/api/geolocate.rst.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from tutelage.serving.access import ServiceOf, require
from tutelage.serving.access_keys import Role
from tutelage.serving.answers import Answer
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.api.readings import Beacons, WifiAccessPoints, heard_scan
from tutelage.serving.problems import GoogleBody, Problem, ProblemError, google_body

__all__ = ["PROTOCOL"]

_EXAMPLE: JsonValue = {
    "wifiAccessPoints": [
        {"macAddress": "01:23:45:67:89:ab", "signalStrength": -61, "age": 0},
        {"macAddress": "01:23:45:67:89:ac", "signalStrength": -70},
    ]
}


class GeolocateRequest(BaseModel):
    """What a device hears. Every field is optional, and unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [_EXAMPLE]})

    wifi_access_points: WifiAccessPoints = Field(default=[], alias="wifiAccessPoints")
    bluetooth_beacons: Beacons = Field(default=[], alias="bluetoothBeacons")


class Location(BaseModel):
    """A position in degrees (WGS 84)."""

    lat: float = Field(examples=[60.1699])
    lng: float = Field(examples=[24.9384])


class GeolocateAnswer(BaseModel):
    """The position. Only `location` and `accuracy` belong to the protocol."""

    location: Location
    accuracy: float = Field(description="Radius in metres that holds the truth at the level of the service.")
    floor: str | None = None
    building: str | None = None
    place: str | None = None
    x_m: float | None = Field(default=None, description="Position in the survey's coordinates, in metres.")
    y_m: float | None = None
    radius_m: float | None = None
    model: str | None = Field(default=None, description="The model that answered.")
    reason: str = Field(default="", description="Why something is unknown.")


router = APIRouter(tags=["geolocation"])
PROTOCOL = Protocol(router, ("/v1/geolocate",), google_body, GoogleBody)


@router.post("/v1/geolocate", response_model=GeolocateAnswer, dependencies=[Depends(require(Role.LOCATE))])
async def geolocate(
    service: ServiceOf, request: Annotated[GeolocateRequest | None, Body()] = None
) -> dict[str, Any]:
    """Locate a device by the access points and beacons that it hears."""
    request = request or GeolocateRequest()
    scan = heard_scan([*request.wifi_access_points, *request.bluetooth_beacons], time.time())
    (answer,) = await service.locate([scan])
    if answer.latitude is None or answer.longitude is None:
        raise ProblemError(Problem(404, _why_not(answer), "notFound", "geolocation"))
    accuracy_m = answer.radius_m
    if accuracy_m is None:  # the model promises no radius: somewhere in what was surveyed
        accuracy_m = service.models.get(str(answer.model)).diagonal_m
    shared = ("floor", "building", "place", "x_m", "y_m", "radius_m", "model", "reason")
    return {
        "location": {"lat": answer.latitude, "lng": answer.longitude},
        "accuracy": accuracy_m,
        **{name: getattr(answer, name) for name in shared},
    }


def _why_not(answer: Answer) -> str:
    if answer.reason:
        return f"Not found: {answer.reason}"
    what = "a position in metres" if answer.has_position else "a place"
    return (
        f"Not found: model {answer.model} knows {what}, but no degrees. Ask /v1/locate, or survey in degrees."
    )
