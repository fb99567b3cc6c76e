"""Finished walks, smoothed in both directions."""

from __future__ import annotations

import numpy as np

from tutelage.errors import BadInputError
from tutelage.serving.tracks.motion import Motion, coordinate_sd_m, motion_noise
from tutelage.serving.tracks.settings import TrackSettings

__all__ = ["smoothed_walk"]


def smoothed_walk(
    times_s: np.ndarray,
    position_m: np.ndarray,
    radius_m: np.ndarray | None = None,
    settings: TrackSettings | None = None,
    *,
    level: float = 0.95,
) -> np.ndarray:
    """Smooth the positions of a walk with what came before and after each (Rauch, Tung and Striebel, 1965).

    Parameters
    ----------
    times_s : numpy.ndarray
        Times of n positions, ascending, in seconds, [n].
    position_m : numpy.ndarray
        Positions in metres, [n, 2]; NaN where there is none.
    radius_m : numpy.ndarray, optional
        Radii that hold the truth with probability `level`, in metres, [n]; NaN where there is none.
    settings : TrackSettings, optional
        How a device moves.
    level : float, default 0.95
        Probability that the radii are made for.

    Returns
    -------
    numpy.ndarray
        Smoothed positions in metres, [n, 2]. Where there was none, on the line between the neighbours; NaN
        before the first and after the last.

    Raises
    ------
    BadInputError
        If lengths differ, or times do not ascend.

    Examples
    --------
    >>> there_and_off = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 3.0], [3.0, 0.0], [4.0, 0.0]])
    >>> smoothed_walk(np.arange(5.0), there_and_off)[2].round() + 0.0
    array([2., 1.])
    """
    settings = settings or TrackSettings()
    n = len(times_s)
    if position_m.shape != (n, 2) or (radius_m is not None and len(radius_m) != n):
        raise BadInputError(
            f"{n} times, positions {position_m.shape} and radii "
            f"{None if radius_m is None else radius_m.shape} do not go together; give one of each a scan"
        )
    if not (np.diff(times_s) > 0).all():
        raise BadInputError("times of a walk must ascend; sort its scans, and leave repeated ones out")
    rows = np.flatnonzero(np.isfinite(position_m).all(axis=1))
    smoothed = np.full((n, 2), np.nan)
    if not len(rows):
        return smoothed
    radius = np.full(n, np.nan) if radius_m is None else radius_m
    sd_m = [coordinate_sd_m(each, level, settings) for each in radius[rows].tolist()]
    states, covariances = _forward(times_s[rows], position_m[rows], sd_m, settings)
    smoothed[rows] = _backward(np.diff(times_s[rows]), states, covariances, settings)
    inner = np.arange(rows[0], rows[-1] + 1)
    for axis in range(2):
        smoothed[inner, axis] = np.interp(times_s[inner], times_s[rows], smoothed[rows, axis])
    return smoothed


def _forward(
    times_s: np.ndarray, position_m: np.ndarray, sd_m: list[float], settings: TrackSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return position and velocity [m, 2, 2] with the covariance of one axis [m, 2, 2], at each time."""
    motion = Motion(settings, float(times_s[0]), float(position_m[0, 0]), float(position_m[0, 1]), sd_m[0])
    states, covariances = [motion.state()], [motion.covariance()]
    for time_s, (x_m, y_m), sd in zip(times_s[1:].tolist(), position_m[1:].tolist(), sd_m[1:], strict=True):
        motion.move(time_s, x_m, y_m, sd)
        states.append(motion.state())
        covariances.append(motion.covariance())
    return np.array(states), np.array(covariances)


def _backward(
    elapsed_s: np.ndarray, states: np.ndarray, covariances: np.ndarray, settings: TrackSettings
) -> np.ndarray:
    """Return positions [m, 2], each corrected by those after it."""
    state = states[-1]
    position_m = [state[0]]
    for k in range(len(elapsed_s) - 1, -1, -1):
        step = np.array([[1.0, elapsed_s[k]], [0.0, 1.0]])
        predicted = step @ covariances[k] @ step.T + motion_noise(float(elapsed_s[k]), settings)
        gain = np.linalg.solve(predicted, step @ covariances[k]).T
        state = states[k] + gain @ (state - step @ states[k])
        position_m.append(state[0])
    return np.array(position_m[::-1])
