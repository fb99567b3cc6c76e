"""In which rooms scans were taken: polygons of rooms, and the places that they give to a survey's scans."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.forms.form import Note
from tutelage.data.forms.room_files import read_room_file
from tutelage.errors import BadInputError
from tutelage.runtime.degrees import to_metres
from tutelage.runtime.places import PlaceAnswers
from tutelage.runtime.positions import Positions

if TYPE_CHECKING:  # only named in signatures
    from tutelage.runtime.frames import LocalFrame

__all__ = ["RoomPolygons", "answers_in_rooms", "labelled", "read_rooms", "survey_in_rooms"]

_SHOWN = 6


@dataclass(frozen=True, eq=False)
class RoomPolygons:
    """Outlines of rooms.

    Parameters
    ----------
    file : Path
        File that they come from.
    name : numpy.ndarray
        Names, [p] str; rooms of one name are one place.
    floors : tuple of tuple of frozenset of str
        Floors of each room, [p], in each way of naming floors; empty for a room on every floor.
    polygon : numpy.ndarray
        Outlines, [p] of shapely geometries.
    in_degrees : bool
        Whether outlines are in longitude and latitude (WGS 84), else in metres of the building's own plan.
    left_out : tuple of str
        What of the file is no room, and why.
    """

    file: Path
    name: np.ndarray
    floors: tuple[tuple[frozenset[str], ...], ...]
    polygon: np.ndarray
    in_degrees: bool
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of outlines."""
        return len(self.name)

    def places_of(self, scans: FingerprintSet) -> np.ndarray:
        """Find the room of each scan. Of rooms that overlap, the smallest counts.

        Parameters
        ----------
        scans : FingerprintSet
            n scans with positions. A scan with a floor is looked for in the rooms of that floor.

        Returns
        -------
        numpy.ndarray
            Names of rooms, [n] str; "" outside every room.

        Raises
        ------
        BadInputError
            If the scans have no positions, their coordinates do not go with those of the rooms, no floor of
            theirs is one of the rooms, or a scan without a floor lies in rooms of several floors.
        """
        import shapely

        position_m = scans.absolute_position_m
        outline_m = self.outlines_in(scans.frame)
        floor = np.full(len(scans), "") if scans.floor is None else np.char.strip(scans.floor)
        room_floors = self._floors_as_in(floor)
        row, room = shapely.STRtree(outline_m).query(shapely.points(position_m), predicate="intersects")
        fits = [
            not floor[i] or not room_floors[j] or floor[i].casefold() in room_floors[j]
            for i, j in zip(row, room, strict=True)
        ]
        row, room = row[fits], room[fits]
        self._require_one_storey(scans, row, room, floor, room_floors)
        order = np.lexsort((room, shapely.area(outline_m)[room], row))
        first = order[np.unique(row[order], return_index=True)[1]]
        place = np.full(len(scans), "", dtype=self.name.dtype)
        place[row[first]] = self.name[room[first]]
        return place

    def outlines_in(self, frame: LocalFrame) -> np.ndarray:
        """Return the outlines in the data-set coordinates of a frame.

        Parameters
        ----------
        frame : LocalFrame
            Frame of some scans.

        Returns
        -------
        numpy.ndarray
            Outlines in metres, [p] of shapely geometries.

        Raises
        ------
        BadInputError
            If only one of the two has coordinates on the earth, or the frame's system does not cover a room.
        """
        import shapely

        epsg = frame.epsg
        if self.in_degrees and epsg is None:
            raise BadInputError(
                "rooms are in degrees, but the scans are in metres of no system; give --epsg CODE for the "
                'scans, or add "crs": null to the file if its numbers are metres of the same plan',
                file=self.file,
            )
        if not self.in_degrees and epsg is not None:
            raise BadInputError(
                f"rooms are in metres of a plan, but the scans are in EPSG:{epsg}; save the rooms in "
                "EPSG:4326 (degrees), or name their system in the member crs",
                file=self.file,
            )
        if epsg is None:
            return self.polygon

        def metres(lon_lat: np.ndarray) -> np.ndarray:
            return to_metres(lon_lat[:, ::-1], epsg)

        try:
            return _array_of([shapely.transform(each, metres) for each in self.polygon])
        except BadInputError as error:
            raise BadInputError(str(error), file=self.file) from error

    def _floors_as_in(self, floor: np.ndarray) -> list[set[str]]:
        """Return the floors of each room, [p], in the naming that knows most floors of the scans."""
        asked = {name.casefold() for name in np.unique(floor).tolist()} - {""}
        namings = [
            [{name.casefold() for name in names} for names in room] for room in zip(*self.floors, strict=True)
        ]
        known = [set().union(*naming) for naming in namings]
        best = max(range(len(namings)), key=lambda i: len(asked & known[i]))
        if asked and known[best] and not asked & known[best] and all(namings[best]):
            theirs = ", ".join(sorted(set(floor.tolist()) - {""})[:_SHOWN])
            ours = ", ".join(sorted({n for room in self.floors for n in room[best]})[:_SHOWN])
            raise BadInputError(
                f"no floor of the scans ({theirs}) is one of the rooms ({ours}); name floors in one way",
                file=self.file,
            )
        return namings[best]

    def _require_one_storey(
        self,
        scans: FingerprintSet,
        row: np.ndarray,
        room: np.ndarray,
        floor: np.ndarray,
        room_floors: list[set[str]],
    ) -> None:
        """Refuse a scan without a floor in rooms above one another."""
        first: dict[int, int] = {}
        for i, j in zip(row.tolist(), room.tolist(), strict=True):
            if floor[i] or not room_floors[j]:
                continue
            other = first.setdefault(i, j)
            if not room_floors[other] & room_floors[j]:
                raise BadInputError(
                    f"scan {str(scans.scan_id[i])!r} has no floor and lies in {str(self.name[other])!r} and "
                    f"in {str(self.name[j])!r}, which are on several floors; give the scans a column floor",
                    file=self.file,
                )


