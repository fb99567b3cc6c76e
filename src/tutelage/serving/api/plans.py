"""Floor plans and rooms: what the map draws behind the devices."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from tutelage.serving.access import ServiceOf, require
from tutelage.serving.access_keys import Role
from tutelage.serving.api.bodies import exact
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.plan_files import PlanTransform, read_plan
from tutelage.serving.problems import Problem, ProblemError
from tutelage.serving.store import Plan

__all__ = ["PROTOCOL"]

_PathId = Annotated[str, Path(min_length=1, max_length=100)]
_NewId = Annotated[str, Path(min_length=1, max_length=100, pattern="^[^/]+$", description="No slash.")]
_Label = Annotated[str | None, Query(max_length=200)]

router = APIRouter(tags=["plans"])
PROTOCOL = Protocol(router, ("/v1/plans", "/v1/rooms"), batch_paths=("/v1/plans",))
_MayRead = Depends(require(Role.READ))
_MaySurvey = Depends(require(Role.SURVEY))


class RoomName(BaseModel):
    """What a room is called."""

    model_config = exact({"name": "Kitchen"})

    name: str = Field(min_length=1, max_length=200, examples=["Kitchen"])


@router.get("/v1/plans", dependencies=[_MayRead])
async def plans(service: ServiceOf) -> dict[str, Any]:
    """Return the plans, without their content."""
    return {"plans": [vars(plan) for plan in await run_in_threadpool(service.store.plans.all)]}


@router.put("/v1/plans/{plan}/transform", dependencies=[_MaySurvey])
async def place(service: ServiceOf, plan: _PathId, body: Annotated[PlanTransform, Body()]) -> dict[str, Any]:
    """Place an image on the map by two or three of its points."""
    transform = body.solved()
    await run_in_threadpool(service.store.plans.set_transform, plan, transform)
    service.events.publish("plan", plan, {"id": plan})
    return {"id": plan, "transform": transform}


@router.put("/v1/plans/{plan:path}", dependencies=[_MaySurvey])
async def add(
    service: ServiceOf,
    request: Request,
    plan: _NewId,
    name: Annotated[str, Query(min_length=1, max_length=200)],
    floor: _Label = None,
    building: _Label = None,
) -> dict[str, Any]:
    """Add a plan: the body is a PNG, JPEG or WebP image, a GeoJSON file, or a zip file in IMDF.

    Rooms of GeoJSON and IMDF join the rooms of the map.
    """
    content = await request.body()
    frame = service.models.frame_of(building)
    floors = {each for model in service.models.all() for each in model.card.get("floors") or ()}
    read = await run_in_threadpool(read_plan, content, plan, frame, floor, building, floors, name=name)
    row = Plan(plan, name, read.kind, read.media_type, time.time(), building, floor)

    def keep() -> bool:
        service.store.rooms.add(read.rooms)
        return service.store.plans.add(row, content)

    is_new = await run_in_threadpool(keep)
    service.events.publish("plan", plan, {"id": plan})
    return {**vars(row), "is_new": is_new, "n_rooms": len(read.rooms)}


@router.get("/v1/plans/{plan}/content", dependencies=[_MayRead])
async def content(service: ServiceOf, plan: _PathId) -> Response:
    """Return the file of a plan."""
    rows = {row.id: row for row in await run_in_threadpool(service.store.plans.all)}
    file = await run_in_threadpool(service.store.plans.content, plan)
    if file is None or plan not in rows:
        raise ProblemError(_no("plan", plan))
    headers = {"Cache-Control": "private, max-age=86400"}  # a plan never changes; its floors change often
    return Response(file, media_type=rows[plan].media_type, headers=headers)


@router.delete("/v1/plans/{plan}", dependencies=[_MaySurvey])
async def remove(service: ServiceOf, plan: _PathId) -> dict[str, str]:
    """Remove a plan. Its rooms stay."""
    if not await run_in_threadpool(service.store.plans.remove, plan):
        raise ProblemError(_no("plan", plan))
    service.events.publish("plan", plan, {"id": plan})
    return {"id": plan}


@router.get("/v1/rooms", dependencies=[_MayRead])
async def rooms(service: ServiceOf) -> dict[str, Any]:
    """Return the rooms, with their outlines in the coordinates of the survey."""
    return {"rooms": [vars(room) for room in await run_in_threadpool(service.store.rooms.all)]}


@router.patch("/v1/rooms/{room}", dependencies=[_MaySurvey])
async def rename(service: ServiceOf, room: _PathId, body: RoomName) -> dict[str, str]:
    """Give a room a name."""
    await run_in_threadpool(service.store.rooms.rename, room, body.name)
    service.events.publish("room", room, {"id": room, "name": body.name})
    return {"id": room, "name": body.name}


def _no(kind: str, name: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"there is no {kind} {name!r}", "notFound")
