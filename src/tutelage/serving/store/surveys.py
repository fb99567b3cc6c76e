"""Surveys by click: sessions, marks and scans, which no retention removes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, select, update

from tutelage.errors import UnknownNameError
from tutelage.serving.store.database import Database, change_row, insert_new, rows_of
from tutelage.serving.store.scan_labels import LabelledScan, label_scans, mark_at
from tutelage.serving.store.survey_rows import Mark, SessionState, SurveyScan, SurveySession
from tutelage.serving.store.tables import survey_marks, survey_scans, survey_sessions

__all__ = ["Surveys", "adopt_scans"]


class Surveys:
    """The surveys of a store.

    Sessions, marks and scans have ids that their client made. To add one again changes nothing, so a client
    that got no answer sends it again.

    Parameters
    ----------
    database : Database
        The store's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_session(self, session: SurveySession) -> bool:
        """Add a session; return False, and change nothing, if it is there."""
        with self._database.writing() as connection:
            return insert_new(connection, survey_sessions, [session]) == 1

    def sessions(self) -> list[SurveySession]:
        """Return every session, the newest first."""
        query = select(survey_sessions).order_by(survey_sessions.c.created_s.desc(), survey_sessions.c.id)
        with self._database.reading() as connection:
            return rows_of(connection, query, SurveySession)

    def session(self, session: str) -> SurveySession:
        """Return the session of this id.

        Raises
        ------
        UnknownNameError
            If there is none.
        """
        with self._database.reading() as connection:
            return _session(connection, session)

    def open_session_of(self, device: str) -> SurveySession | None:
        """Return the newest open session that a device collects for; None if there is none."""
        query = (
            select(survey_sessions)
            .where(survey_sessions.c.device == device, survey_sessions.c.state == "open")
            .order_by(survey_sessions.c.created_s.desc(), survey_sessions.c.id)
            .limit(1)
        )
        with self._database.reading() as connection:
            return next(iter(rows_of(connection, query, SurveySession)), None)

    def set_state(self, session: str, state: SessionState) -> SurveySession:
        """Change how far a session is, and return it.

        Raises
        ------
        UnknownNameError
            If there is no such session.
        BadInputError
            If there is no such state.
        """
        with self._database.writing() as connection:
            changed = replace(_session(connection, session), state=state)
            change_row(connection, survey_sessions, "session", session, state=state)
        return changed

    def set_clock_offset(self, session: str, clock_offset_s: float) -> None:
        """Set what to add to the times of the scans to get the times of the marks, in seconds.

        Raises
        ------
        UnknownNameError
            If there is no such session.
        """
        with self._database.writing() as connection:
            change_row(connection, survey_sessions, "session", session, clock_offset_s=clock_offset_s)

    def add_marks(self, marks: Sequence[Mark]) -> int:
        """Add marks, and return how many are new.

        Raises
        ------
        UnknownNameError
            If the session of a mark does not exist; none is then added.
        """
        with self._database.writing() as connection:
            _require_sessions(connection, (mark.session for mark in marks))
            return insert_new(connection, survey_marks, marks)

    def end_mark(self, mark: str, end_s: float, x2_m: float | None = None, y2_m: float | None = None) -> Mark:
        """End a mark at the second click, and return it.

        Parameters
        ----------
        mark : str
            Id of the mark.
        end_s : float
            When it ends, in seconds since 1970.
        x2_m, y2_m : float, optional
            Where a walk ends, in metres.

        Raises
        ------
        UnknownNameError
            If there is no such mark.
        BadInputError
            If it would end before its start, or if a walk would lack a position.
        """
        with self._database.writing() as connection:
            ended = replace(_mark(connection, mark), end_s=end_s, x2_m=x2_m, y2_m=y2_m)
            change_row(connection, survey_marks, "mark", mark, end_s=end_s, x2_m=x2_m, y2_m=y2_m)
        return ended

    def set_undone(self, mark: str, undone: bool = True) -> None:
        """Take a mark back, or take it in again.

        Raises
        ------
        UnknownNameError
            If there is no such mark.
        """
        with self._database.writing() as connection:
            change_row(connection, survey_marks, "mark", mark, undone=undone)

    def marks_of(self, session: str) -> list[Mark]:
        """Return the marks of a session by their start, undone ones too."""
        with self._database.reading() as connection:
            return _marks(connection, session)

    def add_scans(self, scans: Sequence[SurveyScan]) -> int:
        """Add scans, and return how many are new.

        Raises
        ------
        UnknownNameError
            If the session of a scan does not exist; none is then added.
        BadInputError
            If a value cannot be stored; none is then added.
        """
        with self._database.writing() as connection:
            _require_sessions(connection, (scan.session for scan in scans if scan.session is not None))
            return insert_new(connection, survey_scans, scans)

    def scans_of(self, session: str) -> list[SurveyScan]:
        """Return the scans of a session, by time."""
        with self._database.reading() as connection:
            return _scans(connection, session)

    def adopt_scans(self, session: str) -> int:
        """Give a session the scans that its device sent without naming one.

        Parameters
        ----------
        session : str
            Id of the session.

        Returns
        -------
        int
            Number of scans that it got: those of its device that have no session and were taken between its
            first and its last click.

        Raises
        ------
        UnknownNameError
            If there is no such session.
        """
        with self._database.writing() as connection:
            return adopt_scans(connection, _session(connection, session))

    def labelled_scans(self, sessions: Iterable[str]) -> list[LabelledScan]:
        """Return the scans of sessions that were taken during a mark, with their positions and labels.

        Raises
        ------
        UnknownNameError
            If a session does not exist.
        """
        labelled: list[LabelledScan] = []
        with self._database.reading() as connection:
            for each in dict.fromkeys(sessions):
                offset_s = _session(connection, each).clock_offset_s
                labelled += label_scans(_scans(connection, each), _marks(connection, each), offset_s)
        return labelled

    def walks(self, sessions: Iterable[str]) -> list[Mark]:
        """Return the walks of sessions that have ended, with times by the clock of their scans.

        Raises
        ------
        UnknownNameError
            If a session does not exist.
        """
        walks: list[Mark] = []
        with self._database.reading() as connection:
            for each in dict.fromkeys(sessions):
                offset_s = _session(connection, each).clock_offset_s
                walks += [
                    replace(mark, start_s=mark.start_s - offset_s, end_s=mark.end_s - offset_s)
                    for mark in _marks(connection, each)
                    if mark.kind == "walk" and mark.end_s is not None and not mark.undone
                ]
        return walks

    def counts(self, session: str) -> dict[str, int]:
        """Count the scans of each mark of a session, by the mark's id. A mark without an end counts too.

        Raises
        ------
        UnknownNameError
            If there is no such session.
        """
        times = select(survey_scans.c.time_s).where(survey_scans.c.session == session)
        with self._database.reading() as connection:
            offset_s = _session(connection, session).clock_offset_s
            marks = _marks(connection, session)
            at = [mark_at(marks, time_s + offset_s) for time_s in connection.scalars(times)]
        n_scans = Counter(mark.id for mark in at if mark is not None)
        return {mark.id: n_scans[mark.id] for mark in marks}


