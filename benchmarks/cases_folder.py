"""Where the files are that people really have."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cases_folder"]


def cases_folder() -> Path | None:
    """Return TUTELAGE_CASES, by default the folder `cases` beside TUTELAGE_DATA, if it is here."""
    data = os.environ.get("TUTELAGE_DATA")
    named = os.environ.get("TUTELAGE_CASES") or (str(Path(data).parent / "cases") if data else "")
    return Path(named) if named and Path(named).is_dir() else None
