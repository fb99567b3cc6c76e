"""When a device leaves a place: tolerance, timeout and delay as omlox means them."""

from __future__ import annotations

import math
from enum import Enum

from tutelage.serving.tracks.settings import TrackSettings

__all__ = ["PlaceWatch", "Standing"]


class Standing(Enum):
    """How a device stands to the place that it is said to be in."""

    INSIDE = "inside"
    TOLERATED = "within the tolerance"
    OUTSIDE = "outside"


class PlaceWatch:
    """The place of a device, kept until the device has left it.

    A device has left its place once it was outside for `exit_delay_s`, or not inside for
    `tolerance_timeout_s`, from the first such answer on. Coming back inside starts both anew, coming back
    within the tolerance the delay alone. The device is then where answers say, or in no place. From no place
    it enters a place at once. Two changes are never closer than `exit_delay_s`.

    Parameters
    ----------
    settings : TrackSettings
        Delay and timeout.
    place : str or None
        The first place.
    time_s : float
        When the device was first there, in seconds.
    """

    def __init__(self, settings: TrackSettings, place: str | None, time_s: float) -> None:
        self._settings = settings
        self._enter(place, time_s)

    def _enter(self, place: str | None, time_s: float) -> None:
        self.place = place
        self._away_since = math.inf  # first answer of those that are not inside
        self._outside_since = time_s if place is None else math.inf

    def update(self, time_s: float, other: str | None, standing: Standing) -> str:
        """Take in where the device is said to be.

        Parameters
        ----------
        time_s : float
            When, in seconds; later than the update before.
        other : str or None
            The place that the answers name; None for outside every place.
        standing : Standing
            How the device stands to its present place.

        Returns
        -------
        str
            Why the place changed, or did not though the answers name another; "" otherwise.
        """
        if standing is Standing.INSIDE or other == self.place:
            self._stay()
            return ""
        self._away_since = min(self._away_since, time_s)
        if standing is Standing.OUTSIDE:
            self._outside_since = min(self._outside_since, time_s)
        elif self.place is not None:
            self._outside_since = math.inf
        away_s, outside_s = time_s - self._away_since, time_s - self._outside_since
        here, there = _words(self.place), _words(other)
        if outside_s < self._settings.exit_delay_s and away_s < self._settings.tolerance_timeout_s:
            return f"{here} kept: {standing.value} for {away_s:.0f} s, answers name {there}"
        self._enter(other, time_s)
        return f"{there}: {max(away_s, outside_s):.0f} s not in {here}"

    def _stay(self) -> None:
        self._away_since = math.inf
        if self.place is not None:
            self._outside_since = math.inf


def _words(place: str | None) -> str:
    return "no place" if place is None else place
