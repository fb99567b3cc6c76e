"""Small buildings for the scorer."""

from __future__ import annotations

import pytest

from tutelage.datasets import load
from tutelage.fingerprints import Survey


@pytest.fixture(scope="package")
def office() -> Survey:
    return load("simulated:1")


@pytest.fixture(scope="package")
def museum() -> Survey:
    return load("simulated:2")
