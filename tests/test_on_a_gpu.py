"""On a CUDA device: every network, matcher and blend learn there, answer anywhere, and lose nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tutelage import Localizer
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.sets.fingerprint_file import write_fingerprints
from tutelage.data.surveys import simulated_survey
from tutelage.losses import (
    MutualInformationEstimator,
    angular_similarity,
    functional_information,
    mean_distance,
    mutual_information,
)
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.pretrained import pretrain
from tutelage.paper.expert_training import Teacher, teach
from tutelage.training import Budget, RunOptions

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

GPU = "cuda"
BRIEF: dict[str, Any] = {"updates": 60, "exercises": 256}
ANSWER_WITHOUT_GPU = """
import sys
import numpy as np
import torch
from tutelage import Localizer
from tutelage.data.sets.fingerprint_file import read_fingerprints
assert not torch.cuda.is_available()
model = Localizer.load(sys.argv[1])
np.save(sys.argv[3], model.predict(read_fingerprints(sys.argv[2])).position_m)
"""


def building(seed: int, n_access_points: int = 40) -> Survey:
    size: dict[str, Any] = {"n_floors": 1, "width_m": 60, "n_access_points": n_access_points}
    return replace(
        simulated_survey(seed, n_train=400, n_test=100, **size),
        name=f"depot {seed}",
        licence="CC BY 4.0",
    )


@pytest.fixture(scope="module")
def survey() -> Survey:
    return building(seed=1)


@pytest.fixture(scope="module")
def unseen(survey: Survey) -> FingerprintSet:
    assert survey.test is not None
    return survey.test[survey.test.n_heard > 0]


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    return teach(building(seed=2, n_access_points=25), run=RunOptions(device=GPU, budget=Budget(updates=200)))


def error_m(model: Localizer, truth: FingerprintSet) -> float:
    found = model.predict(truth).position_m
    return float(np.nanmean(np.linalg.norm(found - truth.known_position_m, axis=1)))


def spread_m(train: FingerprintSet, truth: FingerprintSet) -> float:
    """Error of the mean place."""
    middle_m = train.known_position_m.mean(axis=0)
    return float(np.linalg.norm(truth.known_position_m - middle_m, axis=1).mean())


@pytest.mark.parametrize("method", ["dnn", "cnnloc", "bayescnn", "baat", "matcher", "blend"])
def test_model_learnt_on_the_gpu_gives_the_same_positions_without_one(
    method: str, survey: Survey, unseen: FingerprintSet, tmp_path: Path
) -> None:
    settings = {
        "matcher": BRIEF,
        "blend": {**{f"matcher.{name}": value for name, value in BRIEF.items()}, "share": 0.5},
    }.get(method, {})
    pretrained = "none" if method in ("matcher", "blend") else "zoo"
    run = RunOptions(device=GPU, budget=Budget() if method == "matcher" else Budget(updates=400))
    model = Localizer(method, pretrained=pretrained, settings=settings, run=run, calibrate=False).fit(survey)
    if method != "cnnloc":  # 400 updates are few after its autoencoder
        assert error_m(model, unseen) < 0.7 * spread_m(survey.train, unseen)
    model.save(tmp_path / "model")
    write_fingerprints(unseen, tmp_path / "unseen.parquet")
    subprocess.run(
        [
            *(sys.executable, "-c", ANSWER_WITHOUT_GPU),
            *(str(tmp_path / "model"), str(tmp_path / "unseen.parquet"), str(tmp_path / "found.npy")),
        ],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        check=True,
    )
    np.testing.assert_allclose(
        np.load(tmp_path / "found.npy"), model.predict(unseen).position_m, rtol=0, atol=1e-3
    )


def test_teacher_made_on_the_gpu_teaches_there_and_on_the_cpu(
    teacher: Teacher, survey: Survey, unseen: FingerprintSet
) -> None:
    runs = [RunOptions(device=device, budget=Budget(updates=400)) for device in (GPU, "cpu")]
    errors = [
        error_m(Localizer("dnn", teachers=[teacher], run=run, calibrate=False).fit(survey), unseen)
        for run in runs
    ]
    assert max(errors) < 0.7 * spread_m(survey.train, unseen)
    assert abs(errors[0] - errors[1]) < 0.3 * max(errors)


def test_teacher_is_the_same_content_wherever_it_is_read(teacher: Teacher) -> None:
    assert {value.device.type for value in teacher.generator.state_dict().values()} == {"cpu"}
    assert Teacher.from_bytes(teacher.to_bytes()).content_hash() == teacher.content_hash()


def test_pretrained_matcher_is_made_on_the_gpu(survey: Survey, unseen: FingerprintSet) -> None:
    sources = [building(seed=3), building(seed=4)]
    settings = {**MatcherRecipe().model_dump(), "updates": 150, "exercises": 512}
    matcher = pretrain(sources, settings=settings, run=RunOptions(device=GPU))
    model = Localizer("matcher", pretrained=matcher, settings={"fine_tune": False}, calibrate=False).fit(
        survey
    )
    assert error_m(model, unseen) < 0.5 * spread_m(survey.train, unseen)


def constraints_of(z_student: Tensor, z_teacher: Tensor, place: Tensor) -> Tensor:
    """Every constraint's value, one after another."""
    estimator = MutualInformationEstimator(z_student.shape[1]).to(z_student)
    for parameter in estimator.parameters():
        torch.nn.init.constant_(parameter, 0.05)
    other_scans = torch.arange(len(place)).roll(1).to(place.device)
    return torch.stack(
        [
            angular_similarity(z_student, z_teacher),
            mutual_information(estimator, z_student, z_teacher, permutation=other_scans),
            functional_information(z_student, z_student.tanh(), [(z_teacher, z_teacher.tanh())]),
            mean_distance(place, place.flip(0)),
        ]
    )


def test_constraints_are_the_same_numbers_on_both_devices() -> None:
    numbers = torch.Generator().manual_seed(0)
    shapes = (48, 16), (48, 16), (48, 2)
    samples = [torch.randn(shape, generator=numbers, dtype=torch.float64) for shape in shapes]
    torch.testing.assert_close(
        constraints_of(*(each.cuda() for each in samples)).cpu(),
        constraints_of(*samples),
        rtol=1e-9,
        atol=1e-9,
    )
