"""The submission protocol of Mozilla and beaconDB: batches of scans from collector apps.

Source: mozilla/ichnaea, docs/api/geosubmit2.rst. A client sends a refused batch again and again, so none is
refused whole: reports that break a rule are left out and counted.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from tutelage.serving.access import ServiceOf, require
from tutelage.serving.access_keys import Role
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.api.readings import Beacons, WifiAccessPoints, heard_scan
from tutelage.serving.heard_scans import Heard
from tutelage.serving.problems import GoogleBody, google_body

__all__ = ["COLLECTOR", "PROTOCOL"]

COLLECTOR = "geosubmit"
"""Device of submitted scans: collector apps give no name. Choose it as the collecting device of a survey."""
_MS = 1000.0
_EXAMPLE: JsonValue = {
    "items": [
        {
            "timestamp": 1764410000123,
            "position": {"latitude": 60.1699, "longitude": 24.9384, "accuracy": 4.0},
            "wifiAccessPoints": [{"macAddress": "01:23:45:67:89:ab", "signalStrength": -61}],
        }
    ]
}


class Submission(BaseModel):
    """Reports of a collector app."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [_EXAMPLE]})

    items: list[Any] = Field(default=[], max_length=10_000)


class _Report(BaseModel):
    model_config = ConfigDict(extra="ignore")

    timestamp: float = Field(ge=0, le=1e14, allow_inf_nan=False)
    wifi_access_points: WifiAccessPoints = Field(default=[], alias="wifiAccessPoints")
    bluetooth_beacons: Beacons = Field(default=[], alias="bluetoothBeacons")


class Counted(BaseModel):
    """What became of the reports. The protocol wants no more than an object."""

    accepted: int = Field(description="Reports that are kept.")
    repeated: int = Field(description="Reports that were sent before.")
    left_out: int = Field(description="Reports without a time, or without an access point.")


router = APIRouter(tags=["geolocation"])
PROTOCOL = Protocol(
    router,
    ("/v1/geosubmit", "/v2/geosubmit"),
    google_body,
    GoogleBody,
    batch_paths=("/v1/geosubmit", "/v2/geosubmit"),
)


@router.post("/v1/geosubmit", response_model=Counted, dependencies=[Depends(require(Role.LOCATE))])
@router.post("/v2/geosubmit", response_model=Counted, dependencies=[Depends(require(Role.LOCATE))])
async def geosubmit(
    service: ServiceOf, submission: Annotated[Submission | None, Body()] = None
) -> dict[str, int]:
    """Keep scans for a survey: the click on the plan says where they were taken."""
    items = submission.items if submission else []
    heard = [each for each in map(_heard, items) if each is not None]
    n_new = await service.surveys.keep(heard)
    return {"accepted": n_new, "repeated": len(heard) - n_new, "left_out": len(items) - len(heard)}


def _heard(item: Any) -> Heard | None:
    try:
        report = _Report.model_validate(item)
    except ValidationError:
        return None
    scan = heard_scan([*report.wifi_access_points, *report.bluetooth_beacons], report.timestamp / _MS)
    return Heard(COLLECTOR, scan) if scan.rss_dbm else None
