"""A small target building and two teachers of other buildings."""

from __future__ import annotations

import pytest

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import simulated_survey
from tutelage.paper.expert_training import Teacher, teach
from tutelage.training import Budget, RunOptions

SMALL = {"width": 32, "d_e": 16}


def building(seed: int, n_access_points: int) -> Survey:
    return simulated_survey(
        seed=seed, n_train=160, n_test=40, n_access_points=n_access_points, n_floors=1, width_m=40, depth_m=24
    )


@pytest.fixture(scope="session")
def target() -> FingerprintSet:
    train = building(seed=1, n_access_points=20).train
    return train[train.n_heard > 0]


@pytest.fixture(scope="session")
def teachers() -> list[Teacher]:
    """Of other buildings, with other access points."""
    options = RunOptions(device="cpu", budget=Budget(epochs=10))
    settings = {"critic_steps": 1, "d_noise": 8, "d_f": 24, "critic_width": 32}
    return [
        teach(building(seed, n), settings={**settings, **SMALL}, run=options)
        for seed, n in ((2, 16), (3, 27))
    ]
