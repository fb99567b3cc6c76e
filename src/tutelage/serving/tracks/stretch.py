"""A stretch of a track without silence: motion, floor and place of a device that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tutelage.runtime.degrees import has_degrees, to_degrees
from tutelage.serving.answers import Answer
from tutelage.serving.tracks.motion import Motion, coordinate_sd_m
from tutelage.serving.tracks.place_watch import PlaceWatch, Standing
from tutelage.serving.tracks.places import PlaceVotes, Rooms
from tutelage.serving.tracks.settings import TrackSettings
from tutelage.serving.tracks.storeys import Storey, StoreyStreak
from tutelage.serving.tracks.track_point import TrackPoint

__all__ = ["Stretch", "says_where"]

_STANDING_M_S = 0.1  # below this speed a course is chance
_LEAST_VOTE = 0.01  # so that an answer with a probability of 0 counts too


def says_where(answer: Answer) -> bool:
    """Return whether an answer holds a position or a place."""
    return answer.has_position or answer.place is not None


class Stretch:
    """What is known of a device between two silences.

    Parameters
    ----------
    settings : TrackSettings
        How to smooth.
    rooms : mapping of str to Rooms
        Outlines of rooms by the name of the model.
    answer : Answer
        The first answer, which says where.

    Attributes
    ----------
    known_s : float
        Time of the last answer that said where.
    """

    def __init__(self, settings: TrackSettings, rooms: Mapping[str, Rooms], answer: Answer) -> None:
        self._settings = settings
        self._rooms = rooms
        self.known_s = answer.time_s
        self._streak = StoreyStreak(Storey.of(answer), settings.floor_streak)
        self._begin_motion(answer)
        self._begin_place(answer)

    def add(self, answer: Answer) -> TrackPoint:
        """Move on to an answer that says where.

        Parameters
        ----------
        answer : Answer
            A newer answer.

        Returns
        -------
        TrackPoint
            The next point.
        """
        self.known_s = answer.time_s
        before, named = self._streak.storey, Storey.of(answer)
        switch_reason = self._streak.update(named)
        if named != self._streak.storey and not named.shares_building(before):
            self._wait(answer)
            return self.point(answer, reason="as before: another building", switch_reason=switch_reason)
        if named.shares_coordinates(before):
            self._move(answer)
        else:
            self._begin_motion(answer)
        if self._streak.storey != before:
            self._begin_place(answer)
        elif named == before:
            switch_reason = self._update_place(answer)
        return self.point(answer, switch_reason=switch_reason)

    def keep(self, answer: Answer) -> TrackPoint:
        """Stay where the device was, at an answer that does not say where.

        Parameters
        ----------
        answer : Answer
            A newer answer.

        Returns
        -------
        TrackPoint
            The next point; its `reason` says how old the position is, and why.
        """
        self._wait(answer)
        return self.point(answer, reason=f"as {answer.time_s - self.known_s:.0f} s before: {answer.reason}")

    def point(self, answer: Answer, *, reason: str = "", switch_reason: str = "") -> TrackPoint:
        """Return what is known now.

        Parameters
        ----------
        answer : Answer
            The newest answer.
        reason, switch_reason : str
            As for the point.

        Returns
        -------
        TrackPoint
            The point.
        """
        storey, place, motion = self._streak.storey, self._watch.place, self._motion
        point = TrackPoint(
            answer.time_s,
            answer,
            floor=storey.floor,
            building=storey.building,
            place=place,
            place_probability=None if self._has_outlines or place is None else self._votes.share(place),
            reason=reason,
            switch_reason=switch_reason,
        )
        if motion is None:
            return point
        latitude, longitude = _degrees(motion.x_m, motion.y_m, storey.epsg)
        speed_m_s = motion.speed_m_s
        return replace(
            point,
            x_m=motion.x_m,
            y_m=motion.y_m,
            latitude=latitude,
            longitude=longitude,
            radius_m=None if reason else self._radius_m,
            speed_m_s=None if reason else speed_m_s,
            course_deg=None if reason or speed_m_s < _STANDING_M_S else motion.course_deg,
        )

    # -- position ----------------------------------------------------------------------------------------

    def _begin_motion(self, answer: Answer) -> None:
        self._motion: Motion | None = None
        self._radius_m = answer.radius_m
        if answer.x_m is not None and answer.y_m is not None:
            sd_m = coordinate_sd_m(answer.radius_m, answer.level, self._settings)
            self._motion = Motion(self._settings, answer.time_s, answer.x_m, answer.y_m, sd_m)

    def _move(self, answer: Answer) -> None:
        if answer.x_m is None or answer.y_m is None:
            self._wait(answer)
            return
        if self._motion is None:
            self._begin_motion(answer)
            return
        sd_m = coordinate_sd_m(answer.radius_m, answer.level, self._settings)
        gain = self._motion.move(answer.time_s, answer.x_m, answer.y_m, sd_m)
        if self._radius_m is None or answer.radius_m is None:
            self._radius_m = answer.radius_m
        else:
            self._radius_m += gain * (answer.radius_m - self._radius_m)

    def _wait(self, answer: Answer) -> None:
        if self._motion is not None:
            self._motion.wait(answer.time_s)

    # -- place -------------------------------------------------------------------------------------------

    @property
    def _has_outlines(self) -> bool:
        return self._motion is not None and self._streak.storey.model in self._rooms

    def _begin_place(self, answer: Answer) -> None:
        self._votes = PlaceVotes(self._settings)
        self._vote(answer)
        place, _ = self._place_said(None)
        self._watch = PlaceWatch(self._settings, place, answer.time_s)

    def _update_place(self, answer: Answer) -> str:
        self._vote(answer)
        place, standing = self._place_said(self._watch.place)
        return self._watch.update(answer.time_s, place, standing)

    def _vote(self, answer: Answer) -> None:
        probability = answer.place_probability
        weight = 1.0 if probability is None else max(probability, _LEAST_VOTE)
        self._votes.add(answer.time_s, answer.place, weight)

    def _place_said(self, place: str | None) -> tuple[str | None, Standing]:
        """Return where outlines or votes say that the device is, and how it stands to a place."""
        motion, storey = self._motion, self._streak.storey
        rooms = self._rooms.get(storey.model or "")
        if motion is None or rooms is None:
            return self._votes.leader(), self._votes.standing(place)
        here = rooms.room_at(motion.x_m, motion.y_m, storey.floor)
        if here == place:
            return here, Standing.INSIDE
        is_near = (
            place is not None
            and rooms.distance_m(place, motion.x_m, motion.y_m, storey.floor)
            <= self._settings.exit_tolerance_m
        )
        return here, Standing.TOLERATED if is_near else Standing.OUTSIDE


def _degrees(x_m: float, y_m: float, epsg: int | None) -> tuple[float, float] | tuple[None, None]:
    if epsg is None or not has_degrees(epsg):
        return None, None
    latitude, longitude = to_degrees(np.array([[x_m, y_m]]), epsg)[0].tolist()
    return latitude, longitude
