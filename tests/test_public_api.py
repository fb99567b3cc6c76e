"""What `import tutelage` offers: all of `__all__`, and nothing by accident."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import tutelage

SCRIPTS = {"tutelage.serving.store.migrations.env"}  # alembic runs it, and nothing imports it
FOUND = {m.name for m in pkgutil.walk_packages(tutelage.__path__, "tutelage.")}
MODULES = sorted({"tutelage", *FOUND} - SCRIPTS)


def test_what_the_package_shows_is_what_it_promises() -> None:
    shown = {name for name in dir(tutelage) if not name.startswith("_")}
    assert shown == set(tutelage.__all__)


def test_a_name_that_is_not_promised_is_not_there() -> None:
    with pytest.raises(AttributeError, match="No tutelage attribute trace"):
        _ = import_module("tutelage").trace


def test_loading_data_does_not_wait_for_pytorch() -> None:
    program = "import sys, tutelage, tutelage.cli; tutelage.load; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_promised_names_are_sorted_and_documented() -> None:
    assert tutelage.__all__ == sorted(tutelage.__all__)
    bare = [name for name in tutelage.__all__ if not inspect.getdoc(getattr(tutelage, name))]
    assert bare == []


@pytest.mark.parametrize("name", MODULES)
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
        for node in ast.walk(ast.parse(_code_in(story)))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tt"
    }
    assert used == {"load", "Localizer", "evaluate"}
    assert used <= set(tutelage.__all__)


def _code_in(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.startswith("    "))