def adopt_scans(connection: Connection, session: SurveySession) -> int:
    """Give a session the scans of its device that name none, in a transaction of the caller."""
    clicks = select(
        func.min(survey_marks.c.start_s),
        func.max(func.coalesce(survey_marks.c.end_s, survey_marks.c.start_s)),
    ).where(survey_marks.c.session == session.id, survey_marks.c.undone.is_(False))
    first_s, last_s = connection.execute(clicks).one()
    if session.device is None or first_s is None:
        return 0
    time_s = survey_scans.c.time_s + session.clock_offset_s
    left_over = (survey_scans.c.device == session.device) & survey_scans.c.session.is_(None)
    adopt = update(survey_scans).where(left_over, time_s >= first_s, time_s <= last_s)
    return connection.execute(adopt.values(session=session.id)).rowcount


def _require_sessions(connection: Connection, named: Iterable[str]) -> None:
    for session in sorted(set(named)):
        _session(connection, session)


def _session(connection: Connection, session: str) -> SurveySession:
    query = select(survey_sessions).where(survey_sessions.c.id == session)
    for found in rows_of(connection, query, SurveySession):
        return found
    raise UnknownNameError("session", session, connection.scalars(select(survey_sessions.c.id)))


def _mark(connection: Connection, mark: str) -> Mark:
    for found in rows_of(connection, select(survey_marks).where(survey_marks.c.id == mark), Mark):
        return found
    raise UnknownNameError("mark", mark, connection.scalars(select(survey_marks.c.id)))


def _marks(connection: Connection, session: str) -> list[Mark]:
    query = select(survey_marks).where(survey_marks.c.session == session)
    return rows_of(connection, query.order_by(survey_marks.c.start_s, survey_marks.c.id), Mark)


def _scans(connection: Connection, session: str) -> list[SurveyScan]:
    query = select(survey_scans).where(survey_scans.c.session == session)
    return rows_of(connection, query.order_by(survey_scans.c.time_s, survey_scans.c.id), SurveyScan)
