"""Surveyed scans as a table that `tutelage fit` reads."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tutelage.errors import BadInputError
from tutelage.files.atomic import atomic_file
from tutelage.serving.store import LabelledScan

__all__ = ["READING_COLUMNS", "write_survey"]

READING_COLUMNS = "ap=ap,rss_dbm=rss_dbm"
"""Option `--columns` of `tutelage fit` for the table."""
_LABELS = ("floor", "building", "place")


def write_survey(path: Path, labelled: Sequence[LabelledScan]) -> None:
    """Write a row for each reading, so that an access point may have any name, also that of a column.

    A session counts as a walker of its own. Scans that hear nothing teach nothing and are left out.

    Parameters
    ----------
    path : Path
        File to write.
    labelled : sequence of LabelledScan
        The scans.

    Raises
    ------
    BadInputError
        If some scans have a position and others have none.
    """
    n_without = sum(each.x_m is None for each in labelled)
    if 0 < n_without < len(labelled):
        raise BadInputError(
            f"{n_without} of {len(labelled)} scans have a place but no position; learn from surveys that "
            "were all clicked on the plan, or from none of these"
        )
    labels = [name for name in _LABELS if any(getattr(each, name) for each in labelled)]
    position = [] if n_without else ["x_m", "y_m"]
    with atomic_file(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["scan_id", *position, *labels, "user", "time", "ap", "rss_dbm"])
        for each in labelled:
            when = datetime.fromtimestamp(each.scan.time_s, UTC).isoformat(timespec="milliseconds")
            where = [getattr(each, name) for name in position]
            names = [_line(getattr(each, name) or "") for name in labels]
            scan = [each.scan.id, *where, *names, each.scan.session or "", when]
            writer.writerows([*scan, _line(ap), rss_dbm] for ap, rss_dbm in each.scan.rss_dbm.items())


def _line(text: str) -> str:
    """Write a name in one line: a row of the table is one."""
    return " ".join(text.split())
