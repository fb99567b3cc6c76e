"""Small buildings for the matcher."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import simulated_survey


def building(seed: int) -> Survey:
    return replace(simulated_survey(seed=seed, n_train=400, n_test=300), name=f"simulated:{seed}")


@pytest.fixture(scope="package")
def office() -> Survey:
    return building(1)


@pytest.fixture(scope="package")
def museum() -> Survey:
    return building(2)
