"""Where a device is and how it moves: a Kalman filter with a bound on speed."""

from __future__ import annotations

import math

import numpy as np

from tutelage.serving.tracks.settings import TrackSettings

__all__ = ["Motion", "coordinate_sd_m", "motion_noise"]

_ALIKE = 1.5
_LEAST_SD_M = 0.1
_START_SPEED_SD = 0.5  # metres a second along each axis, before a device was seen to move


def coordinate_sd_m(radius_m: float | None, level: float | None, settings: TrackSettings) -> float:
    """Return the standard deviation of each coordinate whose normal cloud has a radius, times 1.5.

    Errors of consecutive scans are alike (their correlation is 0.67 on WiFine's validation walks), so an
    answer says less than its radius does.

    Parameters
    ----------
    radius_m : float or None
        Radius that holds the truth with probability `level`, in metres; None if unknown.
    level : float or None
        The probability, in (0, 1).
    settings : TrackSettings
        `position_sd_m` stands for an unknown radius.

    Returns
    -------
    float
        Standard deviation in metres, at least a tenth of a metre.

    Examples
    --------
    >>> round(coordinate_sd_m(4.9, 0.95, TrackSettings()), 2)
    3.0
    """
    if radius_m is None or level is None or not math.isfinite(radius_m):
        return settings.position_sd_m
    return max(_ALIKE * radius_m / math.sqrt(-2.0 * math.log1p(-level)), _LEAST_SD_M)


def motion_noise(elapsed_s: float, settings: TrackSettings) -> np.ndarray:
    """Return by how much position and velocity become less sure in a time.

    Parameters
    ----------
    elapsed_s : float
        The time in seconds.
    settings : TrackSettings
        `acceleration_m_s2`.

    Returns
    -------
    numpy.ndarray
        What is added to the covariance of position and velocity along an axis, [2, 2].
    """
    noise = settings.acceleration_m_s2**2 * elapsed_s
    mixed = noise * elapsed_s / 2
    return np.array([[noise * elapsed_s**2 / 3, mixed], [mixed, noise]])


class Motion:
    """A position with a velocity: both axes alike and independent, so one covariance serves both.

    Velocity is a random walk (constant-velocity model). An answer farther from where it is expected than
    `gate` standard deviations gets the variance at which it would lie just there. The shown position is where
    the device is by now, as readings are heard before a scan is complete. It never moves faster than the
    highest speed: of a longer step, only the part that the time allows is made.

    Parameters
    ----------
    settings : TrackSettings
        Speed, acceleration, gate and lag.
    time_s : float
        When the device was first heard, in seconds.
    x_m, y_m : float
        Where, in metres.
    sd_m : float
        Standard deviation of each coordinate, in metres.

    Attributes
    ----------
    x_m, y_m : float
        The shown position in metres.
    """

    def __init__(self, settings: TrackSettings, time_s: float, x_m: float, y_m: float, sd_m: float) -> None:
        self._settings = settings
        self._time_s = time_s
        self.x_m = self._x = x_m
        self.y_m = self._y = y_m
        self._vx = self._vy = 0.0
        # Covariance of one axis: position, position with velocity, velocity.
        self._pp, self._pv, self._vv = sd_m * sd_m, 0.0, _START_SPEED_SD**2

    @property
    def speed_m_s(self) -> float:
        """Speed in metres a second."""
        return math.hypot(self._vx, self._vy)

    @property
    def course_deg(self) -> float:
        """Direction of the velocity in degrees, clockwise from the y axis (north), in [0, 360)."""
        return math.degrees(math.atan2(self._vx, self._vy)) % 360.0

    def state(self) -> list[list[float]]:
        """Return position and velocity at the time of the readings, x and y each, in metres and seconds."""
        return [[self._x, self._y], [self._vx, self._vy]]

    def covariance(self) -> list[list[float]]:
        """Return the covariance of position and velocity along an axis."""
        return [[self._pp, self._pv], [self._pv, self._vv]]

    def move(self, time_s: float, x_m: float, y_m: float, sd_m: float) -> float:
        """Take a measured position in.

        Parameters
        ----------
        time_s : float
            When it was measured, later than the last one, in seconds.
        x_m, y_m : float
            The position in metres.
        sd_m : float
            Standard deviation of each coordinate, in metres.

        Returns
        -------
        float
            Share of the measured position in the new one, in (0, 1].
        """
        elapsed = time_s - self._time_s
        self.wait(time_s)
        self._x += self._vx * elapsed
        self._y += self._vy * elapsed
        off_x, off_y = x_m - self._x, y_m - self._y
        variance = sd_m * sd_m
        excess = (off_x * off_x + off_y * off_y) / ((self._pp + variance) * self._settings.gate**2)
        variance *= max(1.0, excess)
        total = self._pp + variance
        gain, velocity_gain = self._pp / total, self._pv / total
        self._x += gain * off_x
        self._y += gain * off_y
        self._vx += velocity_gain * off_x
        self._vy += velocity_gain * off_y
        self._vv -= velocity_gain * self._pv
        self._pv *= 1.0 - gain
        self._pp *= 1.0 - gain
        self._limit_speed()
        self._show(elapsed)
        return gain

    def wait(self, time_s: float) -> None:
        """Let time pass without a measured position: the device stays, and is less sure.

        Parameters
        ----------
        time_s : float
            The present time, in seconds.
        """
        elapsed = time_s - self._time_s
        noise = self._settings.acceleration_m_s2**2 * elapsed
        self._pp += 2 * elapsed * self._pv + elapsed**2 * self._vv + noise * elapsed**2 / 3
        self._pv += elapsed * self._vv + noise * elapsed / 2
        self._vv += noise
        self._time_s = time_s

    def _limit_speed(self) -> None:
        speed, highest = self.speed_m_s, self._settings.max_speed_m_s
        if speed > highest:
            self._vx *= highest / speed
            self._vy *= highest / speed

    def _show(self, elapsed: float) -> None:
        dx = self._x + self._vx * self._settings.scan_lag_s - self.x_m
        dy = self._y + self._vy * self._settings.scan_lag_s - self.y_m
        length, longest = math.hypot(dx, dy), self._settings.max_speed_m_s * elapsed
        part = longest / length if length > longest else 1.0
        self.x_m += dx * part
        self.y_m += dy * part
