"""The track of a device: a steady position, floor and place from the answers to its scans."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tutelage.serving.answers import Answer
from tutelage.serving.tracks.places import Rooms
from tutelage.serving.tracks.settings import TrackSettings
from tutelage.serving.tracks.stretch import Stretch, says_where
from tutelage.serving.tracks.track_point import LATE, TrackPoint

__all__ = ["Track", "TrackPoint"]


class Track:
    """The answers to one device's scans, made steady.

    - **Late answers.** An answer that is not newer than the last one changes nothing. The same answer twice
      gives the same point; another one gives a point that `is_late`, with the raw answer alone.
    - **Answers without a position or a place.** The last point is kept, and says why, until `silence_s`.
    - **Silence.** After `silence_s` without an answer that says where, the track begins anew.
    - **Another model or building.** It must be named `floor_streak` times in a row, as another floor must.
      Until then such answers move nothing. The coordinates of another model begin a new motion.
    - **Clocks.** An answer from more than `silence_s` ahead is forgotten by the next `silent`. A clock that
      is behind by more than that makes a device unknown: give times by the clock of `silent`.

    Parameters
    ----------
    settings : TrackSettings, optional
        How to smooth.
    rooms : mapping of str to Rooms, optional
        Outlines of rooms by the name of the model. Without them, places are those that answers name.

    Attributes
    ----------
    last : TrackPoint or None
        The newest point; None before the first answer.

    Examples
    --------
    >>> track = Track(TrackSettings())
    >>> heard = {"model": "hq", "reason": "", "n_heard": 9, "n_known": 9, "floor": "2", "radius_m": 4.0}
    >>> for n, x_m in enumerate([3.0, 3.0, 3.0, 3.0, 14.0]):
    ...     point = track.add(Answer(5.0 * n, x_m=x_m, y_m=7.0, level=0.95, **heard))
    >>> point.answer.x_m, point.x_m < 10, point.floor
    (14.0, True, '2')
    """

    def __init__(
        self, settings: TrackSettings | None = None, rooms: Mapping[str, Rooms] | None = None
    ) -> None:
        self.last: TrackPoint | None = None
        self._settings = settings or TrackSettings()
        self._rooms = {} if rooms is None else rooms  # one that is empty is filled later
        self._heard_s = -math.inf  # time of the newest answer; by its own clock, so not that of `silent`
        self._stretch: Stretch | None = None  # None while the device is unknown

    def add(self, answer: Answer) -> TrackPoint:
        """Take the answer to a scan in.

        Parameters
        ----------
        answer : Answer
            The answer.

        Returns
        -------
        TrackPoint
            The new point, which is `last` unless the answer comes late.
        """
        if answer.time_s <= self._heard_s:
            if self.last is not None and answer == self.last.answer:
                return self.last
            return TrackPoint(answer.time_s, answer, reason=LATE)
        self._heard_s = answer.time_s
        self.last = self._next_point(answer)
        return self.last

    def _next_point(self, answer: Answer) -> TrackPoint:
        stretch = self._stretch
        if stretch is not None and answer.time_s - stretch.known_s >= self._settings.silence_s:
            self._stretch = stretch = None
        if stretch is not None:
            return stretch.add(answer) if says_where(answer) else stretch.keep(answer)
        if not says_where(answer):
            return TrackPoint(answer.time_s, answer, reason=answer.reason)
        self._stretch = Stretch(self._settings, self._rooms, answer)
        return self._stretch.point(answer, switch_reason="first answer of the track")

    def silent(self, now_s: float) -> TrackPoint | None:
        """Say once that a device is unknown, when nothing said where it is for `silence_s`.

        Parameters
        ----------
        now_s : float
            The present time, in seconds since 1970.

        Returns
        -------
        TrackPoint or None
            The unknown point, the first time that it is due; None otherwise.
        """
        if self.last is None:
            return None
        ahead_s = self._heard_s - now_s
        silence_s = self._settings.silence_s
        if ahead_s > silence_s:
            self._heard_s = now_s - silence_s
            reason = f"the last scan came from {ahead_s:.0f} s ahead: check the device's clock"
        elif self._stretch is not None and now_s - self._stretch.known_s >= silence_s:
            reason = f"nothing said for {now_s - self._stretch.known_s:.0f} s where the device is"
        else:
            return None
        self._stretch = None
        nothing = Answer(now_s, model=None, reason=reason, n_heard=0, n_known=0)
        self.last = TrackPoint(now_s, nothing, reason=reason, switch_reason=reason)
        return self.last
