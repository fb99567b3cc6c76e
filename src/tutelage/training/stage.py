"""One stage of a run from start to end: budget, resume, hooks, progress bar, loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from tutelage.precision import Precision, in_precision, require_precision
from tutelage.training.budget import Budget
from tutelage.training.loop import (
    WARM_UP_STEPS,
    Hook,
    checkpoint_every,
    finite_guard,
    fit_into,
    is_look,
    log_metrics,
    train,
)
from tutelage.training.state import TrainState
from tutelage.training.training_data import Batch, Batches

__all__ = ["RunOptions", "Step", "StepOf", "begin", "clear_checkpoints", "named_run", "run_stage"]

BatchOf = TypeVar("BatchOf")
StepOf = Callable[[TrainState, BatchOf], Mapping[str, Tensor]]
Step = StepOf[Batch]
"""One update from a batch of scans; returns the terms of the loss, that in metres (J_MAE) first."""


@dataclass(frozen=True)
class RunOptions:
    """Options of a training that do not depend on the method: seed, device, length, checkpoints, progress.

    Parameters
    ----------
    seed : int, default 0
        Random seed.
    device : str, default "auto"
        "auto", "cpu", "cuda" or another name of PyTorch.
    budget : Budget
        Length of the run. By default, as long as the recipe says.
    checkpoint_dir : Path, optional
        Folder for checkpoints. Without it there are none.
    checkpoint_seconds : float, default 20
        Time between two checkpoints.
    resume : bool, default False
        Continue from the checkpoints if there are any.
    log : Path, optional
        File for the metrics, as JSON lines.
    progress : bool, default False
        Show a progress bar with the time left, on standard error.
    label : str
        Text of the bar before the stage's name.
    precision : {"float32", "bfloat16"}, default "float32"
        Type of the products of matrices. bfloat16 is faster where the processor or the graphics card has it.
        Results differ from those of float32.
    survey : str
        Name of the survey, by which the paper's epochs go. By default, the name of the survey that is learnt.

    Examples
    --------
    >>> import tutelage as tt
    >>> run = tt.RunOptions(seed=7, device="cpu", budget=tt.Budget(updates=100))
    >>> run.budget.updates
    100
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
    precision: Precision = "float32"
    survey: str = ""

    def within(self, name: str, label: str = "") -> RunOptions:
        """Return the options of an inner run, which has its own checkpoints and log.

        Parameters
        ----------
        name : str
            Name of the inner run, for its files.
        label : str
            Text of its progress bar, after the label of this run.

        Returns
        -------
        RunOptions
            The other options are the same.
        """
        folder = self.checkpoint_dir
        log = self.log
        return replace(
            self,
            checkpoint_dir=folder and folder / name,
            log=log and log.with_name(f"{log.stem}.{name}{log.suffix}"),
            label=self.label + label,
        )


def named_run(run: RunOptions | None, survey: str) -> RunOptions:
    """Complete the options of a run by the name of its survey, unless they name one.

    Parameters
    ----------
    run : RunOptions or None
        Options of a user; None stands for the default ones.
    survey : str
        Name of the survey that is learnt.

    Returns
    -------
    RunOptions
        The other options are the same.
    """
    run = run or RunOptions()
    return replace(run, survey=run.survey or survey)


def begin(run: RunOptions) -> None:
    """Make the folder for checkpoints; call it before the first stage, once all input is checked.

    Without `resume`, the checkpoints and the log of an earlier run are removed.

    Parameters
    ----------
    run : RunOptions
        Names the folder and the log.
    """
    if not run.resume:
        clear_checkpoints(run.checkpoint_dir)
        if run.log:
            run.log.unlink(missing_ok=True)
    if run.checkpoint_dir:
        run.checkpoint_dir.mkdir(parents=True, exist_ok=True)


def clear_checkpoints(folder: Path | None) -> None:
    """Remove the checkpoints in and below a folder, and the folders that are then empty.

    Call it after the result is saved: until then the checkpoints are the only copy of the work.

    Parameters
    ----------
    folder : Path or None
        The folder; None does nothing.
    """
    if folder is None or not folder.is_dir():
        return
    for checkpoint in folder.rglob("*.checkpoint"):
        checkpoint.unlink(missing_ok=True)
    below = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)  # the deepest first
    for path in (*below, folder):
        with suppress(OSError):  # a folder with files of the user stays
            path.rmdir()


def run_stage(
    stage: str,
    state: TrainState,
    step: StepOf[BatchOf],
    data: Batches[BatchOf],
    batch_size: int,
    run: RunOptions,
    *,
    share_of_minutes: float = 1.0,
    more_hooks: Sequence[Hook] = (),
) -> None:
    """Train for one stage; with `run.resume` from its checkpoint, bit for bit.

    Call it inside `seeded`, in the block in which the modules were made.

    Parameters
    ----------
    stage : str
        Name of the stage, for its checkpoint, log and progress bar.
    state : TrainState
        Modules and optimisers; they learn in place.
    step : StepOf
        Does one update.
    data : Batches
        Makes the batches.
    batch_size : int
        Scans in a batch.
    run : RunOptions
        Seed, budget, checkpoints, log, progress.
    share_of_minutes : float, default 1
        The stage's share of a budget in minutes.
    more_hooks : sequence of Hook
        Called last after each step.

    Raises
    ------
    TrainingDivergedError
        If a term is no finite number.
    BadInputError, FileFormatError
        If the checkpoint belongs to another run, or is damaged.
    """
    state.fingerprint = state.fingerprint | {
        "epochs": run.budget.epochs,
        "minutes": run.budget.minutes,
        "updates": run.budget.updates,
    }
    if run.precision != "float32":
        require_precision(state.device, run.precision)
        state.fingerprint |= {"precision": run.precision}
    hooks: list[Hook] = [finite_guard]
    if run.checkpoint_dir:
        checkpoint = run.checkpoint_dir / f"{stage.replace(' ', '-')}.checkpoint"
        if run.resume and checkpoint.exists():
            state.load(checkpoint)
        hooks.append(checkpoint_every(checkpoint, run.checkpoint_seconds))
    if run.log:
        hooks.append(log_metrics(run.log, stage, state.step))
    if run.budget.minutes and state.step < WARM_UP_STEPS:
        state.n_steps = max(state.n_steps, WARM_UP_STEPS)  # a shorter first guess would end before the look
        hooks.insert(0, fit_into(run.budget.minutes * share_of_minutes, state.step))

    def batch_at(index: int) -> BatchOf:
        return data.batch(index, batch_size, run.seed)

    with _progress_bar(run.label + stage, state, run.progress) as show:
        precision = partial(in_precision, state.device, run.precision)
        train(state, step, batch_at, [*hooks, show, *more_hooks], around=precision)


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
            if visible and is_look(state.step, state.n_steps):
                name, value = next(iter(metrics.items()))
                loss = f"{value:.2f} m" if name.endswith("J_MAE") else f"{name} {value:.3g}"
                progress.update(task, completed=state.step, total=state.n_steps, loss=loss)

        yield hook
