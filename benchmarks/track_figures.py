"""Figures of tracks: how near, how steady and how late they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tutelage.serving.answers import Answer

__all__ = ["Estimate", "Walk", "track_figures"]

_JUMP_M = 5.0
_FLAP_S = 30.0
_STANDING_M = 0.1  # a shorter step of the truth
_STANDING_STEPS = 3  # so many in a row


class Estimate(NamedTuple):
    """Where a walk was at each of its n scans.

    Attributes
    ----------
    position_m : numpy.ndarray
        Positions in metres, [n, 2].
    floor, place : numpy.ndarray
        Labels, [n] str.
    radius_m : numpy.ndarray or None
        Radii that should hold the truth, [n]; NaN where there is none.
    """

    position_m: np.ndarray
    floor: np.ndarray
    place: np.ndarray
    radius_m: np.ndarray | None = None


class Walk(NamedTuple):
    """A walk whose every scan has a raw answer.

    Attributes
    ----------
    name : str
        Its name.
    answers : list of Answer
        Answers to the n scans in the order of their times.
    truth : Estimate
        Where it was.
    """

    name: str
    answers: list[Answer]
    truth: Estimate

    @property
    def time_s(self) -> np.ndarray:
        """Times of the scans in seconds, [n]."""
        return np.array([answer.time_s for answer in self.answers])


def track_figures(walks: Sequence[Walk], estimates: Sequence[Estimate]) -> dict[str, float]:
    """Measure the estimates of some walks.

    Parameters
    ----------
    walks, estimates : sequence
        Walks, and what a track makes of each.

    Returns
    -------
    dict of str to float
        `mean_m` and `p95_m` of the error. `jumps`, `floor_switches`, `place_switches` and `place_flaps` (to
        a place and back within half a minute) an hour. Shares
        `floor_right` and `place_right`. `standing_m`, the distance from their mean (root mean square) while
        a walk stands. `lag_s`, the time by which the position is behind along the way. `floor_lag_s`, the
        mean time after a change of floor until it is said. `coverage` of the radii. NaN where a figure has
        nothing to measure.
    """
    pairs = [*zip(walks, estimates, strict=True)]
    hours = sum(walk.time_s[-1] - walk.time_s[0] for walk in walks) / 3600
    error_m = _joined(pairs, lambda walk, said: _length(said.position_m - walk.truth.position_m))
    step_m = _joined(pairs, lambda _, said: _length(np.diff(said.position_m, axis=0)))
    return {
        "mean_m": float(error_m.mean()),
        "p95_m": float(np.percentile(error_m, 95)),
        "jumps": float((step_m > _JUMP_M).sum() / hours),
        "floor_switches": float(sum(_n_switches(said.floor) for said in estimates) / hours),
        "place_switches": float(sum(_n_switches(said.place) for said in estimates) / hours),
        "place_flaps": float(sum(_n_flaps(walk.time_s, said.place) for walk, said in pairs) / hours),
        "floor_right": float(_joined(pairs, lambda walk, said: said.floor == walk.truth.floor).mean()),
        "place_right": float(_joined(pairs, lambda walk, said: said.place == walk.truth.place).mean()),
        "standing_m": float(np.sqrt(_mean(_joined(pairs, _standing_squares)))),
        "lag_s": _lag_s(pairs),
        "floor_lag_s": _mean(_joined(pairs, _floor_lags)),
        "coverage": _mean(_joined(pairs, _inside)),
    }


def _joined(
    pairs: Sequence[tuple[Walk, Estimate]], figure: Callable[[Walk, Estimate], np.ndarray]
) -> np.ndarray:
    return np.concatenate([figure(walk, said) for walk, said in pairs])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _length(vector_m: np.ndarray) -> np.ndarray:
    return np.asarray(np.hypot(*vector_m.T))


def _n_switches(labels: np.ndarray) -> int:
    return int((labels[1:] != labels[:-1]).sum())


def _n_flaps(time_s: np.ndarray, place: np.ndarray) -> int:
    """Count stays of less than half a minute between two stays in one other place."""
    starts = np.flatnonzero(np.append(True, place[1:] != place[:-1]))
    stay_s, stay_place = np.diff(time_s[starts]), place[starts]
    return int(((stay_s[1:] < _FLAP_S) & (stay_place[:-2] == stay_place[2:])).sum())


def _standing_squares(walk: Walk, said: Estimate) -> np.ndarray:
    """Return squared distances to the mean of each stay, one a scan of a stay."""
    stands = _length(np.diff(walk.truth.position_m, axis=0)) < _STANDING_M
    ends = np.flatnonzero(np.diff(np.concatenate([[False], stands, [False]]).astype(int)))
    squares = [np.empty(0)]
    for first, last in ends.reshape(-1, 2).tolist():
        if last - first >= _STANDING_STEPS:
            stay = said.position_m[first : last + 1]
            squares.append(((stay - stay.mean(axis=0)) ** 2).sum(axis=1))
    return np.concatenate(squares)


def _lag_s(pairs: Sequence[tuple[Walk, Estimate]]) -> float:
    """Return the time by which positions must be moved on along the way, by least squares."""
    behind = speed = 0.0
    for walk, said in pairs:
        true_m = walk.truth.position_m
        velocity = np.diff(true_m, axis=0) / np.diff(walk.time_s)[:, None]
        behind += float((velocity * (true_m - said.position_m)[1:]).sum())
        speed += float((velocity**2).sum())
    return behind / speed


def _floor_lags(walk: Walk, said: Estimate) -> np.ndarray:
    """Return the seconds after each change of the true floor until it is said, or until it is over."""
    true = walk.truth.floor
    changes = np.flatnonzero(true[1:] != true[:-1]) + 1
    ends = np.append(changes, len(true))[1:]
    lags = []
    for first, end in zip(changes.tolist(), ends.tolist(), strict=True):
        right = np.flatnonzero(said.floor[first:end] == true[first])
        at = first + int(right[0]) if len(right) else end - 1
        lags.append(walk.time_s[at] - walk.time_s[first])
    return np.array(lags)


def _inside(walk: Walk, said: Estimate) -> np.ndarray:
    if said.radius_m is None:
        return np.empty(0)
    known = np.isfinite(said.radius_m)
    return (_length(said.position_m - walk.truth.position_m) <= said.radius_m)[known]
