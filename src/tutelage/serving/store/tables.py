"""The tables of a store, as the newest migration leaves them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

__all__ = [
    "METADATA",
    "access_keys",
    "devices",
    "models",
    "plans",
    "rooms",
    "survey_marks",
    "survey_scans",
    "survey_sessions",
    "track_points",
]

METADATA = MetaData()

devices = Table(
    "devices",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("first_seen_s", Double, nullable=False),
    Column("last_seen_s", Double, nullable=False),
    Column("settings", JSON, nullable=False),
)

track_points = Table(
    "track_points",
    METADATA,
    Column("device", Text, ForeignKey("devices.id"), primary_key=True),
    Column("time_s", Double, primary_key=True),
    Column("model", Text),
    Column("reason", Text, nullable=False),
    Column("x_m", Double),
    Column("y_m", Double),
    Column("floor", Text),
    Column("building", Text),
    Column("place", Text),
    Column("radius_m", Double),
    Column("payload", JSON, nullable=False),
    Index("track_points_by_time", "time_s"),
    sqlite_with_rowid=False,
)

survey_sessions = Table(
    "survey_sessions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_s", Double, nullable=False),
    Column("device", Text),
    Column("model", Text),
    Column("building", Text),
    Column("floor", Text),
    Column("state", Text, nullable=False),
    Column("clock_offset_s", Double, nullable=False),
)

survey_marks = Table(
    "survey_marks",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("session", Text, ForeignKey("survey_sessions.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("start_s", Double, nullable=False),
    Column("end_s", Double),
    Column("x_m", Double),
    Column("y_m", Double),
    Column("x2_m", Double),
    Column("y2_m", Double),
    Column("floor", Text),
    Column("building", Text),
    Column("place", Text),
    Column("undone", Boolean, nullable=False),
    Index("survey_marks_by_session", "session"),
)

survey_scans = Table(
    "survey_scans",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("session", Text, ForeignKey("survey_sessions.id")),
    Column("device", Text),
    Column("time_s", Double, nullable=False),
    Column("rss_dbm", JSON, nullable=False),
    Column("age_s", JSON, nullable=False),
    Index("survey_scans_by_session", "session", "time_s"),
    Index("survey_scans_by_device", "device", "time_s"),
)

models = Table(
    "models",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("path", Text, nullable=False),
    Column("created_s", Double, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("card", JSON, nullable=False),
)

plans = Table(
    "plans",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("created_s", Double, nullable=False),
    Column("building", Text),
    Column("floor", Text),
    Column("transform", JSON(none_as_null=True)),
    Column("content", LargeBinary, nullable=False),
)

rooms = Table(
    "rooms",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("polygon", JSON, nullable=False),
    Column("building", Text),
    Column("floor", Text),
)

access_keys = Table(
    "access_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("created_s", Double, nullable=False),
    Column("revoked_s", Double),
    Index("access_keys_by_hash", "hash", unique=True),
)
# Keys that are in force have names of their own; a revoked key gives its name free.
Index(
    "access_keys_in_force",
    access_keys.c.name,
    unique=True,
    sqlite_where=access_keys.c.revoked_s.is_(None),
    postgresql_where=access_keys.c.revoked_s.is_(None),
)
