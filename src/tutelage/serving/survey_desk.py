"""Surveys that are being recorded: which device collects for which, and what has arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tutelage.serving.heard_scans import Heard, HeardScan
from tutelage.serving.live_events import LiveEvents
from tutelage.serving.store.survey_rows import Mark, SurveyScan, SurveySession, places_of, scan_id
from tutelage.serving.store.surveys import Surveys

__all__ = ["SurveyDesk"]


class SurveyDesk:
    """Keeps the scans of devices that collect for a survey.

    Parameters
    ----------
    surveys : Surveys
        Where surveys are kept.
    events : LiveEvents
        Who is told of new scans.
    """

    def __init__(self, surveys: Surveys, events: LiveEvents) -> None:
        self._surveys = surveys
        self._events = events
        self._collecting: dict[str, str] = {}

    def refresh(self) -> None:
        """Read which devices collect for an open session."""
        sessions = [session for session in self._surveys.sessions() if session.state == "open"]
        # The newest session comes first, and takes the scans.
        self._collecting = {session.device: session.id for session in reversed(sessions) if session.device}

    async def collect(self, heard: Sequence[Heard]) -> int:
        """Keep the scans of devices that collect; those of others are left.

        Parameters
        ----------
        heard : sequence of Heard
            Scans with their devices.

        Returns
        -------
        int
            Number of scans that are new.
        """
        return await self.keep([each for each in heard if each.device in self._collecting])

    async def keep(self, heard: Sequence[Heard]) -> int:
        """Keep scans, for the session that their device collects for if there is one.

        Parameters
        ----------
        heard : sequence of Heard
            Scans with their devices. One that was kept before changes nothing.

        Returns
        -------
        int
            Number of scans that are new. They are on the disk when this returns.
        """
        if not heard:
            return 0
        rows = [_row(each.device, each.scan, self._collecting.get(each.device)) for each in heard]
        n_new = await asyncio.to_thread(self._surveys.add_scans, rows)
        for session in {row.session for row in rows if row.session is not None}:
            self._events.publish("survey", session, {"id": session})
        return n_new

    async def keep_at(self, device: str, scan: HeardScan, place: str) -> None:
        """Keep a scan whose device says itself where it is, as FIND3's apps do.

        Parameters
        ----------
        device : str
            Id of the device.
        scan : HeardScan
            The scan.
        place : str
            Where it was taken.
        """
        name = places_of(device)
        session = SurveySession(name, name, scan.time_s, state="paused")
        moment = scan_id(device, scan.time_s)
        mark = Mark(moment, session.id, "stand", scan.time_s, scan.time_s, place=place)

        def add() -> None:
            self._surveys.add_session(session)
            self._surveys.add_marks([mark])
            self._surveys.add_scans([_row(device, scan, session.id)])

        await asyncio.to_thread(add)
        self._events.publish("survey", session.id, {"id": session.id})

    def described(self, session: str) -> dict[str, Any]:
        """Return a session, its marks and how many scans each has, for JSON.

        Parameters
        ----------
        session : str
            Id of the session.

        Returns
        -------
        dict
            The session's fields, and `marks` with `n_scans` each.

        Raises
        ------
        UnknownNameError
            If there is no such session.
        """
        counts = self._surveys.counts(session)
        marks = [{**vars(mark), "n_scans": counts[mark.id]} for mark in self._surveys.marks_of(session)]
        return {**vars(self._surveys.session(session)), "marks": marks}


def _row(device: str, scan: HeardScan, session: str | None) -> SurveyScan:
    return SurveyScan(
        scan_id(device, scan.time_s), scan.time_s, dict(scan.rss_dbm), dict(scan.age_s), session, device
    )
