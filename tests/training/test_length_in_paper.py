"""The paper's epochs go by the name of the survey, however it is learnt, and also where a part of it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import simulated_survey
from tutelage.localizer import Localizer
from tutelage.paper.expert_training import teach, teacher_training
from tutelage.paper.transfer import shared_trunk
from tutelage.training import Budget, RunOptions, supervised

TINY = {"width": 8, "d_e": 4, "batch_size": 32}
OPEN = RunOptions(device="cpu")
IN_PAPER = RunOptions(device="cpu", budget=Budget(in_paper=True))


class Planned(Exception):  # noqa: N818 (it is no error)
    """A stage is about to begin, with so many steps."""


@pytest.fixture(autouse=True)
def stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop every run where its first stage would begin."""

    def stop(_stage: str, state: Any, *_: object, **__: object) -> None:
        raise Planned(state.n_steps)

    for module in (supervised, teacher_training, shared_trunk):
        monkeypatch.setattr(module, "run_stage", stop)


def part_of(name: str) -> Survey:
    return replace(simulated_survey(seed=1, n_train=64, n_test=1), name=name)


def n_steps(run: Callable[[], object]) -> int:
    with pytest.raises(Planned) as planned:
        run()
    return int(planned.value.args[0])


@pytest.mark.parametrize(
    ("name", "epochs"), [("ujiindoorloc", 500), ("utsindoorloc", 400), ("tampere", 2000), ("small", 2000)]
)
@pytest.mark.parametrize(("recipe", "run"), [("paper", OPEN), ("default", IN_PAPER)])
def test_part_of_a_survey_is_learnt_for_the_epochs_of_the_whole(
    name: str, epochs: int, recipe: str, run: RunOptions
) -> None:
    survey = part_of(name)
    for teachers in ([], ["untrained"]):
        model = Localizer("dnn", teachers=teachers, recipe=recipe, settings=TINY, run=run, calibrate=False)
        assert n_steps(lambda model=model: model.fit(survey)) == 2 * epochs  # type: ignore[misc]


@pytest.mark.parametrize(("name", "epochs"), [("ujiindoorloc", 500), ("utsindoorloc", 400)])
def test_teacher_is_made_for_the_epochs_of_its_source(name: str, epochs: int) -> None:
    survey = part_of(name)
    assert n_steps(lambda: teach(survey, recipe="paper", settings=TINY, run=OPEN)) == epochs  # 90 % of 64
    of_another_name = replace(survey, name="permuted")
    run = replace(OPEN, survey=name)
    assert n_steps(lambda: teach(of_another_name, recipe="paper", settings=TINY, run=run)) == epochs


def test_source_of_a_transfer_has_its_own_epochs() -> None:
    sources = [part_of("ujiindoorloc"), part_of("tampere")]
    model = Localizer(
        "dnn",
        transfer="collective",
        sources=sources,
        recipe="paper",
        settings=TINY,
        run=OPEN,
        calibrate=False,
    )
    assert n_steps(lambda: model.fit(part_of("dsi1"))) == 2 * (500 + 2000)
