"""The examples in the docstrings of what `tutelage` exports run, and every name has one."""

from __future__ import annotations

import doctest
import inspect
import io

import pytest

import tutelage
from tutelage.networks import NETWORKS


@pytest.fixture(autouse=True)
def own_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that an example registers are forgotten afterwards."""
    monkeypatch.setattr(NETWORKS, "entries", dict(NETWORKS.entries))


@pytest.mark.parametrize("name", tutelage.__all__)
def test_examples_of_an_exported_name_run(name: str) -> None:
    exported = getattr(tutelage, name)
    examples = [
        test
        for test in doctest.DocTestFinder().find(exported, name, inspect.getmodule(exported))
        if test.examples
    ]
    assert examples, f"{name} has no example: add a section Examples to its docstring"
    runner, shown = doctest.DocTestRunner(verbose=False), io.StringIO()
    for test in examples:
        runner.run(test, out=shown.write)
    assert shown.getvalue() == ""
