"""The loop of every run: it depends on neither phase nor device nor disk.

Phases differ in `step`; whatever else happens on the way is a hook.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from tutelage.errors import TrainingDivergedError
from tutelage.files.atomic import atomic_file
from tutelage.training.state import TrainState

__all__ = [
    "WARM_UP_STEPS",
    "Hook",
    "checkpoint_every",
    "finite_guard",
    "fit_into",
    "is_look",
    "log_metrics",
    "train",
]

Batch = TypeVar("Batch")
Metrics = Mapping[str, Tensor]
Hook = Callable[[TrainState, Metrics], None]

WARM_UP_STEPS = 30
_LOOK_EVERY = 25  # steps between looks at the metrics: each look waits for the device


def train(
    state: TrainState,
    step: Callable[[TrainState, Batch], Metrics],
    batch_at: Callable[[int], Batch],
    hooks: Sequence[Hook] = (),
    *,
    around: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> None:
    """Run a step until the end of the run.

    The batch depends on the number of the step alone, so that resuming is exact.

    Parameters
    ----------
    state : TrainState
        State of the run; its step count grows.
    step : callable
        Does one update, and returns its metrics.
    batch_at : callable
        Makes the batch of a step from its number.
    hooks : sequence of Hook
        Called after each step.
    around : callable
        Makes the block in which a step runs. Each step has its own: within one block of bfloat16, PyTorch
        goes on with the rounded weights of its beginning.
    """
    while state.step < state.n_steps:
        batch = batch_at(state.step)
        with around():
            metrics = step(state, batch)
        state.step += 1
        for hook in hooks:
            hook(state, metrics)


def is_look(step: int, n_steps: int) -> bool:
    """Tell whether the metrics of a step are looked at: those of every 25th, and of the last.

    Parameters
    ----------
    step : int
        Number of the step, from 1.
    n_steps : int
        Steps of the whole run.

    Returns
    -------
    bool
        Whether they are.
    """
    return step % _LOOK_EVERY == 0 or step == n_steps


def finite_guard(state: TrainState, metrics: Metrics) -> None:
    """Stop the run as soon as a term is no finite number.

    Parameters
    ----------
    state : TrainState
        State of the run.
    metrics : Mapping of Tensor
        Terms of the last step; every 25th step is looked at.

    Raises
    ------
    TrainingDivergedError
        If a term is no finite number; it is named.
    """
    if not is_look(state.step, state.n_steps):
        return
    for name, value in metrics.items():
        if not math.isfinite(float(value)):
            raise TrainingDivergedError(
                f"{name} is {float(value)} at step {state.step} of {state.n_steps}; "
                "lower learning_rate or the weight of that term"
            )


def log_metrics(path: Path, stage: str, first_step: int) -> Hook:
    """Make a hook that appends the metrics to a file of JSON lines, one line every 25 steps.

    Parameters
    ----------
    path : Path
        The file. Lines of this stage past `first_step`, left by a run that was killed, are removed first.
    stage : str
        Name of the stage, written into each line.
    first_step : int
        Step at which the stage begins or is resumed.

    Returns
    -------
    Hook
        For `train`.
    """
    if path.exists():
        whole = path.read_text(encoding="utf-8").split("\n")[:-1]  # a line cut short has no end
        lines = [json.loads(line) for line in whole]
        earlier_lines = [line for line in lines if line["stage"] != stage or line["step"] <= first_step]
        with atomic_file(path) as beside:
            beside.write_text("".join(json.dumps(line) + "\n" for line in earlier_lines), encoding="utf-8")

    def hook(state: TrainState, metrics: Metrics) -> None:
        if not is_look(state.step, state.n_steps):
            return
        line = {"stage": stage, "step": state.step, "n_steps": state.n_steps}
        values = {name: round(float(value), 6) for name, value in metrics.items()}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line | values) + "\n")

    return hook


def checkpoint_every(path: Path, seconds: float) -> Hook:
    """Make a hook that saves the state at the first step, then at intervals, and at the end.

    Parameters
    ----------
    path : Path
        The checkpoint.
    seconds : float
        Time between two checkpoints.

    Returns
    -------
    Hook
        For `train`.
    """
    last = -math.inf

    def hook(state: TrainState, _: Metrics) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= seconds or state.step == state.n_steps:
            state.save(path)
            last = now

    return hook


def fit_into(minutes: float, first_step: int) -> Hook:
    """Make a hook that sets the length of the run from the speed of its first steps.

    The length is then part of the state: a run resumed after the warm-up keeps it.

    Parameters
    ----------
    minutes : float
        About the time that the run takes.
    first_step : int
        Step at which the stage begins or is resumed.

    Returns
    -------
    Hook
        For `train`.
    """
    start = time.monotonic()

    def hook(state: TrainState, _: Metrics) -> None:
        if state.step == WARM_UP_STEPS:
            if state.device.type != "cpu":
                torch.accelerator.synchronize(state.device)
            seconds_a_step = (time.monotonic() - start) / (WARM_UP_STEPS - first_step)
            state.n_steps = max(WARM_UP_STEPS, int(minutes * 60 / seconds_a_step))

    return hook
