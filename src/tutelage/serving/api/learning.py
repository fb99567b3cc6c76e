"""Models from surveys by click: begin a job, follow it, and let its model answer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from tutelage.serving.access import ServiceOf, require
from tutelage.serving.access_keys import Role
from tutelage.serving.api.bodies import exact
from tutelage.serving.api.locate import Name
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.api.surveys import LONGEST_ID

__all__ = ["PROTOCOL"]

_MayRead = Depends(require(Role.READ))
_MayAdmin = Depends(require(Role.ADMIN))

router = APIRouter(tags=["learning"])
PROTOCOL = Protocol(router, ("/v1/learn", "/v1/jobs"))


class LearnRequest(BaseModel):
    """Sessions to learn from."""

    model_config = exact({"sessions": ["4f7d"], "name": "office-2", "replaces": "office", "method": "knn"})

    sessions: list[Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]] = Field(
        min_length=1, max_length=1000
    )
    name: str = Field(
        pattern=r"^[\w][\w .-]{0,99}$", description="Name of the new model.", examples=["office-2"]
    )
    replaces: Name | None = Field(default=None, description="The model in use to compare with.")
    method: str = Field(default="knn", pattern=r"^[a-z_]{1,40}$", description="A method of tutelage fit.")
    smooth_walks: bool = Field(
        default=False,
        description="For walks that turned or paused: their scans are placed by the answers of the model in "
        "use, smoothed in both directions between the two clicks.",
    )


@router.post("/v1/learn", dependencies=[_MayAdmin])
async def learn(service: ServiceOf, request: LearnRequest) -> dict[str, Any]:
    """Begin to learn a model from surveyed scans. Its progress comes as events of kind job."""
    job = service.learning.begin(
        request.sessions, request.name, request.replaces, request.method, smooth_walks=request.smooth_walks
    )
    return job.as_json()


@router.get("/v1/jobs", dependencies=[_MayRead])
async def jobs(service: ServiceOf) -> dict[str, Any]:
    """Return all jobs since the start of the service, the newest first."""
    return {"jobs": [job.as_json() for job in service.learning.jobs()]}


@router.post("/v1/jobs/{job}/go-live", dependencies=[_MayAdmin])
async def go_live(service: ServiceOf, job: Annotated[str, Path(max_length=100)]) -> dict[str, Any]:
    """Let the model of a job answer from now on."""
    return (await service.learning.go_live(job)).as_json()
