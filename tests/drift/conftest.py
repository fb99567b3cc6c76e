"""A simulated building, a model of it, and what is done to the scans that come later."""

from __future__ import annotations

import pytest
from drifted import office

from tutelage import Localizer
from tutelage.data.fingerprints import FingerprintSet, Survey


@pytest.fixture(scope="session")
def building() -> Survey:
    """Two floors, 40 access points; scans of the same phones in training and test."""
    return office(0)


@pytest.fixture(scope="session")
def model(building: Survey) -> Localizer:
    """A calibrated k-NN."""
    return Localizer("knn", settings={"metric": "sorensen", "representation": "powed", "k": 5}).fit(building)


@pytest.fixture(scope="session")
def recent(building: Survey) -> FingerprintSet:
    """Scans of the unchanged building."""
    assert building.test is not None
    return building.test
