"""Exported models: those in the folder that TUTELAGE_EXPORTED names, else made here by the whole library."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def models(request: pytest.FixtureRequest) -> Path:
    """A folder with a model of each kind, scans, and what the library answers."""
    if "TUTELAGE_EXPORTED" in os.environ:
        return Path(os.environ["TUTELAGE_EXPORTED"])
    from made_models import write_models

    folder: Path = request.getfixturevalue("made_once")("models_of_runtime", write_models)
    return folder
