"""What the benchmark of tracks sets side by side: our tracks, and what others do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from benchmarks.track_figures import Estimate, Walk
from tutelage.serving.answers import Answer
from tutelage.serving.tracks import Track, TrackPoint, smoothed_walk

__all__ = ["CELL_M", "COMPARED", "Cells", "cell_names"]

CELL_M = 5.0
_AVERAGE_SHARE = 0.7  # of a new answer: halves the jumps of WiFine's validation walks
_CLICK_EVERY = 16  # scans, a minute and a half
_CLICK_RADIUS_M = 0.5
# ESPresense-companion's defaults.
_PROCESS_NOISE = 0.01
_MEASUREMENT_NOISE = 0.1
_MAX_VELOCITY = 0.5
_KEPT_PROBABILITY = 0.7


def cell_names(floor: np.ndarray, position_m: np.ndarray) -> np.ndarray:
    """Return the square cell of a floor in which each position lies.

    Parameters
    ----------
    floor : numpy.ndarray
        Floors, [n] str.
    position_m : numpy.ndarray
        Positions in data-set metres, [n, 2].

    Returns
    -------
    numpy.ndarray
        Names, [n] str.
    """
    cell = np.floor(position_m / CELL_M).astype(int)
    return np.array([f"{f} {x} {y}" for f, (x, y) in zip(floor.tolist(), cell.tolist(), strict=True)])


class Cells:
    """Square cells as rooms with outlines."""

    def room_at(self, x_m: float, y_m: float, floor: str | None) -> str | None:
        """Return the cell of a position."""
        return str(cell_names(np.array([floor]), np.array([[x_m, y_m]]))[0])

    def distance_m(self, room: str, x_m: float, y_m: float, floor: str | None) -> float:
        """Return the distance to a cell in metres."""
        of_floor, *corner = room.split(" ")
        if of_floor != floor:
            return float("inf")
        off_m = np.array([x_m, y_m]) - CELL_M * np.array(corner, dtype=float)
        return float(np.hypot(*np.maximum(np.maximum(-off_m, off_m - CELL_M), 0.0)))


def _raw(walk: Walk) -> Estimate:
    return _estimate(walk.answers)


def _truth(walk: Walk) -> Estimate:
    return walk.truth


def _smoothed(walk: Walk) -> Estimate:
    track = Track()
    return _estimate(track.add(answer) for answer in walk.answers)


def _in_outlines(walk: Walk) -> Estimate:
    track = Track(rooms={"knn": Cells()})
    return _estimate(track.add(answer) for answer in walk.answers)


def _afterwards(walk: Walk) -> Estimate:
    raw = _raw(walk)
    position_m = smoothed_walk(walk.time_s, raw.position_m, raw.radius_m)
    return Estimate(position_m, raw.floor, cell_names(raw.floor, position_m))


def _clicked(walk: Walk, *, smooths: bool) -> Estimate:
    """Place a survey walk whose surveyor clicks now and then: on the line between two clicks, or smoothed."""
    raw, time_s, clicked_m = _raw(walk), walk.time_s, walk.truth.position_m
    position_m = clicked_m.copy()
    for first in range(0, len(time_s) - 1, _CLICK_EVERY):
        rows = np.arange(first, min(first + _CLICK_EVERY, len(time_s) - 1) + 1)
        known = rows if smooths else rows[[0, -1]]
        place_m, radius_m = raw.position_m[known].copy(), raw.radius_m[known].copy()
        place_m[[0, -1]], radius_m[[0, -1]] = clicked_m[rows[[0, -1]]], _CLICK_RADIUS_M
        if smooths:
            place_m = smoothed_walk(time_s[known], place_m, radius_m)
        for axis in range(2):
            position_m[rows, axis] = np.interp(time_s[rows], time_s[known], place_m[:, axis])
    return Estimate(position_m, raw.floor, cell_names(raw.floor, position_m))


def _averaged(walk: Walk) -> Estimate:
    raw = _raw(walk)
    position_m = raw.position_m.copy()
    for k in range(1, len(position_m)):
        position_m[k] = position_m[k - 1] + _AVERAGE_SHARE * (position_m[k] - position_m[k - 1])
    return Estimate(position_m, raw.floor, cell_names(raw.floor, position_m))


def _as_companion(walk: Walk) -> Estimate:
    """Filter as ESPresense-companion does with its defaults.

    Its process noise is that of a constant acceleration, divided by the confidence, which is 100 here.
    Measurements that would need more than the highest speed count less, by the square of the excess. Floors
    are its scenarios: each keeps a part of its probability.
    """
    raw, time_s = _raw(walk), walk.time_s
    state = np.array([raw.position_m[0], [0.0, 0.0]])
    covariance = np.eye(2)
    position_m, floor = [raw.position_m[0]], [raw.floor[0]]
    probability = {str(raw.floor[0]): 1.0}
    for k in range(1, len(time_s)):
        elapsed = time_s[k] - time_s[k - 1]
        excess = np.hypot(*(raw.position_m[k] - state[0])) / (_MAX_VELOCITY * elapsed)
        step = np.array([[1.0, elapsed], [0.0, 1.0]])
        push = np.array([elapsed**2 / 2, elapsed])
        covariance = step @ covariance @ step.T + _PROCESS_NOISE * np.outer(push, push)
        state = _slowed(step @ state)
        gain = covariance[:, 0] / (covariance[0, 0] + _MEASUREMENT_NOISE * max(1.0, excess) ** 2)
        state = _slowed(state + np.outer(gain, raw.position_m[k] - state[0]))
        covariance = covariance - np.outer(gain, covariance[0])
        probability = {name: _KEPT_PROBABILITY * share for name, share in probability.items()}
        now = str(raw.floor[k])
        probability[now] = probability.get(now, 0.0) + 1.0 - _KEPT_PROBABILITY
        position_m.append(state[0])
        floor.append(max(probability, key=probability.__getitem__))
    return Estimate(np.array(position_m), np.array(floor), cell_names(np.array(floor), np.array(position_m)))


def _slowed(state: np.ndarray) -> np.ndarray:
    speed = np.hypot(*state[1])
    return state if speed <= _MAX_VELOCITY else np.array([state[0], state[1] * _MAX_VELOCITY / speed])


def _estimate(points: Iterable[Answer | TrackPoint]) -> Estimate:
    points = [*points]
    return Estimate(
        np.array([[point.x_m, point.y_m] for point in points], dtype=float),
        np.array([point.floor or "" for point in points]),
        np.array([point.place or "" for point in points]),
        np.array([point.radius_m for point in points], dtype=float),
    )


COMPARED: dict[str, Callable[[Walk], Estimate]] = {
    "truth": _truth,
    "raw": _raw,
    "smoothed": _smoothed,
    "outlines": _in_outlines,
    "average": _averaged,
    "companion": _as_companion,
    "afterwards": _afterwards,
    "line": partial(_clicked, smooths=False),
    "clicked": partial(_clicked, smooths=True),
}
"""By the name in results/tracks.csv. `outlines` are our tracks with cells as rooms with outlines."""
