"""The answer of a model to one scan, as the service hands it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Answer"]


@dataclass(frozen=True)
class Answer:
    """Where one scan was taken, or why that is unknown.

    Parameters
    ----------
    time_s : float
        When the scan was taken, in seconds since 1970.
    model : str or None
        Name of the model that answers; None if no model knows an access point of the scan.
    reason : str
        Why there is no answer; "" if there is one.
    n_heard, n_known : int
        Number of access points in the scan, and of those that the model knows.
    x_m, y_m : float or None
        Position in the coordinates of the survey, in metres; None without a position, as after a survey of
        places alone.
    epsg : int or None
        EPSG code of the survey's coordinates, if they are geographic.
    latitude, longitude : float or None
        The position in degrees (WGS 84), where `epsg` is known.
    radius_m : float or None
        Radius around the position that holds the truth with probability `level`.
    level : float or None
        Probability that radius and set of places are made for.
    floor, building, place : str or None
        Labels of the survey.
    place_probability : float or None
        Probability of `place`.
    place_set : tuple of str
        Places that hold the truth with probability `level`, the likeliest first.
    """

    time_s: float
    model: str | None
    reason: str
    n_heard: int
    n_known: int
    x_m: float | None = None
    y_m: float | None = None
    epsg: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    radius_m: float | None = None
    level: float | None = None
    floor: str | None = None
    building: str | None = None
    place: str | None = None
    place_probability: float | None = None
    place_set: tuple[str, ...] = ()

    @property
    def has_position(self) -> bool:
        """Whether there are coordinates."""
        return self.x_m is not None and self.y_m is not None

    def as_json(self) -> dict[str, Any]:
        """Return the fields for JSON, with `place_set` as a list."""
        return {**vars(self), "place_set": list(self.place_set)}
