"""Files made after the specification of each form."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

MADE = Path(__file__).parent / "made"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with a copy of each file: walk.txt, home.jsons, home_labels.csv, corridor.geojson, comford."""
    return Path(shutil.copytree(MADE, tmp_path / "made"))
