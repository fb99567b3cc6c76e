"""Expert Distilling as a whole: with which teachers, from which seed, to what student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import TeacherChoice, distil, distilling_recipe
from tutelage.paper.expert_training import Teacher, teaching_recipe, untrained_teacher
from tutelage.training import Budget, RunOptions, TrainedNetwork, train_network

SMALL = {"width": 32, "d_e": 16}


def distilled(
    target: FingerprintSet,
    teachers: Sequence[TeacherChoice] = (),
    *,
    network_settings: dict[str, Any] | None = None,
    epochs: int = 2,
    seed: int = 0,
) -> TrainedNetwork:
    run = RunOptions(seed=seed, device="cpu", budget=Budget(epochs=epochs))
    recipe = distilling_recipe("default", {"batch_size": 64, "learning_rate": 1e-2})
    settings = network_settings or SMALL
    if not teachers:
        return train_network(target, network_spec("dnn"), settings, recipe, run)
    return distil(target, network_spec("dnn"), settings, teachers, recipe, run)


def bit_equal(one: TrainedNetwork, other: TrainedNetwork) -> bool:
    mine, theirs = one.tensors(), other.tensors()
    return all(np.array_equal(mine[key], theirs[key]) for key in mine)


def error_m(student: TrainedNetwork, scans: FingerprintSet) -> float:
    distance = np.linalg.norm(student.locate(scans).position_m - scans.known_position_m, axis=1)
    return float(distance.mean())


def test_none_untrained_trained_and_two_teachers_all_run_and_all_differ(
    target: FingerprintSet, teachers: list[Teacher]
) -> None:
    choices: list[Sequence[TeacherChoice]] = [(), ["untrained"], teachers[:1], teachers, ["untrained"] * 2]
    students = [distilled(target, choice) for choice in choices]
    for i, student in enumerate(students):
        found = student.locate(target).position_m
        assert found.shape == (len(target), 2)
        assert found.dtype == np.float64
        assert np.isfinite(found).all()
        assert not any(bit_equal(student, other) for other in students[:i])


@pytest.mark.parametrize("n_teachers", [0, 2])
def test_same_seed_gives_the_same_student_bit_for_bit(
    target: FingerprintSet, teachers: list[Teacher], n_teachers: int
) -> None:
    one, same, other = (distilled(target, teachers[:n_teachers], seed=seed) for seed in (0, 0, 1))
    assert bit_equal(one, same)
    assert not bit_equal(one, other)


def test_untrained_teachers_follow_the_seed(target: FingerprintSet) -> None:
    one, same = (distilled(target, ["untrained"], seed=4) for _ in range(2))
    assert bit_equal(one, same)


def test_two_untrained_teachers_are_not_the_same(target: FingerprintSet) -> None:
    one, other = (
        untrained_teacher("dnn", 16, teaching_recipe("default"), non_negative=True, seed=seed)
        for seed in (0, 1)
    )
    student = distilled(target, ["untrained", "untrained"], epochs=1)
    assert bit_equal(student, distilled(target, [one, other], epochs=1))
    assert not bit_equal(student, distilled(target, [one, one], epochs=1))


def test_expert_distilling_without_a_teacher_is_refused(target: FingerprintSet) -> None:
    with pytest.raises(BadInputError, match="name at least one"):
        distil(target, network_spec("dnn"), SMALL, [], distilling_recipe("default"), RunOptions())


def test_teachers_stay_frozen_through_a_whole_run(target: FingerprintSet, teachers: list[Teacher]) -> None:
    before = [{k: v.clone() for k, v in t.generator.state_dict().items()} for t in teachers]
    distilled(target, teachers)
    for old, teacher in zip(before, teachers, strict=True):
        assert all((old[key] == value).all() for key, value in teacher.generator.state_dict().items())
        assert not teacher.generator.training


@pytest.mark.slow
def test_student_under_two_teachers_learns_its_building(
    target: FingerprintSet, teachers: list[Teacher]
) -> None:
    position_m = target.known_position_m
    centroid_m = float(np.linalg.norm(position_m - position_m.mean(axis=0), axis=1).mean())
    assert error_m(distilled(target, teachers, epochs=40), target) < 0.5 * centroid_m


def test_student_survives_config_and_tensors(target: FingerprintSet, teachers: list[Teacher]) -> None:
    student = distilled(target, teachers)
    again = TrainedNetwork.from_config(student.config(), student.tensors())
    np.testing.assert_array_equal(again.locate(target).position_m, student.locate(target).position_m)


def test_student_locates_no_scans(target: FingerprintSet) -> None:
    assert distilled(target).locate(target[:0]).position_m.shape == (0, 2)


def test_weights_are_the_mean_over_the_last_part_of_the_run(target: FingerprintSet) -> None:
    seen: list[dict[str, np.ndarray]] = []

    def look(network: TrainedNetwork, _: int) -> None:
        seen.append({key: value.copy() for key, value in network.tensors().items()})

    settings = {"batch_size": 64, "learning_rate": 1e-2, "schedule": "constant", "averaged": 0.3}
    recipe = distilling_recipe("default", settings)
    run = RunOptions(device="cpu", budget=Budget(updates=10))
    student = train_network(target, network_spec("dnn"), SMALL, recipe, run, watch=look)
    assert len(seen) == 10
    for key, value in student.tensors().items():
        expected = np.mean([each[key] for each in seen[-3:]], axis=0)
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-6)
        assert not np.array_equal(value, seen[-1][key])


def test_averaged_run_that_is_stopped_and_resumed_is_the_same_bit_for_bit(
    target: FingerprintSet, tmp_path: Path
) -> None:
    class Stopped(Exception):  # noqa: N818 (it is no error)
        pass

    def stop(_: TrainedNetwork, tenth: int) -> None:
        if tenth == 9:
            raise Stopped

    recipe = distilling_recipe("default", {"batch_size": 64, "averaged": 0.5})
    kept = RunOptions(
        device="cpu", budget=Budget(updates=20), checkpoint_dir=tmp_path, checkpoint_seconds=0.0
    )
    spec = network_spec("dnn")
    whole = train_network(target, spec, SMALL, recipe, replace(kept, checkpoint_dir=None))
    with pytest.raises(Stopped):
        train_network(target, spec, SMALL, recipe, kept, watch=stop)
    resumed = train_network(target, spec, SMALL, recipe, replace(kept, resume=True))
    assert bit_equal(resumed, whole)


def test_a_teacher_that_does_not_fit_is_refused_before_training(
    target: FingerprintSet, teachers: list[Teacher]
) -> None:
    with pytest.raises(BadInputError, match=r"d_e = 16, the student has d_e = 8"):
        distilled(target, teachers, network_settings={"width": 32, "d_e": 8})
