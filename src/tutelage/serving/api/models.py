"""The models of the service, where they were surveyed, and how well they locate."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Path, Query
from fastapi.concurrency import run_in_threadpool

from tutelage.errors import UnknownNameError
from tutelage.runtime.survey_map import SurveyedPlaces
from tutelage.serving.access import ServiceOf, require
from tutelage.serving.access_keys import Role
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.expected_errors import ExpectedErrors
from tutelage.serving.problems import Problem, ProblemError
from tutelage.serving.served_models import ServedModel
from tutelage.serving.service import Service

__all__ = ["PROTOCOL"]

router = APIRouter(tags=["models"])
PROTOCOL = Protocol(router, ("/v1/models",))
_MayRead = Depends(require(Role.READ))
_Name = Annotated[str, Path(max_length=200)]
_Label = Annotated[str | None, Query(max_length=200)]
_expected_errors = ExpectedErrors()


@router.get("/v1/models", dependencies=[_MayRead])
async def models(service: ServiceOf) -> dict[str, Any]:
    """Return the models, each with the accuracy that was measured when it was fitted."""
    return {"models": [_described(model) for model in service.models.all()]}


@router.get("/v1/models/{name}/survey", dependencies=[_MayRead])
async def survey(
    service: ServiceOf, name: _Name, floor: _Label = None, building: _Label = None
) -> dict[str, Any]:
    """Return where a model's survey was taken, and how many scans there are at each place."""
    survey_map = _model(service, name).survey
    places, _ = survey_map.places(survey_map.on(floor, building))
    return {"places": _records(places, n_scans=places.n_scans.tolist())}


@router.get("/v1/models/{name}/access-points", dependencies=[_MayRead])
async def access_points(service: ServiceOf, name: _Name) -> dict[str, Any]:
    """Return the names of the access points that a model knows."""
    return {"access_points": [*_model(service, name).runtime.access_points]}


@router.get("/v1/models/{name}/radio-map", dependencies=[_MayRead])
async def radio_map(
    service: ServiceOf,
    name: _Name,
    access_point: Annotated[str, Query(max_length=200)],
    floor: _Label = None,
    building: _Label = None,
) -> dict[str, Any]:
    """Return how strongly the survey heard one access point: the mean at each place that heard it."""
    survey_map = _model(service, name).survey
    if access_point not in survey_map.access_points:
        message = f"model {name} knows no access point {access_point!r}"
        raise ProblemError(Problem(HTTPStatus.NOT_FOUND, message, "notFound"))
    rss_dbm = survey_map.heard(access_point)
    chosen = survey_map.on(floor, building) & np.isfinite(rss_dbm)
    places, place_of = survey_map.places(chosen)
    mean_dbm = np.bincount(place_of, rss_dbm[chosen], len(places.n_scans)) / places.n_scans
    return {"places": _records(places, rss_dbm=mean_dbm.round(1).tolist())}


@router.get("/v1/models/{name}/expected-error", dependencies=[_MayRead])
async def expected_error(
    service: ServiceOf, name: _Name, floor: _Label = None, building: _Label = None
) -> dict[str, Any]:
    """Return how large an error a model expects at the places of its survey, 2,000 of them at most.

    The model locates what the survey heard there. The first request for a model takes some seconds.
    """
    level = service.settings.level
    expected = await run_in_threadpool(_expected_errors.of, _model(service, name), level)
    records = _records(expected.places, radius_m=expected.radius_m.round(2).tolist())
    known = [
        record
        for record in records
        if np.isfinite(record["radius_m"])
        and (floor is None or record["floor"] == floor)
        and (building is None or record["building"] == building)
    ]
    return {"level": level, "places": known}


@router.get("/v1/models/{name}/gone-access-points", dependencies=[_MayRead])
async def gone_access_points(service: ServiceOf, name: _Name) -> dict[str, Any]:
    """Return the access points that should be heard where devices were located lately, but are not.

    Counted since the model was loaded.
    """
    gone = await run_in_threadpool(service.gone_access_points.of, _model(service, name))
    return {
        "access_points": [
            {
                "access_point": each.name,
                "n_missed": each.n_missed,
                "since_s": each.since_s,
                "places": [
                    {
                        "x_m": square.centre_m[0],
                        "y_m": square.centre_m[1],
                        "floor": square.floor or None,
                        "building": square.building or None,
                    }
                    for square in each.squares
                ],
            }
            for each in gone
        ]
    }


def _records(places: SurveyedPlaces, **columns: list[Any]) -> list[dict[str, Any]]:
    """Return a dictionary for each place."""
    return [
        {
            "x_m": x,
            "y_m": y,
            "floor": floor or None,
            "building": building or None,
            **{name: values[i] for name, values in columns.items()},
        }
        for i, ((x, y), floor, building) in enumerate(
            zip(places.position_m.tolist(), places.floor.tolist(), places.building.tolist(), strict=True)
        )
    ]


def _model(service: Service, name: str) -> ServedModel:
    try:
        return service.models.get(name)
    except UnknownNameError as error:
        raise ProblemError(Problem(HTTPStatus.NOT_FOUND, str(error), "notFound")) from error


def _described(model: ServedModel) -> dict[str, Any]:
    card = model.card
    radii = card.get("calibration", {})
    places = card.get("place_calibration", {})
    return {
        "name": model.name,
        "method": card["method"],
        "n_access_points": len(card["access_points"]),
        "has_coordinates": card.get("coordinates", True),
        "epsg": card["frame"]["epsg"],
        "floors": card.get("floors") or [],
        "buildings": card.get("buildings") or [],
        "places": card.get("places") or [],
        "held_out_mae_m": radii.get("held_out_mae_m"),
        "held_out_hit": places.get("held_out_hit"),
        "held_out": radii.get("held_out") or places.get("held_out"),
        "unsaid": radii.get("unsaid") or places.get("unsaid"),
        "extent_m": model.survey.extent_m,
    }
