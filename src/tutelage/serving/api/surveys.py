"""Surveys by click: sessions, marks on the plan, and the scans that arrive meanwhile."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from tutelage.errors import UnknownNameError
from tutelage.serving.access import ServiceOf, require
from tutelage.serving.access_keys import Role
from tutelage.serving.api.bodies import RSS_DBM, exact
from tutelage.serving.api.locate import Name, Rss, Seconds, Time
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.api.readings import ScanResults, phone_scan
from tutelage.serving.heard_scans import Heard, HeardScan
from tutelage.serving.room_outlines import RoomOutlines
from tutelage.serving.service import Service
from tutelage.serving.store import Mark, SurveySession

__all__ = ["LONGEST_ID", "PROTOCOL"]

LONGEST_ID = 300
"""Characters of the id of a session: that of places that a device tells has the device in it."""

_Id = Annotated[str, Field(min_length=1, max_length=100)]
_MarkId = Annotated[str, Field(min_length=1, max_length=100, pattern="^[^/]+$", description="No slash.")]
_PathId = Annotated[str, Path(min_length=1, max_length=LONGEST_ID, description="It may hold a slash: %2F.")]
_Metres = Annotated[float, Field(ge=-1e8, le=1e8, allow_inf_nan=False)]
_Label = Annotated[str, Field(max_length=200)]
_Exact = ConfigDict(extra="forbid")


class NewSession(BaseModel):
    """A session that begins. Sent again, it changes nothing."""

    model_config = exact({"id": "4f7d", "name": "Second floor, east", "device": "phone 1", "floor": "2"})

    id: _Id = Field(description="Made by the client, such as a UUID.")
    name: _Label = Field(examples=["Second floor, east"])
    device: Name | None = Field(default=None, description="The device whose scans belong to it.")
    model: Name | None = None
    building: _Label | None = None
    floor: _Label | None = None


class NewMark(BaseModel):
    """A place that the surveyor clicked, or a walk between two clicks. Sent again, it changes nothing."""

    model_config = _Exact

    id: _MarkId
    kind: Literal["stand", "walk"] = "stand"
    start_s: Time
    end_s: Time | None = None
    x_m: _Metres | None = None
    y_m: _Metres | None = None
    x2_m: _Metres | None = None
    y2_m: _Metres | None = None
    floor: _Label | None = None
    building: _Label | None = None
    place: _Label | None = None


class NewMarks(BaseModel):
    """Marks of one session."""

    model_config = exact(
        {"marks": [{"id": "9c1e", "start_s": 1764410000, "x_m": 3.5, "y_m": 7.0, "place": "kitchen"}]}
    )

    marks: list[NewMark] = Field(max_length=1000)


class MarkChange(BaseModel):
    """What changes of a mark: its end, or whether it counts."""

    model_config = exact({"end_s": 1764410030})

    end_s: Time | None = None
    x2_m: _Metres | None = None
    y2_m: _Metres | None = None
    undone: bool | None = None


class SessionChange(BaseModel):
    """What changes of a session."""

    model_config = exact({"state": "finished"})

    state: Literal["open", "paused", "finished", "approved"] | None = None
    clock_offset_s: Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)] | None = Field(
        default=None, description="Seconds to add to the device's clock to get that of the service."
    )


class CollectedScan(BaseModel):
    """A scan for a survey."""

    model_config = _Exact

    rss_dbm: dict[Name, Rss] = Field(max_length=2000)
    age_s: dict[Name, Seconds] = Field(default={}, max_length=2000)
    time_s: Time


class CollectedScans(BaseModel):
    """Scans of a device that collects. Sent again, they change nothing."""

    model_config = exact(
        {
            "device": "phone 1",
            "scans": [{"time_s": 1764410000, "rss_dbm": RSS_DBM}],
        }
    )

    device: Name
    scans: list[CollectedScan] = Field(max_length=10_000)


router = APIRouter(tags=["surveys"])
PROTOCOL = Protocol(router, ("/v1/surveys", "/v1/scans", "/v1/scan-results"), batch_paths=("/v1/scans",))
_MayRead = Depends(require(Role.READ))
_MaySurvey = Depends(require(Role.SURVEY))


@router.post("/v1/scans", dependencies=[Depends(require(Role.LOCATE))])
async def add_scans(service: ServiceOf, body: CollectedScans) -> dict[str, int]:
    """Keep scans of a device that collects. They belong to the session that is open for it."""
    heard = [Heard(body.device, HeardScan(scan.rss_dbm, scan.time_s, scan.age_s)) for scan in body.scans]
    n_new = await service.surveys.keep(heard)
    return {"accepted": n_new, "repeated": len(heard) - n_new}


@router.post("/v1/scan-results", dependencies=[Depends(require(Role.LOCATE))])
async def add_scan_results(
    service: ServiceOf,
    device: Annotated[str, Query(min_length=1, max_length=200)],
    results: Annotated[ScanResults, Body(examples=[[{"bssid": "01:23:45:67:89:ab", "rssi": -61}]])],
) -> dict[str, int]:
    """Keep one scan as Termux prints it. The device's track goes on, and an open survey gets it."""
    scan = phone_scan(results, time.time())
    await service.hear([Heard(device, scan)])
    return {"heard": len(scan.rss_dbm)}


