"""A building for the teachers to teach."""

from __future__ import annotations

import pytest

from tutelage.datasets import simulated_survey
from tutelage.fingerprints import Survey


@pytest.fixture(scope="session")
def survey() -> Survey:
    return simulated_survey(seed=3)
