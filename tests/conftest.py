"""Shared fixtures: what the machine has for the tests, and a cache that no test shares with the user."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from benchmarks.cases_folder import cases_folder
from filelock import FileLock
from hypothesis import settings

import mosquitto
import postgres_server

# Small tensors: more threads only wait for each other, here and in the processes that tests start.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"
# How long an example takes depends on what else the machine does.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

REAL_DATA = Path(os.environ["TUTELAGE_DATA"]) if os.environ.get("TUTELAGE_DATA") else None
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# What some tests need of the machine: the marker of these tests, whether it is here, and how to bring it.
NEEDS = {
    "real_data": (
        REAL_DATA is not None and REAL_DATA.is_dir(),
        "set TUTELAGE_DATA to the folder that holds the data sets",
    ),
    "cases": (
        cases_folder() is not None,
        "set TUTELAGE_CASES to the folder of files that people really have",
    ),
    "browser": (CHROMIUM is not None, "install Chromium (Debian: chromium)"),
    "broker": (mosquitto.PROGRAM is not None, "install mosquitto (Debian: mosquitto)"),
    "postgres": (postgres_server.PROGRAMS is not None, "install PostgreSQL (Debian: postgresql)"),
}
MISSING = {marker: remedy for marker, (is_here, remedy) in NEEDS.items() if not is_here}


def pytest_configure() -> None:
    """In CI, what is missing is a failure, never a skip."""
    if MISSING and os.environ.get("CI") == "true":
        raise pytest.UsageError(f"CI runs every test: {'; '.join(MISSING.values())}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need what is missing."""
    left_out = [item for item in items if any(item.get_closest_marker(marker) for marker in MISSING)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so: the workers, which know how many, have no terminal."""
    for marker, remedy in MISSING.items():
        terminalreporter.write_line(f"the tests marked {marker} were left out: {remedy}")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real data sets."""
    assert REAL_DATA is not None
    return REAL_DATA.resolve()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    assert CHROMIUM is not None
    return CHROMIUM


@pytest.fixture(scope="session", autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of this test run alone."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["TUTELAGE_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """A folder that is made by the first process of this run that asks for it, for all of them."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # what the processes of a run have in common

    def folder(name: str, make: Callable[[Path], None]) -> Path:
        with FileLock(root / f"{name}.lock"):
            if not (root / name).exists():
                (root / f"{name}.part").mkdir()
                make(root / f"{name}.part")
                (root / f"{name}.part").rename(root / name)
        return root / name

    return folder
