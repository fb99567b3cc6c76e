"""Shared fixtures: where the real data are, and a cache that no test shares with the user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

# Small tensors: more threads only wait for each other, the more so on a busy machine.
torch.set_num_threads(1)

REAL_DATA = Path(os.environ["TUTELAGE_DATA"]) if os.environ.get("TUTELAGE_DATA") else None


def pytest_configure() -> None:
    """In CI, missing data are a failure, never a skip."""
    if not _has_data() and os.environ.get("CI") == "true":
        raise pytest.UsageError("CI needs the real data: set TUTELAGE_DATA to a folder that holds them")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without data, leave the real-data tests out."""
    if _has_data():
        return
    real = [item for item in items if item.get_closest_marker("real_data")]
    config.hook.pytest_deselected(items=real)
    items[:] = [item for item in items if item not in set(real)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so: the workers, which know how many, have no terminal."""
    if not _has_data():
        terminalreporter.write_line(
            "the tests on real data were left out: set TUTELAGE_DATA to the folder that holds the data sets"
        )


def _has_data() -> bool:
    return REAL_DATA is not None and REAL_DATA.is_dir()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real data sets."""
    assert REAL_DATA is not None
    return REAL_DATA.resolve()


@pytest.fixture(scope="session", autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of this test run alone."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["TUTELAGE_CACHE"] = str(folder)
    return folder
