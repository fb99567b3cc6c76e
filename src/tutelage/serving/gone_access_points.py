"""Access points that the survey heard where devices are now, and that nobody hears any more.

The survey is divided into squares of 4 m. In a square, an access point is expected if at least 80 % of the
scans (four or more) heard it, with a mean of -75 dBm or more. A located scan in the square misses it if it
hears another one that is at least 5 dB weaker than the expected mean: a phone that reports only the strongest
access points misses nothing by that.

An access point is gone after 20 missing scans in 3 squares, if no scan anywhere has heard it since the first
of them. One scan that hears it starts the count anew. What only some devices can hear (5 GHz) seems gone
while none of these is about.
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from tutelage.runtime.access_point_names import normalised_name
from tutelage.runtime.survey_map import SurveyMap
from tutelage.serving.answers import Answer
from tutelage.serving.heard_scans import HeardScan
from tutelage.serving.served_models import ServedModel

__all__ = ["GoneAccessPoint", "GoneAccessPoints", "Square"]

SQUARE_M = 4.0
_LEAST_SCANS = 4
_LEAST_SHARE = 0.8
_LEAST_DBM = -75.0
_WEAKER_DB = 5.0
_MOST_SCANS = 64  # of a batch: the others would say the same
_MISSING_SCANS = 20
_MISSING_SQUARES = 3


class Square(NamedTuple):
    """A square of 4 m on a floor.

    Attributes
    ----------
    building, floor : str
        Labels of the survey; "" for none.
    column, row : int
        Number of the square along x and y.
    """

    building: str
    floor: str
    column: int
    row: int

    @classmethod
    def at(cls, x_m: float, y_m: float, floor: str | None, building: str | None) -> Square:
        """Return the square that a position lies in."""
        return cls(building or "", floor or "", math.floor(x_m / SQUARE_M), math.floor(y_m / SQUARE_M))

    @property
    def centre_m(self) -> tuple[float, float]:
        """Its centre, in metres."""
        return ((self.column + 0.5) * SQUARE_M, (self.row + 0.5) * SQUARE_M)


class GoneAccessPoint(NamedTuple):
    """An access point that nobody hears any more.

    Attributes
    ----------
    name : str
        Its name in the model.
    n_missed : int
        Number of scans that should have heard it.
    since_s : float
        Time of the first of them, in seconds since 1970.
    squares : tuple of Square
        Where they were taken.
    """

    name: str
    n_missed: int
    since_s: float
    squares: tuple[Square, ...]


@dataclass
class _Missed:
    since_s: float
    n_scans: int = 0
    squares: set[Square] = field(default_factory=set)


class _Watch:
    """What is expected of the access points of one model, and which of them are missed."""

    def __init__(self, model: ServedModel) -> None:
        self.names = {normalised_name(name): name for name in model.runtime.access_points}
        self.expected_dbm = _expected(model.survey)
        self.missed: dict[str, _Missed] = {}

    def note(self, scan: HeardScan, answer: Answer) -> None:
        heard = {self.names[name] for name in map(normalised_name, scan.rss_dbm) if name in self.names}
        for name in heard & self.missed.keys():
            del self.missed[name]
        if answer.x_m is None or answer.y_m is None or not scan.rss_dbm:
            return
        square = Square.at(answer.x_m, answer.y_m, answer.floor, answer.building)
        weakest_dbm = min(scan.rss_dbm.values())
        for name, mean_dbm in self.expected_dbm.get(square, {}).items():
            if name not in heard and weakest_dbm <= mean_dbm - _WEAKER_DB:
                missed = self.missed.setdefault(name, _Missed(answer.time_s))
                missed.n_scans += 1
                missed.squares.add(square)


class GoneAccessPoints:
    """Watches the scans that a service locates. What it knows is bounded by the surveys of the models."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watches: WeakKeyDictionary[ServedModel, _Watch] = WeakKeyDictionary()

    def note(
        self, models: Iterable[ServedModel], scans: Sequence[HeardScan], answers: Sequence[Answer]
    ) -> None:
        """Take note of scans that models located: of many at once, the first 64.

        Parameters
        ----------
        models : iterable of ServedModel
            The models.
        scans : sequence of HeardScan
            The scans.
        answers : sequence of Answer
            The answer to each.
        """
        by_name = {model.name: model for model in models}
        with self._lock:
            for scan, answer in zip(scans[:_MOST_SCANS], answers[:_MOST_SCANS], strict=True):
                if answer.model in by_name:
                    self._watch(by_name[answer.model]).note(scan, answer)

    def of(self, model: ServedModel) -> list[GoneAccessPoint]:
        """Return the access points of a model that are gone, the one that most scans missed first."""
        with self._lock:
            gone = [
                GoneAccessPoint(name, missed.n_scans, missed.since_s, tuple(sorted(missed.squares)))
                for name, missed in self._watch(model).missed.items()
                if missed.n_scans >= _MISSING_SCANS and len(missed.squares) >= _MISSING_SQUARES
            ]
        return sorted(gone, key=lambda each: (-each.n_missed, each.name))

    def _watch(self, model: ServedModel) -> _Watch:
        if model not in self._watches:
            self._watches[model] = _Watch(model)
        return self._watches[model]


def _expected(survey: SurveyMap) -> dict[Square, dict[str, float]]:
    """Return the mean in dBm of the access points that are expected in each square."""
    rows: dict[Square, list[int]] = defaultdict(list)
    labels = zip(survey.position_m.tolist(), survey.floor.tolist(), survey.building.tolist(), strict=True)
    has_position = survey.has_position.tolist()
    for row, ((x_m, y_m), floor, building) in enumerate(labels):
        if has_position[row]:
            rows[Square.at(x_m, y_m, floor, building)].append(row)
    return {
        square: _often_heard(survey, its_rows)
        for square, its_rows in rows.items()
        if len(its_rows) >= _LEAST_SCANS
    }


def _often_heard(survey: SurveyMap, rows: list[int]) -> dict[str, float]:
    readings: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for name, rss_dbm in survey.readings(row).items():
            readings[name].append(rss_dbm)
    means = {
        name: float(np.mean(rss_dbm))
        for name, rss_dbm in readings.items()
        if len(rss_dbm) >= _LEAST_SHARE * len(rows)
    }
    return {name: mean_dbm for name, mean_dbm in means.items() if mean_dbm >= _LEAST_DBM}
