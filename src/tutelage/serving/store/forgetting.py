"""Removes what is known of a device."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, select, union, update

from tutelage.errors import UnknownNameError
from tutelage.serving.store.database import Database, insert_new, rows_of
from tutelage.serving.store.survey_rows import SurveySession, places_of
from tutelage.serving.store.surveys import adopt_scans
from tutelage.serving.store.tables import devices, survey_marks, survey_scans, survey_sessions, track_points

__all__ = ["Forgotten", "forget"]


@dataclass(frozen=True)
class Forgotten:
    """What was removed, and what stays without the device's name.

    Parameters
    ----------
    device : str
        Id of the device.
    n_track_points : int
        Number of points that were removed.
    n_survey_scans, n_survey_sessions : int
        Number of scans and sessions that stay, without the device's id.
    """

    device: str
    n_track_points: int
    n_survey_scans: int
    n_survey_sessions: int


def forget(database: Database, device: str) -> Forgotten:
    """Remove a device, its settings and its track, and its id from surveys.

    Scans of surveys stay: they tell of the building, and without them its map would get holes. They lose what
    leads to the device: its id, and their own ids, which may have been made of it.
    On PostgreSQL the bytes of removed rows go with the next vacuum.

    Parameters
    ----------
    database : Database
        The store's.
    device : str
        Id of the device.

    Returns
    -------
    Forgotten
        Counts of what was removed and of what stays.

    Raises
    ------
    UnknownNameError
        If nothing is known of the device.
    """
    with database.writing() as connection:
        # A point that is added meanwhile waits for this row, and then comes from a new device.
        connection.execute(select(devices.c.id).where(devices.c.id == device).with_for_update())
        _require_known(connection, device)
        of_device = select(survey_sessions).where(survey_sessions.c.device == device)
        for session in rows_of(connection, of_device, SurveySession):
            adopt_scans(connection, session)
        no_device = {"device": None}
        sessions = update(survey_sessions).where(survey_sessions.c.device == device).values(no_device)
        forgotten = Forgotten(
            device,
            connection.execute(delete(track_points).where(track_points.c.device == device)).rowcount,
            _with_new_ids(connection, survey_scans, survey_scans.c.device == device, device=None),
            connection.execute(sessions).rowcount + _rename_places(connection, device),
        )
        connection.execute(delete(devices).where(devices.c.id == device))
    database.flush_deleted()
    return forgotten


def _require_known(connection: Connection, device: str) -> None:
    known = union(
        select(devices.c.id), select(survey_scans.c.device), select(survey_sessions.c.device)
    ).subquery()
    names = {*connection.scalars(select(known).where(known.c[0].is_not(None)))}
    if device not in names:
        raise UnknownNameError("device", device, names)


def _rename_places(connection: Connection, device: str) -> int:
    """Rename the session of places that the device told, whose id names it; return how many there were."""
    own = places_of(device)
    sessions = rows_of(connection, select(survey_sessions).where(survey_sessions.c.id == own), SurveySession)
    for session in sessions:
        renamed = replace(session, id=uuid.uuid4().hex, name=places_of("a forgotten device"))
        insert_new(connection, survey_sessions, [renamed])
        _with_new_ids(connection, survey_marks, survey_marks.c.session == own, session=renamed.id)
        of_session = update(survey_scans).where(survey_scans.c.session == own)
        connection.execute(of_session.values(session=renamed.id))
        connection.execute(delete(survey_sessions).where(survey_sessions.c.id == own))
    return len(sessions)


def _with_new_ids(
    connection: Connection, table: Table, chosen: ColumnElement[bool], **changes: str | None
) -> int:
    """Give rows ids that are made of nothing, and other values; return how many they were."""
    ids = connection.scalars(select(table.c.id).where(chosen)).all()
    if ids:
        rename = update(table).where(table.c.id == bindparam("old"))
        rename = rename.values(id=bindparam("new"), **changes)
        connection.execute(rename, [{"old": each, "new": uuid.uuid4().hex} for each in ids])
    return len(ids)
