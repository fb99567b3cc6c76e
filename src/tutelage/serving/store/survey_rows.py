"""What a survey is made of: a session, clicks on the plan, and scans."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from tutelage.errors import BadInputError

__all__ = ["STATES", "Mark", "SessionState", "SurveyScan", "SurveySession", "places_of", "scan_id"]

SessionState = Literal["open", "paused", "finished", "approved"]
STATES: tuple[SessionState, ...] = get_args(SessionState)


@dataclass(frozen=True)
class SurveySession:
    """One round of a survey.

    Parameters
    ----------
    id : str
        Made by the client.
    name : str
        Name that is shown.
    created_s : float
        When it began, in seconds since 1970.
    device : str or None
        Id of the device that collects the scans.
    model : str or None
        Model that the survey is for.
    building, floor : str or None
        Labels of the survey.
    state : {"open", "paused", "finished", "approved"}
        How far it is.
    clock_offset_s : float
        Seconds to add to the times of the scans, by the device's clock, to get the times of the marks.
    """

    id: str
    name: str
    created_s: float
    device: str | None = None
    model: str | None = None
    building: str | None = None
    floor: str | None = None
    state: SessionState = "open"
    clock_offset_s: float = 0.0

    def __post_init__(self) -> None:
        """Require a state that exists.

        Raises
        ------
        BadInputError
            If there is no such state.
        """
        if self.state not in STATES:
            raise BadInputError(f"state is {self.state!r}. Allowed: {', '.join(STATES)}")


@dataclass(frozen=True)
class Mark:
    """Where the surveyor was from one click on the plan to the next.

    Parameters
    ----------
    id : str
        Made by the client.
    session : str
        Id of the session.
    kind : {"stand", "walk"}
        Whether the surveyor stood there, or walked straight from the first click to the second.
    start_s, end_s : float
        Times of the clicks, in seconds since 1970; `end_s` is None before the second.
    x_m, y_m : float or None
        Position of the first click, in the coordinates of the survey, in metres; None in a survey of places
        alone.
    x2_m, y2_m : float or None
        Position of the second click of a walk.
    floor, building, place : str or None
        Labels of the survey.
    undone : bool
        Whether the surveyor took it back.
    """

    id: str
    session: str
    kind: Literal["stand", "walk"]
    start_s: float
    end_s: float | None = None
    x_m: float | None = None
    y_m: float | None = None
    x2_m: float | None = None
    y2_m: float | None = None
    floor: str | None = None
    building: str | None = None
    place: str | None = None
    undone: bool = False

    def __post_init__(self) -> None:
        """Require what labels are made of.

        Raises
        ------
        BadInputError
            If there is no such kind, the end is before the start, or there are not the positions that the
            kind needs.
        """
        if self.kind not in ("stand", "walk"):
            raise BadInputError(f"kind of mark {self.id!r} is {self.kind!r}. Allowed: stand, walk")
        if self.end_s is not None and self.end_s < self.start_s:
            raise BadInputError(
                f"mark {self.id!r} ends at {self.end_s} s, before its start at {self.start_s} s"
            )
        if (self.x_m is None) != (self.y_m is None) or (self.x2_m is None) != (self.y2_m is None):
            raise BadInputError(f"mark {self.id!r} has half a position: give x and y, or neither")
        if self.kind == "stand" and self.x2_m is not None:
            raise BadInputError(f"stand {self.id!r} has a second position: only a walk has two")
        ended_walk = self.kind == "walk" and self.end_s is not None
        if ended_walk and (self.x_m is None or self.x2_m is None):
            raise BadInputError(f"walk {self.id!r} lacks a position: give those of both clicks")


@dataclass(frozen=True)
class SurveyScan:
    """A scan that was taken for a survey.

    Parameters
    ----------
    id : str
        Made by the client, or by `scan_id`.
    time_s : float
        When the scan was complete, by the device's clock, in seconds since 1970.
    rss_dbm : mapping of str to float
        RSS of each access point that was heard, in dBm.
    age_s : mapping of str to float
        How long before `time_s` each access point was heard, in seconds; those that are not named are fresh.
    session : str or None
        Id of the session, if the device knows it.
    device : str or None
        Id of the device; None after it was forgotten.
    """

    id: str
    time_s: float
    rss_dbm: Mapping[str, float]
    age_s: Mapping[str, float] = field(default_factory=dict)
    session: str | None = None
    device: str | None = None


def places_of(device: str) -> str:
    """Return id and name of the session of a device that says itself where it is.

    Parameters
    ----------
    device : str
        Id of the device.
    """
    return f"places of {device}"


def scan_id(device: str, time_s: float) -> str:
    """Make the id of a scan for a device that gives none, the same each time the scan is sent.

    Parameters
    ----------
    device : str
        Id of the device.
    time_s : float
        When the scan was complete.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    return hashlib.sha256(f"{device}\n{float(time_s)!r}".encode(errors="surrogatepass")).hexdigest()[:32]
