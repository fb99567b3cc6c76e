"""Places of scans on a walk, between the marks that the walker set.

Between two marks on one floor of one building the walker is assumed to go straight and evenly. Before the
first mark, after the last, and between marks on different floors the place is unknown. Such scans have no
position.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tutelage.errors import BadInputError

__all__ = ["Lost", "Marks", "positions_between"]

Error = Callable[[str, int | None, str | None], BadInputError]
Lost = tuple[str, np.ndarray, str, str]
"""Scans without a position, possibly none: a code, their numbers, the reason, what to do."""

_COLUMNS = ("Latitude", "Longitude", "floor ID", "Building ID")


@dataclass
class Marks:
    """Places at times as text: latitude, longitude, floor, building.

    Parameters
    ----------
    time_s : list of float
        Times in seconds.
    cells : list of list of str
        Latitude, longitude, floor and building of each mark.
    rows : list of int
        Lines of the marks.
    """

    time_s: list[float] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def add(self, time_s: float, cells: list[str], row: int) -> None:
        """Add a mark.

        Parameters
        ----------
        time_s : float
            Time in seconds.
        cells : list of str
            Latitude, longitude, floor and building.
        row : int
            Line of the file.
        """
        self.time_s.append(time_s)
        self.cells.append(cells)
        self.rows.append(row)


def positions_between(
    marks: Marks, time_s: np.ndarray, error: Error
) -> tuple[dict[str, object], np.ndarray, list[Lost]]:
    """Interpolate the places of scans between marks.

    Parameters
    ----------
    marks : Marks
        Marks of the walk.
    time_s : numpy.ndarray
        Times of the scans in seconds, [n].
    error : callable
        Makes an error from a message, a row and a column.

    Returns
    -------
    columns : dict
        lat, lon, floor and building of the k scans that have a place.
    kept : numpy.ndarray
        Numbers of these scans, [k].
    lost : list of tuple
        Scans without a place, one entry for each reason.

    Raises
    ------
    BadInputError
        If there are no marks, a mark is not a place, two contradict each other, or no scan lies between
        marks.
    """
    at_s, lat_lon, floor, building = _sound(marks, error)
    before = np.searchsorted(at_s, time_s, side="right") - 1
    after = np.searchsorted(at_s, time_s, side="left")
    within = (before >= 0) & (after < len(at_s))
    first = before.clip(min=0)
    last = after.clip(max=len(at_s) - 1)
    level = (floor[first] == floor[last]) & (building[first] == building[last])
    rows = np.flatnonzero(within & level)
    if not len(rows):
        raise error(
            "no scan was taken between two POSI marks on one floor; mark the beginning and the end of a walk",
            None,
            None,
        )
    a = first[rows]
    b = last[rows]
    share = (time_s[rows] - at_s[a]) / np.where(a == b, 1.0, at_s[b] - at_s[a])
    place = lat_lon[a] + share[:, None] * (lat_lon[b] - lat_lon[a])
    columns = {
        "lat": place[:, 0],
        "lon": place[:, 1],
        "floor": floor[a].tolist(),
        "building": building[a].tolist(),
    }
    lost: list[Lost] = [
        (
            "outside_marks",
            np.flatnonzero(~within),
            "before the first POSI mark or after the last",
            "mark the beginning and the end of a walk",
        ),
        (
            "between_floors",
            np.flatnonzero(within & ~level),
            "between marks on different floors or in different buildings",
            "mark where a floor is left and where the next is reached",
        ),
    ]
    return columns, rows, lost


def _sound(marks: Marks, error: Error) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return times in order, latitude and longitude, floors and buildings of the marks."""
    if not marks.rows:
        raise error(
            "no line POSI says where the scans were taken; such a log can be located, not learnt from",
            None,
            None,
        )
    order = np.argsort(np.array(marks.time_s), kind="stable")
    at_s = np.array(marks.time_s)[order]
    for i in np.flatnonzero(np.diff(at_s) == 0)[:1].tolist():
        one, other = (marks.rows[order[k]] for k in (i, i + 1))
        raise error(
            f"a mark at {at_s[i]:g} s stands in row {one} already; keep one of the two", other, "Timestamp"
        )
    places = [_place(cells, row, error) for cells, row in zip(marks.cells, marks.rows, strict=True)]
    labels = [_labels(cells, row, error) for cells, row in zip(marks.cells, marks.rows, strict=True)]
    floor, building = (np.array(column, dtype=np.str_)[order] for column in zip(*labels, strict=True))
    return at_s, np.array(places)[order], floor, building


def _place(cells: list[str], row: int, error: Error) -> tuple[float, float]:
    place = []
    for text, column, limit in zip(cells[:2], _COLUMNS[:2], (90.0, 180.0), strict=True):
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not abs(value) <= limit:
            raise error(f"{text!r} is no {column.lower()}, from -{limit:g} to {limit:g} degrees", row, column)
        place.append(value)
    if place == [0.0, 0.0]:
        raise error(
            "the mark has no place: the app writes 0 and 0 unless it was told; write latitude and longitude",
            row,
            _COLUMNS[0],
        )
    return place[0], place[1]


def _labels(cells: list[str], row: int, error: Error) -> tuple[str, str]:
    names = []
    for text, column in zip(cells[2:], _COLUMNS[2:], strict=True):
        try:
            names.append(str(int(text)))
        except ValueError:
            raise error(
                f"{text!r} is no {column}; it is a whole number, such as 0 or -1", row, column
            ) from None
    return names[0], names[1]