def read_rooms(path: str | Path) -> RoomPolygons:
    """Read polygons of rooms.

    Parameters
    ----------
    path : str or Path
        GeoJSON file, or IMDF archive (.zip or folder). `tutelage.data.forms.room_files` describes both.

    Returns
    -------
    RoomPolygons
        The rooms.

    Raises
    ------
    BadInputError
        If the file cannot be read, or a feature is malformed; names the file and the feature.
    """
    path = Path(path)
    read = read_room_file(path)
    return RoomPolygons(
        path,
        np.array([room.name for room in read.rooms]),
        tuple(room.floors for room in read.rooms),
        _array_of([room.polygon for room in read.rooms]),
        read.in_degrees,
        read.left_out,
    )


def answers_in_rooms(answers: Positions, rooms: RoomPolygons) -> Positions:
    """Add to located positions the room in which each lies.

    Parameters
    ----------
    answers : Positions
        n positions of a model that knows no places.
    rooms : RoomPolygons
        Outlines of rooms.

    Returns
    -------
    Positions
        The same with `places`: "" outside every room and without a position. They have no probabilities.

    Raises
    ------
    BadInputError
        If the model answers places itself, or the rooms do not go with its coordinates or floors.
    """
    if answers.places is not None or not answers.has_coordinates:
        raise BadInputError(
            "the model answers places itself; leave the rooms out, or give them when the model is fitted",
            file=rooms.file,
        )
    rows = np.flatnonzero(answers.answered)
    located = FingerprintSet(
        sparse.csr_array((len(rows), 0), dtype=np.float32),
        (),
        answers.scan_id[rows],
        answers.position_m[rows],
        answers.frame,
        floor=None if answers.floor is None else answers.floor[rows],
    )
    place = rooms.places_of(located) if len(rows) else np.empty(0, rooms.name.dtype)
    best = np.full(len(answers), "", dtype=rooms.name.dtype)
    best[rows] = place
    return replace(answers, places=PlaceAnswers(np.unique(rooms.name), best))


def labelled(scans: FingerprintSet, rooms: RoomPolygons) -> tuple[FingerprintSet, int]:
    """Give scans the places in which they were taken.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with positions.
    rooms : RoomPolygons
        Outlines of rooms.

    Returns
    -------
    scans : FingerprintSet
        The same scans with `place`; a place that a scan names already stays.
    n_outside : int
        Number of scans outside every room.

    Raises
    ------
    BadInputError
        As for `RoomPolygons.places_of`.
    """
    room = rooms.places_of(scans)
    return _named(scans, room), int((room == "").sum())


def survey_in_rooms(survey: Survey, path: str | Path) -> tuple[Survey, list[Note]]:
    """Give the scans of a survey the places in which they were taken.

    Parameters
    ----------
    survey : Survey
        Survey with positions.
    path : str or Path
        File of rooms, as for `read_rooms`.

    Returns
    -------
    survey : Survey
        The survey with places.
    notes : list of Note
        How many scans lie in how many rooms, and what of the file is left out.

    Raises
    ------
    BadInputError
        As for `read_rooms` and `RoomPolygons.places_of`, or if no scan lies in a room.
    """
    rooms = read_rooms(path)
    if survey.train.position_m is None:
        raise BadInputError(
            f"rooms are for scans with positions, and {survey.name} has none; leave out --rooms", file=path
        )
    splits = [survey.train] if survey.test is None else [survey.train, survey.test]
    found = [rooms.places_of(scans) for scans in splits]
    named = [_named(scans, room) for scans, room in zip(splits, found, strict=True)]
    room = np.concatenate(found)
    if not (room != "").any():
        raise BadInputError(_none_inside(survey.train, rooms), file=path)
    has_own = any(scans.place is not None and (scans.place != "").any() for scans in splits)
    notes = [
        Note("rooms", f"{_counts(room)} of {path}", "places that the survey names stay" if has_own else "")
    ]
    notes += [Note("rooms_left_out", f"{path}: {each}") for each in rooms.left_out]
    return replace(survey, train=named[0], test=named[1] if len(named) > 1 else None), notes


def _counts(room: np.ndarray) -> str:
    n, n_inside, n_rooms = len(room), int((room != "").sum()), len(np.unique(room[room != ""]))
    rooms = f"{n_rooms:,} room{'' if n_rooms == 1 else 's'}"
    return f"{n_inside:,} of {n:,} scans lie in {rooms} and {n - n_inside:,} outside every room"


def _named(scans: FingerprintSet, room: np.ndarray) -> FingerprintSet:
    """Name the places of scans that have none."""
    place = room if scans.place is None else np.where(scans.place == "", room, scans.place)
    return replace(scans, place=place)


def _none_inside(scans: FingerprintSet, rooms: RoomPolygons) -> str:
    import shapely

    x, y = np.median(scans.absolute_position_m, axis=0)
    left, bottom, right, top = shapely.total_bounds(rooms.outlines_in(scans.frame))
    return (
        f"no scan lies in a room: scans lie around ({x:.0f}, {y:.0f}) m, rooms between ({left:.0f}, "
        f"{bottom:.0f}) and ({right:.0f}, {top:.0f}) m; give both in one system"
    )


def _array_of(polygons: list[Any]) -> np.ndarray:
    array = np.empty(len(polygons), dtype=object)
    array[:] = polygons
    return array
