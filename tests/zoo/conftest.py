"""A building for the teachers to teach."""

from __future__ import annotations

import pytest

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import simulated_survey


@pytest.fixture(scope="session")
def survey() -> Survey:
    return simulated_survey(seed=3)
