"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "devices",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("first_seen_s", sa.Double, nullable=False),
        sa.Column("last_seen_s", sa.Double, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
    )
    op.create_table(
        "track_points",
        sa.Column("device", sa.Text, sa.ForeignKey("devices.id"), primary_key=True),
        sa.Column("time_s", sa.Double, primary_key=True),
        sa.Column("model", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("x_m", sa.Double),
        sa.Column("y_m", sa.Double),
        sa.Column("floor", sa.Text),
        sa.Column("building", sa.Text),
        sa.Column("place", sa.Text),
        sa.Column("radius_m", sa.Double),
        sa.Column("payload", sa.JSON, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("track_points_by_time", "track_points", ["time_s"])
    op.create_table(
        "survey_sessions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_s", sa.Double, nullable=False),
        sa.Column("device", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("building", sa.Text),
        sa.Column("floor", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("clock_offset_s", sa.Double, nullable=False),
    )
    op.create_table(
        "survey_marks",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("session", sa.Text, sa.ForeignKey("survey_sessions.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("start_s", sa.Double, nullable=False),
        sa.Column("end_s", sa.Double),
        sa.Column("x_m", sa.Double),
        sa.Column("y_m", sa.Double),
        sa.Column("x2_m", sa.Double),
        sa.Column("y2_m", sa.Double),
        sa.Column("floor", sa.Text),
        sa.Column("building", sa.Text),
        sa.Column("place", sa.Text),
        sa.Column("undone", sa.Boolean, nullable=False),
    )
    op.create_index("survey_marks_by_session", "survey_marks", ["session"])
    op.create_table(
        "survey_scans",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("session", sa.Text, sa.ForeignKey("survey_sessions.id")),
        sa.Column("device", sa.Text),
        sa.Column("time_s", sa.Double, nullable=False),
        sa.Column("rss_dbm", sa.JSON, nullable=False),
        sa.Column("age_s", sa.JSON, nullable=False),
    )
    op.create_index("survey_scans_by_session", "survey_scans", ["session", "time_s"])
    op.create_index("survey_scans_by_device", "survey_scans", ["device", "time_s"])
    op.create_table(
        "models",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("created_s", sa.Double, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("card", sa.JSON, nullable=False),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("created_s", sa.Double, nullable=False),
        sa.Column("building", sa.Text),
        sa.Column("floor", sa.Text),
        sa.Column("transform", sa.JSON(none_as_null=True)),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "rooms",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("polygon", sa.JSON, nullable=False),
        sa.Column("building", sa.Text),
        sa.Column("floor", sa.Text),
    )
    op.create_table(
        "access_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("created_s", sa.Double, nullable=False),
        sa.Column("revoked_s", sa.Double),
    )
    op.create_index("access_keys_by_hash", "access_keys", ["hash"], unique=True)
    in_force = sa.text("revoked_s IS NULL")
    op.create_index(
        "access_keys_in_force",
        "access_keys",
        ["name"],
        unique=True,
        sqlite_where=in_force,
        postgresql_where=in_force,
    )
