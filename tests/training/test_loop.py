"""The loop and its hooks."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from tutelage.errors import TrainingDivergedError
from tutelage.training import TrainState, train
from tutelage.training.loop import WARM_UP_STEPS, checkpoint_every, finite_guard, fit_into, log_metrics


def state_of(n_steps: int, step: int = 0) -> TrainState:
    return TrainState({}, {}, n_steps, torch.device("cpu"), step=step)


def no_batch(_: int) -> None:
    return None


def constant(_: TrainState, __: None) -> Mapping[str, Tensor]:
    return {"J_MAE": torch.tensor(1.5)}


def test_train_asks_for_each_step_once_from_where_the_state_stands() -> None:
    asked: list[int] = []
    seen: list[int] = []
    train(state_of(7, step=4), constant, asked.append, [lambda state, _: seen.append(state.step)])
    assert asked == [4, 5, 6]
    assert seen == [5, 6, 7]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize(("n_steps", "told_at"), [(100, 25), (8, 8)], ids=["at a look", "at the end"])
def test_term_that_is_not_finite_stops_the_run_and_is_named(value: float, n_steps: int, told_at: int) -> None:
    def diverging(state: TrainState, _: None) -> Mapping[str, Tensor]:
        return {"J_MAE": torch.tensor(1.0), "J_MI": torch.tensor(value if state.step >= 5 else 1.0)}

    with pytest.raises(TrainingDivergedError, match=f"J_MI is {value} at step {told_at} of {n_steps}"):
        train(state_of(n_steps), diverging, no_batch, [finite_guard])


def test_log_holds_one_json_line_a_look(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    train(state_of(60), constant, no_batch, [log_metrics(path, "student", 0)])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [25, 50, 60]
    assert lines[0] == {"stage": "student", "step": 25, "n_steps": 60, "J_MAE": 1.5}


def test_log_of_a_resumed_run_has_each_step_once_and_keeps_other_stages(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    train(state_of(25), constant, no_batch, [log_metrics(path, "teacher", 0)])
    train(state_of(60), constant, no_batch, [log_metrics(path, "student", 0)])
    train(state_of(60, step=30), constant, no_batch, [log_metrics(path, "student", 30)])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["stage"], line["step"]) for line in lines] == [
        ("teacher", 25),
        ("student", 25),
        ("student", 50),
        ("student", 60),
    ]


def set_clock(monkeypatch: pytest.MonkeyPatch, now: Callable[[], float]) -> None:
    monkeypatch.setattr("tutelage.training.loop.time", SimpleNamespace(monotonic=now))


@pytest.mark.parametrize(("seconds", "expected"), [(10.0, [1, 4, 7, 10]), (1e-6, list(range(1, 11)))])
def test_checkpoint_is_saved_first_then_as_time_passes_and_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, expected: list[int]
) -> None:
    saved: list[int] = []
    monkeypatch.setattr(TrainState, "save", lambda state, _: saved.append(state.step))
    set_clock(monkeypatch, itertools.count(step=4.0).__next__)
    train(state_of(10), constant, no_batch, [checkpoint_every(tmp_path / "c", seconds)])
    assert saved == expected


def test_run_in_minutes_gets_its_length_from_the_speed_of_its_first_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]

    def step(_: TrainState, __: None) -> Mapping[str, Tensor]:
        now[0] += 0.5
        return {}

    set_clock(monkeypatch, lambda: now[0])
    state = state_of(4000)
    train(state, step, no_batch, [fit_into(2.0, 0)])
    assert state.step == state.n_steps == 240
    resumed = state_of(4000, step=20)
    train(resumed, step, no_batch, [fit_into(2.0, 20)])
    assert resumed.n_steps == 240


def test_run_in_too_few_minutes_ends_after_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, itertools.count(step=1000.0).__next__)
    state = state_of(4000)
    train(state, constant, no_batch, [fit_into(0.1, 0)])
    assert state.step == WARM_UP_STEPS
