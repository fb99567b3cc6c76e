"""Expert Distilling as a whole: with which teachers, from which seed, to what student."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tutelage.distilling import TeacherChoice, distil, distilling_recipe, expert_distilling
from tutelage.errors import BadInputError
from tutelage.fingerprints import FingerprintSet
from tutelage.student import Student
from tutelage.teaching import Teacher, untrained_teacher
from tutelage.training import Budget, RunOptions

SMALL = {"width": 32, "d_e": 16}


def distilled(
    target: FingerprintSet,
    teachers: Sequence[TeacherChoice] = (),
    *,
    network_settings: dict[str, Any] | None = None,
    epochs: int = 2,
    seed: int = 0,
) -> Student:
    options = RunOptions(seed=seed, device="cpu", budget=Budget(epochs=epochs))
    recipe = distilling_recipe("default", {"batch_size": 64, "learning_rate": 1e-2})
    return distil(target, "dnn", network_settings or SMALL, teachers, "default", recipe, options)


def bit_equal(one: Student, other: Student) -> bool:
    mine, theirs = one.tensors(), other.tensors()
    return all(np.array_equal(mine[key], theirs[key]) for key in mine)


def error_m(student: Student, scans: FingerprintSet) -> float:
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


def test_two_untrained_teachers_are_not_the_same(
    target: FingerprintSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Teacher] = []

    def watched(*arguments: Any, **options: Any) -> Teacher:
        made.append(untrained_teacher(*arguments, **options))
        return made[-1]

    monkeypatch.setattr(expert_distilling, "untrained_teacher", watched)
    distilled(target, ["untrained", "untrained"], epochs=1)
    one, other = (teacher.generator.state_dict() for teacher in made)
    assert not any((one[key] == other[key]).all() for key in one)


def test_teachers_stay_frozen_through_a_whole_run(target: FingerprintSet, teachers: list[Teacher]) -> None:
    before = [{k: v.clone() for k, v in t.generator.state_dict().items()} for t in teachers]
    distilled(target, teachers)
    for old, teacher in zip(before, teachers, strict=True):
        assert all((old[key] == value).all() for key, value in teacher.generator.state_dict().items())
        assert not teacher.generator.training


def test_student_under_two_teachers_learns_its_building(
    target: FingerprintSet, teachers: list[Teacher]
) -> None:
    position_m = target.known_position_m
    centroid_m = float(np.linalg.norm(position_m - position_m.mean(axis=0), axis=1).mean())
    assert error_m(distilled(target, teachers, epochs=40), target) < 0.5 * centroid_m


def test_student_survives_config_and_tensors(target: FingerprintSet, teachers: list[Teacher]) -> None:
    student = distilled(target, teachers)
    again = Student.from_config(student.config(), student.tensors())
    np.testing.assert_array_equal(again.locate(target).position_m, student.locate(target).position_m)


def test_student_locates_no_scans(target: FingerprintSet) -> None:
    assert distilled(target).locate(target[:0]).position_m.shape == (0, 2)


def test_a_teacher_that_does_not_fit_is_refused_before_training(
    target: FingerprintSet, teachers: list[Teacher]
) -> None:
    with pytest.raises(BadInputError, match=r"d_e = 16, the student has d_e = 8"):
        distilled(target, teachers, network_settings={"width": 32, "d_e": 8})
