"""The loop of every run: it knows neither phase nor device nor disk.

Phases differ in `step`; whatever else happens on the way is a hook.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from tutelage.errors import TrainingDivergedError
from tutelage.files.atomic import replaced_file
from tutelage.training.state import TrainState

__all__ = ["WARM_UP_STEPS", "Hook", "checkpoint_every", "finite_guard", "fit_into", "log_metrics", "train"]

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
) -> None:
    """Run `step` until `state.n_steps`; the batch depends on the step count alone, so resuming is exact."""
    while state.step < state.n_steps:
        metrics = step(state, batch_at(state.step))
        state.step += 1
        for hook in hooks:
            hook(state, metrics)


def finite_guard(state: TrainState, metrics: Metrics) -> None:
    """Stop as soon as a look finds a term that is not a finite number, and name it."""
    if state.step % _LOOK_EVERY and state.step != state.n_steps:
        return
    for name, value in metrics.items():
        if not math.isfinite(float(value)):
            raise TrainingDivergedError(
                f"{name} is {float(value)} at step {state.step} of {state.n_steps}; "
                "lower learning_rate or the weight of that term"
            )


def log_metrics(path: Path, stage: str, first_step: int) -> Hook:
    """Append the metrics as JSON lines to `path`, one line a look.

    Lines of this stage past `first_step`, left by a run that was killed, are taken out first.
    """
    if path.exists():
        whole = path.read_text(encoding="utf-8").split("\n")[:-1]  # a line cut short has no end
        lines = [json.loads(line) for line in whole]
        kept = [line for line in lines if line["stage"] != stage or line["step"] <= first_step]
        with replaced_file(path) as beside:
            beside.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")

    def hook(state: TrainState, metrics: Metrics) -> None:
        if state.step % _LOOK_EVERY and state.step != state.n_steps:
            return
        line = {"stage": stage, "step": state.step, "n_steps": state.n_steps}
        values = {name: round(float(value), 6) for name, value in metrics.items()}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line | values) + "\n")

    return hook


def checkpoint_every(path: Path, seconds: float) -> Hook:
    """Save the state at `path` at the first step, then every `seconds`, and at the end."""
    last = -math.inf

    def hook(state: TrainState, _: Metrics) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= seconds or state.step == state.n_steps:
            state.save(path)
            last = now

    return hook


def fit_into(minutes: float, first_step: int) -> Hook:
    """Set the length of the run from the speed of its first steps, so that it takes about `minutes`.

    The length is then part of the state: a run resumed after the warm-up keeps it.
    """
    start = time.monotonic()

    def hook(state: TrainState, _: Metrics) -> None:
        if state.step == WARM_UP_STEPS:
            if state.device.type != "cpu":
                torch.accelerator.synchronize(state.device)
            seconds_a_step = (time.monotonic() - start) / (WARM_UP_STEPS - first_step)
            state.n_steps = max(WARM_UP_STEPS, int(minutes * 60 / seconds_a_step))

    return hook
