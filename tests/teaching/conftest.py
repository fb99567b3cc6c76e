"""A small building far from the origin of its coordinates, and a teacher made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import simulated_survey
from tutelage.paper.expert_training import Teacher, teach
from tutelage.runtime.frames import LocalFrame
from tutelage.training import Budget, RunOptions

UTM = LocalFrame((482_113.0, 4_863_257.0), 25830)

MakeTeacher = Callable[..., Teacher]


@pytest.fixture(scope="session")
def survey() -> Survey:
    simulated = simulated_survey(
        seed=1, n_train=240, n_test=40, n_access_points=20, n_floors=1, width_m=40, depth_m=24
    )
    return Survey("the depot", replace(simulated.train, frame=UTM), licence="CC BY 4.0")


@pytest.fixture(scope="session")
def make_teacher(survey: Survey) -> MakeTeacher:
    """A teacher by a small network and a small budget."""

    def make(
        source: Survey = survey, *, epochs: int = 3, seed: int = 0, recipe: str = "default", **settings: Any
    ) -> Teacher:
        return teach(
            source,
            recipe=recipe,
            settings={"batch_size": 64, "critic_steps": 2, "width": 64, "d_e": 32, **settings},
            run=RunOptions(seed=seed, device="cpu", budget=Budget(epochs=epochs)),
        )

    return make


@pytest.fixture(scope="session")
def teacher(make_teacher: MakeTeacher) -> Teacher:
    return make_teacher()
