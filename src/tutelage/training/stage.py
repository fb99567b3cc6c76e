"""One stage of a run from start to end: budget, resume, hooks, progress bar, loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from tutelage.training.learning_recipe import Budget
from tutelage.training.loop import (
    WARM_UP_STEPS,
    Hook,
    checkpoint_every,
    finite_guard,
    fit_into,
    log_metrics,
    train,
)
from tutelage.training.state import TrainState
from tutelage.training.training_data import Batch, Batches

__all__ = ["RunOptions", "Step", "StepOf", "begin", "clear_checkpoints", "run_stage"]

BatchOf = TypeVar("BatchOf")
StepOf = Callable[[TrainState, BatchOf], Mapping[str, Tensor]]
Step = StepOf[Batch]
"""One update from a batch of scans; returns the terms of the loss, that in metres (J_MAE) first."""


@dataclass(frozen=True)
class RunOptions:
    """Everything about a run that is no matter of the method: seed, budget, device, what to show and keep.

    Parameters
    ----------
    seed : of every random number of the run
    device : "auto", "cpu", "cuda", ...
    budget : epochs, minutes or updates; empty means the recipe's own
    checkpoint_dir : where to keep checkpoints, None for none; see `clear_checkpoints`
    checkpoint_seconds : time between checkpoints
    resume : continue from the checkpoints if there are any
    log : file for the metrics as JSON lines, None for none
    progress : show a progress bar with the time left, on standard error
    label : what the bar says before the stage's name
    """

    seed: int = 0
    device: str = "auto"
    budget: Budget = field(default_factory=Budget)
    checkpoint_dir: Path | None = None
    checkpoint_seconds: float = 20.0
    resume: bool = False
    log: Path | None = None
    progress: bool = False
    label: str = ""

    def within(self, run: str, label: str = "") -> RunOptions:
        """The options of a run inside this one, with checkpoints and log of its own."""
        folder, log = self.checkpoint_dir, self.log
        return replace(
            self,
            checkpoint_dir=folder and folder / run,
            log=log and log.with_name(f"{log.stem}.{run}{log.suffix}"),
            label=self.label + label,
        )


def begin(options: RunOptions) -> None:
    """Before the first stage, once nothing can be refused any more: make the folder for checkpoints.

    Without `resume`, the checkpoints and the log of an earlier run go.
    """
    if not options.resume:
        clear_checkpoints(options.checkpoint_dir)
        if options.log:
            options.log.unlink(missing_ok=True)
    if options.checkpoint_dir:
        options.checkpoint_dir.mkdir(parents=True, exist_ok=True)


def clear_checkpoints(folder: Path | None) -> None:
    """Remove the checkpoints in and below `folder`, and folders in which nothing else is.

    For after the result is saved: until then they are the only copy of the work.
    """
    if folder is None or not folder.is_dir():
        return
    for checkpoint in folder.rglob("*.checkpoint"):
        checkpoint.unlink(missing_ok=True)
    below = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)  # the deepest first
    for emptied in (*below, folder):
        with suppress(OSError):  # it holds something of the user's: it stays
            emptied.rmdir()


def run_stage(
    stage: str,
    state: TrainState,
    step: StepOf[BatchOf],
    data: Batches[BatchOf],
    batch_size: int,
    options: RunOptions,
    *,
    share_of_minutes: float = 1.0,
    more_hooks: Sequence[Hook] = (),
) -> None:
    """Train `state` with `step` over `data`; with `options.resume` from its checkpoint, bit for bit.

    Must be called inside `seeded`, in which the modules were made as well.
    """
    state.fingerprint = state.fingerprint | {
        "epochs": options.budget.epochs,
        "minutes": options.budget.minutes,
        "updates": options.budget.updates,
    }
    hooks: list[Hook] = [finite_guard]
    if options.checkpoint_dir:
        checkpoint = options.checkpoint_dir / f"{stage.replace(' ', '-')}.checkpoint"
        if options.resume and checkpoint.exists():
            state.load(checkpoint)
        hooks.append(checkpoint_every(checkpoint, options.checkpoint_seconds))
    if options.log:
        hooks.append(log_metrics(options.log, stage, state.step))
    if options.budget.minutes and state.step < WARM_UP_STEPS:
        state.n_steps = max(state.n_steps, WARM_UP_STEPS)  # a shorter first guess would end before the look
        hooks.insert(0, fit_into(options.budget.minutes * share_of_minutes, state.step))

    def batch_at(index: int) -> BatchOf:
        return data.batch(index, batch_size, options.seed)

    with _progress_bar(options.label + stage, state, options.progress) as show:
        train(state, step, batch_at, [*hooks, show, *more_hooks])


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
                name, value = next(iter(metrics.items()))
                loss = f"{value:.2f} m" if name.endswith("J_MAE") else f"{name} {value:.3g}"
                progress.update(task, completed=state.step, total=state.n_steps, loss=loss)

        yield hook
