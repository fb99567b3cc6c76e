"""Where answers and outlines of rooms say that a device is."""

from __future__ import annotations

import math
from typing import Protocol

from tutelage.serving.tracks.place_watch import Standing
from tutelage.serving.tracks.settings import TrackSettings

__all__ = ["PlaceVotes", "Rooms"]

_LEAST_SHARE = 0.01  # smaller shares of the votes are forgotten, so that memory is bounded


class Rooms(Protocol):
    """Outlines of the rooms of a building."""

    def room_at(self, x_m: float, y_m: float, floor: str | None) -> str | None:
        """Return the room at a position, in the coordinates of the survey; None outside every room."""
        ...

    def distance_m(self, room: str, x_m: float, y_m: float, floor: str | None) -> float:
        """Return the distance to a room in metres: 0 inside, infinite if the floor has no such room."""
        ...


class PlaceVotes:
    """Votes of answers on places; older votes fade.

    Parameters
    ----------
    settings : TrackSettings
        `vote_s` and `exit_tolerance_share`.
    """

    def __init__(self, settings: TrackSettings) -> None:
        self._settings = settings
        self._weight: dict[str, float] = {}
        self._time_s = -math.inf

    def add(self, time_s: float, place: str | None, weight: float) -> None:
        """Count a vote.

        Parameters
        ----------
        time_s : float
            When, in seconds; not earlier than the vote before.
        place : str or None
            The place; None for outside every place.
        weight : float
            How much the vote counts, in (0, 1].
        """
        fade = math.exp((self._time_s - time_s) / self._settings.vote_s)
        self._time_s = time_s
        faded = {name: before * fade for name, before in self._weight.items()}
        faded[place or ""] = faded.get(place or "", 0.0) + weight
        least = _LEAST_SHARE * sum(faded.values())
        self._weight = {name: now for name, now in faded.items() if now >= least}

    def share(self, place: str | None) -> float:
        """Return the share of the votes that a place has, in [0, 1]."""
        return self._weight.get(place or "", 0.0) / sum(self._weight.values())

    def leader(self) -> str | None:
        """Return the place with most votes; of equals, the one that was voted for first."""
        return max(self._weight, key=self._weight.__getitem__) or None

    def standing(self, place: str | None) -> Standing:
        """Return how the votes stand to a place."""
        leader = self.leader()
        if leader == place:
            return Standing.INSIDE
        lead = self.share(leader) - self.share(place)
        return Standing.TOLERATED if lead <= self._settings.exit_tolerance_share else Standing.OUTSIDE
