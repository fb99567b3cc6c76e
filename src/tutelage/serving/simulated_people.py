"""People who are not there: they walk between surveyed places and hear what the survey heard there."""

from __future__ import annotations

import asyncio
import math
import random
import time
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from tutelage.errors import BadInputError, StoreUnavailableError
from tutelage.serving.batches import TooBusyError
from tutelage.serving.heard_scans import Heard, HeardScan
from tutelage.serving.served_models import ServedModel
from tutelage.serving.service import Service

__all__ = ["SimulatedPerson", "keep_walking"]

_SPEED_M_S = 1.0
_NOISE_DB = 2.0
_REST_S = (5.0, 20.0)
_NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana")
_ONE_FLOOR = 0.8  # share of the walks that stay on their floor


@dataclass
class _Walk:
    """Where a person is and where they go, in rows of the survey."""

    at_m: tuple[float, float]
    goal: int
    rest_s: float = 0.0


class SimulatedPerson:
    """One person with a phone.

    Parameters
    ----------
    model : ServedModel
        In whose survey the person walks.
    seed : int
        The same seed and times give the same walk.

    Raises
    ------
    BadInputError
        If the model keeps no survey with positions.
    """

    def __init__(self, model: ServedModel, seed: int) -> None:
        self._survey = model.survey
        self._rows = np.flatnonzero(self._survey.has_position)
        if not len(self._rows):
            raise BadInputError(f"nobody can walk in model {model.name}: it keeps no survey with positions")
        self._random = random.Random(seed)
        start = self._random.choice(self._rows.tolist())
        self._walk = _Walk(self._place(start), start)

    def scan(self, seconds: float, now_s: float) -> HeardScan:
        """Walk on, and scan.

        Parameters
        ----------
        seconds : float
            Time since the last scan.
        now_s : float
            Time of the scan, in seconds since 1970.

        Returns
        -------
        HeardScan
            What the nearest scan of the survey on this floor heard, with noise of 2 dB.
        """
        self._walk_on(seconds)
        row = self._nearest()
        heard = {
            name: min(-1.0, rss_dbm + self._random.gauss(0.0, _NOISE_DB))
            for name, rss_dbm in self._survey.readings(row).items()
        }
        return HeardScan(heard, now_s)

    def _walk_on(self, seconds: float) -> None:
        walk = self._walk
        if walk.rest_s > 0:
            walk.rest_s -= seconds
            return
        x, y = walk.at_m
        goal_x, goal_y = self._place(walk.goal)
        left_m = math.hypot(goal_x - x, goal_y - y)
        step_m = _SPEED_M_S * seconds
        if left_m > step_m:
            walk.at_m = (x + (goal_x - x) * step_m / left_m, y + (goal_y - y) * step_m / left_m)
            return
        self._walk = _Walk((goal_x, goal_y), self._next_goal(walk.goal), self._random.uniform(*_REST_S))

    def _next_goal(self, row: int) -> int:
        rows = self._rows
        if self._random.random() < _ONE_FLOOR:
            rows = rows[self._same_floor(row)[rows]]
        return int(self._random.choice(rows.tolist()))

    def _nearest(self) -> int:
        rows = self._rows[self._same_floor(self._walk.goal)[self._rows]]
        distance_m = np.hypot(*(self._survey.position_m[rows] - self._walk.at_m).T)
        nearest = rows[distance_m <= distance_m.min() + 1e-6]
        return int(self._random.choice(nearest.tolist()))

    def _same_floor(self, row: int) -> np.ndarray:
        survey = self._survey
        return np.asarray((survey.floor == survey.floor[row]) & (survey.building == survey.building[row]))

    def _place(self, row: int) -> tuple[float, float]:
        x, y = self._survey.position_m[row].tolist()
        return (x, y)


async def keep_walking(service: Service, n_people: int, every_s: float = 1.0) -> None:
    """Let people walk through the first model until the task is cancelled.

    Parameters
    ----------
    service : Service
        What hears their scans.
    n_people : int
        Number of people.
    every_s : float
        Time between two scans of a person, in seconds.
    """
    model = service.models.all()[0]
    people = {
        f"simulated-{_NAMES[i % len(_NAMES)].lower()}-{i + 1}": SimulatedPerson(model, seed=i)
        for i in range(n_people)
    }
    while True:
        now_s = time.time()
        heard = [Heard(name, person.scan(every_s, now_s)) for name, person in people.items()]
        with suppress(TooBusyError, StoreUnavailableError):  # they walk on, as people do
            await service.hear(heard)
        await asyncio.sleep(every_s)
