"""The table of docs/concepts/framework.md: each equation and algorithm has a function, and it runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distil, distilling_recipe
from tutelage.paper.expert_training import Teacher, teach
from tutelage.paper.transfer import Source, transfer, transfer_recipe
from tutelage.training import Budget, RunOptions

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "framework.md"
SMALL = {"width": 32, "d_e": 16}
RUN = RunOptions(device="cpu", budget=Budget(updates=2))


def rows() -> list[tuple[str, str]]:
    """The paper's place and the function, from each row of the table."""
    section = PAGE.read_text(encoding="utf-8").split("## The paper in the code")[1].split("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [(row[0], row[2]) for row in cells[2:]]


def function(name: str) -> Callable[..., Any]:
    """The function or method that a row names."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            item: Any = import_module(".".join(["tutelage", *parts[:end]]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            item = getattr(item, part)
        assert callable(item)
        return item  # type: ignore[no-any-return]
    raise AssertionError(f"no module of {name}")


def named_functions() -> dict[str, CodeType]:
    names = [name for _, cell in rows() for name in re.findall(r"`([\w.]+)`", cell)]
    return {name: function(name).__code__ for name in names}


@pytest.fixture(scope="module")
def called(target: FingerprintSet, teachers: list[Teacher]) -> set[CodeType]:
    """The code that a few short trainings run."""
    codes: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            codes.add(frame.f_code)

    spec = network_spec("dnn")
    sys.setprofile(note)
    try:
        for name in ("paper", "default"):
            teach(target, recipe=name, settings={**SMALL, "critic_steps": 1}, run=RUN)
        for form in ("scale_free", "jacobian"):
            recipe = distilling_recipe("paper", {"fi_form": form})
            distil(target, spec, SMALL, teachers, recipe, RUN, recipe_name="paper")
        sources = [Source("the same", target)]
        transfer(target, spec, SMALL, sources, "collective", transfer_recipe("default"), RUN)
    finally:
        sys.setprofile(None)
    return codes


def test_table_holds_every_equation_and_both_algorithms() -> None:
    places = [place for place, _ in rows()]
    equations = {int(n) for place in places if "Eq." in place for n in re.findall(r"\d+", place)}
    assert set(range(1, 15)) <= equations
    assert any(place.startswith("Algorithm 1") for place in places)
    assert any("Algorithm 2" in place for place in places)


@pytest.mark.parametrize("name", sorted(named_functions()))
def test_function_of_the_table_runs_in_a_training(name: str, called: set[CodeType]) -> None:
    assert named_functions()[name] in called
