"""One stage of a run from start to end: seeds, resume, hooks, progress bar, loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from tutelage.training.data import Batch, TrainingData
from tutelage.training.loop import (
    WARM_UP_STEPS,
    Hook,
    checkpoint_every,
    finite_guard,
    fit_into,
    log_metrics,
    train,
)
from tutelage.training.recipe import Budget
from tutelage.training.state import TrainState

__all__ = ["RunOptions", "Step", "run_stage"]

Step = Callable[[TrainState, Batch], Mapping[str, Tensor]]
"""One update from one batch; returns the terms of the loss, the localization error in metres first."""


@dataclass(frozen=True)
class RunOptions:
    """Everything about a run that does not change what is learnt, and its seed and budget.

    Parameters
    ----------
    seed : of every random number of the run
    device : "auto", "cpu", "cuda", ...
    budget : epochs or minutes; empty means the recipe's own
    checkpoint_dir : where to keep checkpoints and the metrics log, None for none
    checkpoint_seconds : time between checkpoints
    resume : continue from the checkpoint if there is one
    progress : show a progress bar with the time left, on standard error
    """

    seed: int = 0
    device: str = "auto"
    budget: Budget = field(default_factory=Budget)
    checkpoint_dir: Path | None = None
    checkpoint_seconds: float = 20.0
    resume: bool = False
    progress: bool = False


def run_stage(
    stage: str,
    state: TrainState,
    step: Step,
    data: TrainingData,
    batch_size: int,
    options: RunOptions,
    *,
    share_of_minutes: float = 1.0,
) -> None:
    """Train `state` with `step` over `data`; with `options.resume` from its checkpoint, bit for bit.

    Must be called inside `seeded`, in which the modules were made as well.
    """
    hooks: list[Hook] = [finite_guard]
    checkpoint = options.checkpoint_dir and options.checkpoint_dir / f"{stage}.safetensors"
    if checkpoint and options.checkpoint_dir:
        options.checkpoint_dir.mkdir(exist_ok=True)
        if options.resume and checkpoint.exists():
            state.load(checkpoint)
        hooks.append(log_metrics(options.checkpoint_dir / "metrics.jsonl", stage))
        hooks.append(checkpoint_every(checkpoint, options.checkpoint_seconds))
    if options.budget.minutes and state.step < WARM_UP_STEPS:
        hooks.insert(0, fit_into(options.budget.minutes * share_of_minutes, state.step))

    def batch_at(index: int) -> Batch:
        return data.batch(index, batch_size, options.seed)

    with _progress_bar(stage, state, options.progress) as show:
        train(state, step, batch_at, [*hooks, show])


@contextmanager
def _progress_bar(stage: str, state: TrainState, visible: bool) -> Iterator[Hook]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not visible) as progress:
        task = progress.add_task(stage, total=state.n_steps, completed=state.step, loss="")

        def hook(state: TrainState, metrics: Mapping[str, Tensor]) -> None:
            if visible and (state.step % 25 == 0 or state.step == state.n_steps):
                loss = f"{next(iter(metrics.values())):.2f} m"
                progress.update(task, completed=state.step, total=state.n_steps, loss=loss)

        yield hook
