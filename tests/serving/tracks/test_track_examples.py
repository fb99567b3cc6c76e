"""The examples in the docstrings of tracks run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from tutelage.serving import tracks

MODULES = [module.name for module in pkgutil.iter_modules(tracks.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_run(name: str) -> None:
    module = importlib.import_module(f"{tracks.__name__}.{name}")
    assert doctest.testmod(module).failed == 0