@router.get("/v1/surveys", dependencies=[_MayRead])
async def surveys(service: ServiceOf) -> dict[str, Any]:
    """Return all sessions, the newest first."""
    sessions = await run_in_threadpool(service.store.surveys.sessions)
    return {"surveys": [vars(session) for session in sessions]}


@router.post("/v1/surveys", dependencies=[_MaySurvey])
async def begin(service: ServiceOf, body: NewSession) -> dict[str, Any]:
    """Begin a session: from now on the scans of its device belong to it."""
    session = SurveySession(created_s=time.time(), **body.model_dump())
    await run_in_threadpool(service.store.surveys.add_session, session)
    return await _refreshed(service, body.id)


@router.get("/v1/surveys/{session:path}", dependencies=[_MayRead])
async def survey(service: ServiceOf, session: _PathId) -> dict[str, Any]:
    """Return a session with its marks, and how many scans each mark has."""
    return await run_in_threadpool(service.surveys.described, session)


@router.patch("/v1/surveys/{session:path}/marks/{mark}", dependencies=[_MaySurvey])
async def change_mark(
    service: ServiceOf, session: _PathId, mark: Annotated[str, Path(max_length=100)], body: MarkChange
) -> dict[str, Any]:
    """End a mark at the second click, take it back, or take it in again."""
    store = service.store.surveys

    def apply() -> None:
        own = [each.id for each in store.marks_of(store.session(session).id)]
        if mark not in own:
            raise UnknownNameError("mark", mark, own)
        if body.end_s is not None:
            store.end_mark(mark, body.end_s, body.x2_m, body.y2_m)
        if body.undone is not None:
            store.set_undone(mark, body.undone)

    await run_in_threadpool(apply)
    return await _refreshed(service, session)


@router.patch("/v1/surveys/{session:path}", dependencies=[_MaySurvey])
async def change(service: ServiceOf, session: _PathId, body: SessionChange) -> dict[str, Any]:
    """Pause, resume, finish or approve a session, or set its device's clock."""
    store = service.store.surveys

    def apply() -> None:
        if body.clock_offset_s is not None:
            store.set_clock_offset(session, body.clock_offset_s)
        if body.state is not None:
            store.set_state(session, body.state)
            store.adopt_scans(session)

    await run_in_threadpool(apply)
    return await _refreshed(service, session)


@router.post("/v1/surveys/{session:path}/marks", dependencies=[_MaySurvey])
async def add_marks(service: ServiceOf, session: _PathId, body: NewMarks) -> dict[str, Any]:
    """Add marks: the scans that arrive between start and end of a mark were taken there.

    A place that is not named is called as the room that it lies in.
    """
    marks = [Mark(session=session, **mark.model_dump()) for mark in body.marks]

    def add() -> None:
        rooms = RoomOutlines(service.store.rooms.all())
        service.store.surveys.add_marks([_named(mark, rooms) for mark in marks])

    await run_in_threadpool(add)
    return await _refreshed(service, session)


def _named(mark: Mark, rooms: RoomOutlines) -> Mark:
    if mark.kind == "walk" or mark.place or mark.x_m is None or mark.y_m is None:
        return mark
    return replace(mark, place=rooms.room_at(mark.x_m, mark.y_m, mark.floor))


async def _refreshed(service: Service, session: str) -> dict[str, Any]:
    """Tell who listens that a session has changed, and return it."""
    await run_in_threadpool(service.surveys.refresh)
    service.events.publish("survey", session, {"id": session})
    return await run_in_threadpool(service.surveys.described, session)
