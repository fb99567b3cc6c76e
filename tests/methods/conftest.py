"""A small building, and a list of methods that no other test sees."""

from __future__ import annotations

import pytest

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import simulated_survey
from tutelage.methods.method_registry import METHODS


@pytest.fixture(scope="session")
def survey() -> Survey:
    return simulated_survey(
        seed=4, n_train=200, n_test=40, n_access_points=16, n_floors=1, width_m=40, depth_m=24
    )


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    for name in METHODS.names():
        METHODS.get(name)  # a module registers its method once, so it must not do so in the copy
    monkeypatch.setattr(METHODS, "entries", dict(METHODS.entries))
