"""One point of a track: the raw answer, and the steady position, floor and place beside it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from tutelage.serving.answers import Answer

__all__ = ["LATE", "TrackPoint"]

LATE = "the scan is not newer than the last one"
"""Reason of a point that did not move its track."""


@dataclass(frozen=True)
class TrackPoint:
    """What is known of a device at one time: the raw answer, and what its track makes of it.

    Parameters
    ----------
    time_s : float
        When, in seconds since 1970.
    answer : Answer
        The raw answer to the scan.
    x_m, y_m : float or None
        Smoothed position in the coordinates of the survey, in metres.
    latitude, longitude : float or None
        The same in degrees (WGS 84), where the survey's coordinates are geographic.
    radius_m : float or None
        Radius around the smoothed position: those of the answers, averaged as the position is.
    speed_m_s : float or None
        Speed in metres a second.
    course_deg : float or None
        Direction in degrees, clockwise from the y axis (north); None for a device that stands.
    floor, building, place : str or None
        Labels of the survey, kept until there is reason to change them.
    place_probability : float or None
        Share of the fading votes for `place`; None for rooms with outlines.
    reason : str
        Why the position is unknown or is that of an earlier scan; "" otherwise.
    switch_reason : str
        Why floor or place changed, or did not though the answer names another; "" otherwise.
    """

    time_s: float
    answer: Answer
    x_m: float | None = None
    y_m: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    radius_m: float | None = None
    speed_m_s: float | None = None
    course_deg: float | None = None
    floor: str | None = None
    building: str | None = None
    place: str | None = None
    place_probability: float | None = None
    reason: str = ""
    switch_reason: str = ""

    @property
    def is_late(self) -> bool:
        """Whether the scan came after a newer one, so that it moved nothing."""
        return self.reason == LATE

    @property
    def is_known(self) -> bool:
        """Whether the track says where the device is."""
        return self.x_m is not None or self.place is not None

    def as_json(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "answer": self.answer.as_json()}
