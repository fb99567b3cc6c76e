"""research/questions.md: its options exist, its values are those of the recipes, and none is missing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pytest
from pydantic import BaseModel

from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.paper.expert_training import teaching_recipe
from tutelage.paper.transfer import transfer_recipe

PAGE = Path(__file__).parents[2] / "research" / "questions.md"
RECIPES = ("printed", "paper", "default")
DNN = network_spec("dnn")
MAKE: Mapping[str, Any] = {"fit": distilling_recipe, "teach": teaching_recipe, "transfer": transfer_recipe}


class Row(NamedTuple):
    """An option as the page has it."""

    commands: tuple[str, ...]
    option: str
    values: tuple[str, ...]
    others: str


def rows() -> list[Row]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return [Row(tuple(row[3].split(", ")), row[4].strip("`"), tuple(row[5:8]), row[8]) for row in cells]


def recipe(command: str, name: str) -> BaseModel:
    made: BaseModel = MAKE[command](name, {}, DNN)
    return made


def in_words(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{'-'.join(row.commands)}-{row.option}")
def test_values_of_a_question_are_those_of_the_recipes(row: Row) -> None:
    for command in row.commands:
        values = [in_words(getattr(recipe(command, name), row.option)) for name in RECIPES]
        assert values == list(row.values), f"{row.option} of {command}"
        annotation = type(recipe(command, "paper")).model_fields[row.option].annotation
        if get_origin(annotation) is Literal:
            others = set() if row.others == "-" else set(row.others.split(", "))
            assert others | set(row.values) == set(get_args(annotation))


def test_every_difference_between_recipes_is_a_question() -> None:
    asked = {(command, row.option) for row in rows() for command in row.commands}
    for command in MAKE:
        settings = [recipe(command, name).model_dump() for name in RECIPES]
        differing = {name for name in settings[0] if len({repr(each[name]) for each in settings}) > 1}
        assert {(command, name) for name in differing} <= asked


def test_no_question_stands_twice() -> None:
    asked = [(command, row.option) for row in rows() for command in row.commands]
    assert len(asked) == len(set(asked))
