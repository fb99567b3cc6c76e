"""A building small enough for a trial in a fraction of a second."""

from __future__ import annotations

import pytest
from small_search import small_building

from tutelage.data.fingerprints import Survey
from tutelage.networks import NETWORKS


@pytest.fixture(scope="session")
def building() -> Survey:
    return small_building()


@pytest.fixture(autouse=True)
def forgotten_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that a test registers are known to it alone."""
    monkeypatch.setattr(NETWORKS, "entries", dict(NETWORKS.entries))
