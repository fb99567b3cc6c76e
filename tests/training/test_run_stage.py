"""One stage from start to end."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from small_run import CHECKPOINT, Interrupted, small_data, small_run, small_state
from torch import Tensor

from tutelage.training import Batch, Budget, RunOptions, TrainState, begin, clear_checkpoints, run_stage


def weights(state: TrainState) -> Tensor:
    return torch.cat([p.detach().flatten().cpu() for p in state.modules["student"].parameters()])


def test_run_depends_on_its_seed_alone() -> None:
    first, again, other = (small_run(RunOptions(seed=seed, device="cpu"))[0] for seed in (3, 3, 4))
    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), weights(other))


@pytest.mark.slow
def test_budget_in_minutes_ends_near_its_time() -> None:
    def step(_: TrainState, __: Batch) -> Mapping[str, Tensor]:
        time.sleep(0.005)
        return {"J_MAE": torch.tensor(1.0)}

    start = time.monotonic()
    run_stage("student", small_state(), step, small_data(), 16, RunOptions(budget=Budget(minutes=0.05)))
    assert 1.0 < time.monotonic() - start < 15.0  # 3 s, on a machine that may be busy


def test_run_on_the_automatic_device_learns_finite_weights() -> None:
    assert bool(torch.isfinite(weights(small_run(RunOptions(device="auto"))[0])).all())


def test_log_is_written_and_progress_is_shown_in_metres(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_run(RunOptions(device="cpu", log=tmp_path / "log.jsonl", progress=True))
    (line,) = (tmp_path / "log.jsonl").read_text().splitlines()
    assert (json.loads(line)["stage"], json.loads(line)["step"]) == ("student", 20)
    shown = capsys.readouterr()
    assert f"{json.loads(line)['J_MAE']:.2f} m" in shown.err
    assert shown.out == ""


def test_checkpoints_are_kept_until_they_are_cleared(tmp_path: Path) -> None:
    options = RunOptions(device="cpu", checkpoint_dir=tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    begin(options)
    small_run(options)
    assert (folder / CHECKPOINT).exists()
    clear_checkpoints(folder)
    assert not folder.exists()


def test_checkpoints_of_an_interrupted_run_stay(tmp_path: Path) -> None:
    options = RunOptions(device="cpu", checkpoint_dir=tmp_path)
    begin(options)
    with pytest.raises(Interrupted):
        small_run(options, stop_before=9)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_checkpoints_without_resume_remove_what_an_earlier_run_left(tmp_path: Path) -> None:
    for name in (CHECKPOINT, "log.jsonl", "mine.txt"):
        (tmp_path / name).write_text("left")
    begin(RunOptions(checkpoint_dir=tmp_path, log=tmp_path / "log.jsonl", resume=True))
    assert len(list(tmp_path.iterdir())) == 3
    begin(RunOptions(checkpoint_dir=tmp_path, log=tmp_path / "log.jsonl"))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_run_works_on_cuda_and_leaves_its_generator_untouched(tmp_path: Path) -> None:
    before = torch.cuda.get_rng_state()
    options = RunOptions(device="cuda", checkpoint_dir=tmp_path, checkpoint_seconds=0.0)
    with pytest.raises(Interrupted):
        small_run(options, stop_before=9)
    resumed = RunOptions(device="cuda", checkpoint_dir=tmp_path, resume=True)
    state, _ = small_run(resumed)
    assert state.step == 20
    assert {p.device.type for p in state.modules["student"].parameters()} == {"cuda"}
    assert bool(torch.isfinite(weights(state)).all())
    assert torch.equal(torch.cuda.get_rng_state(), before)
