"""A run interrupted anywhere and resumed is the run that was never interrupted, bit for bit."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import small_run as small
import torch
from small_run import CHECKPOINT, Interrupted, small_run
from torch import Tensor

from tutelage.errors import BadInputError
from tutelage.training import Budget, RunOptions, TrainState

Finished = tuple[TrainState, Tensor]


def checkpointed(folder: Path, *, resume: bool = False) -> RunOptions:
    return RunOptions(seed=3, device="cpu", checkpoint_dir=folder, checkpoint_seconds=0.0, resume=resume)


@pytest.fixture(scope="module")
def uninterrupted() -> Finished:
    return small_run(RunOptions(seed=3, device="cpu"))


def assert_bit_identical(one: Finished, other: Finished) -> None:
    (a, random_a), (b, random_b) = one, other
    assert (a.step, a.n_steps) == (b.step, b.n_steps) == (20, 20)
    assert torch.equal(random_a, random_b)
    weights, expected = a.modules["student"].state_dict(), b.modules["student"].state_dict()
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[key], expected[key]) for key in expected)
    slots, expected_slots = (s.optimizers["student"].state_dict()["state"] for s in (a, b))
    assert slots.keys() == expected_slots.keys()
    for index, slot in expected_slots.items():
        assert all(torch.equal(slots[index][key], slot[key]) for key in ("step", "exp_avg", "exp_avg_sq"))


def test_run_of_20_steps_equals_9_then_resumed_11(tmp_path: Path, uninterrupted: Finished) -> None:
    with pytest.raises(Interrupted):
        small_run(checkpointed(tmp_path), stop_before=9)
    with pytest.raises(Interrupted):  # resumed, it stands at step 9, not at 0
        small_run(checkpointed(tmp_path, resume=True), stop_before=9)
    assert_bit_identical(small_run(checkpointed(tmp_path, resume=True)), uninterrupted)


@pytest.mark.slow
def test_killed_while_saving_then_resumed_equals_uninterrupted(
    tmp_path: Path, uninterrupted: Finished
) -> None:
    killed = subprocess.run([sys.executable, str(small.__file__), str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(Interrupted):  # the last whole checkpoint is that of step 6
        small_run(checkpointed(tmp_path, resume=True), stop_before=6)
    assert_bit_identical(small_run(checkpointed(tmp_path, resume=True)), uninterrupted)


def test_checkpoints_change_nothing(tmp_path: Path, uninterrupted: Finished) -> None:
    assert_bit_identical(small_run(checkpointed(tmp_path)), uninterrupted)


def test_run_without_resume_starts_afresh(tmp_path: Path, uninterrupted: Finished) -> None:
    with pytest.raises(Interrupted):
        small_run(checkpointed(tmp_path), stop_before=9)
    assert_bit_identical(small_run(checkpointed(tmp_path)), uninterrupted)


def test_finished_run_resumed_does_no_step(tmp_path: Path, uninterrupted: Finished) -> None:
    small_run(checkpointed(tmp_path))
    assert_bit_identical(small_run(checkpointed(tmp_path, resume=True), stop_before=0), uninterrupted)


def test_checkpoint_of_another_run_is_refused_naming_the_difference(tmp_path: Path) -> None:
    small_run(checkpointed(tmp_path), fingerprint={"network": "dnn", "recipe": {"gain": 0.1}})
    with pytest.raises(BadInputError) as caught:
        small_run(
            checkpointed(tmp_path, resume=True), fingerprint={"network": "dnn", "recipe": {"gain": 0.2}}
        )
    assert CHECKPOINT in str(caught.value)
    assert "recipe was {'gain': 0.1}, now {'gain': 0.2}" in str(caught.value)


def test_checkpoint_of_another_budget_is_refused(tmp_path: Path) -> None:
    small_run(checkpointed(tmp_path))
    longer = RunOptions(seed=3, device="cpu", budget=Budget(epochs=9), checkpoint_dir=tmp_path, resume=True)
    with pytest.raises(BadInputError, match="epochs was None, now 9"):
        small_run(longer)
