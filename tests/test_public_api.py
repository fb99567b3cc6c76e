"""What `import tutelage` offers: all of `__all__`, and nothing by accident."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import tutelage

MODULES = ["tutelage", *(m.name for m in pkgutil.walk_packages(tutelage.__path__, "tutelage."))]


def test_every_public_name_is_promised() -> None:
    public = {
        name
        for name, value in vars(tutelage).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert public == set(tutelage.__all__)


def test_modules_reached_by_accident_are_submodules() -> None:
    submodules = {name for name in MODULES if name.count(".") == 1}
    modules = {value.__name__ for name, value in vars(tutelage).items() if isinstance(value, ModuleType)}
    assert modules <= submodules


def test_promised_names_are_sorted_and_documented() -> None:
    assert tutelage.__all__ == sorted(tutelage.__all__)
    bare = [name for name in tutelage.__all__ if not inspect.getdoc(getattr(tutelage, name))]
    assert bare == []


@pytest.mark.parametrize("name", [name for name in MODULES if name != "tutelage.cli"])
def test_module_promises_what_it_defines(name: str) -> None:
    module = import_module(name)
    source = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    defined = {
        node.name
        for node in source.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    promised = getattr(module, "__all__", None)
    if promised is None:
        assert not defined
        return
    assert [name for name in promised if not hasattr(module, name)] == []
    assert len(promised) == len(set(promised))


def test_story_of_the_docstring_uses_public_names_alone() -> None:
    story = inspect.getdoc(tutelage) or ""
    used = {
        node.attr
        for node in ast.walk(ast.parse("\n".join(_examples(story))))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tt"
    }
    assert used == {"load", "teach", "Localizer", "evaluate"}
    assert used <= set(tutelage.__all__)


def _examples(text: str) -> list[str]:
    return [line.removeprefix(">>> ") for line in text.splitlines() if line.startswith(">>> ")]
