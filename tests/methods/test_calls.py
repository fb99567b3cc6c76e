"""How far it is from `Localizer.fit` to the update of the weights."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from torch.optim.optimizer import register_optimizer_step_pre_hook

from tutelage.data.fingerprints import Survey
from tutelage.localizer import Localizer
from tutelage.training import Budget, RunOptions

MOST_CALLS = 9
ONE_UPDATE = RunOptions(device="cpu", budget=Budget(updates=1))
TRAINING = ["train_network", "run_stage", "train", "step", "descend"]


@pytest.mark.parametrize(
    ("teachers", "between"),
    [
        ((), ["fit", "fit_network", "train_lesson"]),
        ("untrained", ["fit", "fit_network", "train_lesson", "distil"]),
    ],
    ids=["without teachers", "with a teacher"],
)
def test_nine_calls_at_most_lead_from_fit_to_the_step_of_the_optimiser(
    survey: Survey, teachers: Any, between: list[str]
) -> None:
    stacks: list[list[str]] = []

    def note(*_: object) -> None:
        frames = [frame for frame in inspect.stack(0) if "/tutelage/" in frame.filename]
        stacks.append([frame.function for frame in reversed(frames)])

    settings = {"width": 16, "d_e": 8, "batch_size": 16}
    hook = register_optimizer_step_pre_hook(note)
    try:
        Localizer("dnn", teachers=teachers, settings=settings, run=ONE_UPDATE, calibrate=False).fit(survey)
    finally:
        hook.remove()
    assert stacks == [between + TRAINING]
    assert len(stacks[0]) <= MOST_CALLS  # each but `fit` is called by the one before; the last calls the step
