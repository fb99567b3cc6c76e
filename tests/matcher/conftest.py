"""Small buildings for the matcher."""

from __future__ import annotations

import pytest

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import load


@pytest.fixture(scope="package")
def office() -> Survey:
    return load("simulated:1")


@pytest.fixture(scope="package")
def museum() -> Survey:
    return load("simulated:2")
