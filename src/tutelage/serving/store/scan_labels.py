"""Joins scans to the clicks of the surveyor, by time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tutelage.serving.store.survey_rows import Mark, SurveyScan

__all__ = ["LabelledScan", "label_scans", "mark_at"]


@dataclass(frozen=True)
class LabelledScan:
    """A scan and where it was taken.

    Parameters
    ----------
    scan : SurveyScan
        The scan.
    x_m, y_m : float or None
        Position in the coordinates of the survey, in metres; None in a survey of places alone.
    mark : str
        Id of the mark that says so.
    floor, building, place : str or None
        Labels of the survey.
    """

    scan: SurveyScan
    mark: str
    x_m: float | None
    y_m: float | None
    floor: str | None
    building: str | None
    place: str | None


def mark_at(marks: Sequence[Mark], time_s: float) -> Mark | None:
    """Return the mark that a time belongs to.

    Parameters
    ----------
    marks : sequence of Mark
        Of one session. Those that were undone are left out. One without an end goes on.
    time_s : float
        The time by the clock of the marks.

    Returns
    -------
    Mark or None
        Of several, the one that started last: who clicks on a new place has left the old one.
        None between marks.
    """
    around = [
        mark
        for mark in marks
        if not mark.undone and mark.start_s <= time_s and (mark.end_s is None or time_s <= mark.end_s)
    ]
    return max(around, key=lambda mark: (mark.start_s, mark.id), default=None)


def label_scans(
    scans: Iterable[SurveyScan], marks: Sequence[Mark], clock_offset_s: float
) -> list[LabelledScan]:
    """Say where scans were taken.

    Parameters
    ----------
    scans : iterable of SurveyScan
        Of one session.
    marks : sequence of Mark
        Of the same session.
    clock_offset_s : float
        Seconds to add to the times of the scans to get the times of the marks.

    Returns
    -------
    list of LabelledScan
        Those taken during a mark that has ended. A scan of a walk gets the position that a steady walker had.
    """
    labelled = []
    for scan in scans:
        time_s = scan.time_s + clock_offset_s
        mark = mark_at(marks, time_s)
        if mark is not None and mark.end_s is not None:
            position = _position(mark, mark.end_s, time_s)
            labelled.append(LabelledScan(scan, mark.id, *position, mark.floor, mark.building, mark.place))
    return labelled


def _position(mark: Mark, end_s: float, time_s: float) -> tuple[float | None, float | None]:
    if mark.x_m is None or mark.y_m is None or mark.x2_m is None or mark.y2_m is None:
        return mark.x_m, mark.y_m
    duration_s = end_s - mark.start_s
    share = (time_s - mark.start_s) / duration_s if duration_s > 0 else 0.0
    return (
        (1 - share) * mark.x_m + share * mark.x2_m,
        (1 - share) * mark.y_m + share * mark.y2_m,
    )
