"""A user's network or method cannot take a name of Tutelage, in process or by an entry point."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

import tutelage as tt
from tutelage.errors import BadInputError, TutelageError
from tutelage.methods.method_registry import METHODS, method_spec
from tutelage.networks import NETWORKS, network_spec

OWN_MODULES = (("blend", "blend"), ("matcher", "matcher_method"), ("knn", "knn"))
BUILT_IN = ("knn", "matcher", "blend", "dnn")
MODULE = """
from tutelage.methods.method_registry import register_method
from tutelage.methods.base import MethodSpec
from tutelage.networks import register_network

{register}
"""
NETWORK = "register_network({name!r}, lambda n_ap: None)"
METHOD = (
    "register_method(MethodSpec({name!r}, 'another', lambda plan, scans: None, lambda config, tensors: None))"
)
PROGRAM = """
import sys
from tutelage.errors import TutelageError
from tutelage.methods.method_registry import METHODS, method_spec

for name in sys.argv[1:]:
    try:
        method_spec(name)
    except TutelageError as error:
        entry = METHODS.entries.get(name)
        print(name, entry and entry.fit.__module__, error, sep=" | ")
"""


@pytest.fixture(autouse=True)
def own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is registered here is forgotten afterwards."""
    for name in ("knn", "matcher", "blend"):
        method_spec(name)  # what registers itself when it is first named is not forgotten
    for registry in (NETWORKS, METHODS):
        monkeypatch.setattr(registry, "entries", dict(registry.entries))


def register_method(name: str) -> None:
    knn = method_spec("knn")
    tt.register_method(tt.MethodSpec(name, "another", knn.fit, knn.load))


def register_network(name: str) -> None:
    tt.register_network(name, lambda _n_ap: nn.Identity())


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("register", [register_method, register_network])
def test_name_of_tutelage_is_refused_in_process(name: str, register: Callable[[str], None]) -> None:
    with pytest.raises(BadInputError, match=f"named '{name}' is registered already; choose another name"):
        register(name)


def test_method_and_network_cannot_have_one_name() -> None:
    register_method("mine")
    with pytest.raises(BadInputError, match="a method named 'mine' is registered already"):
        register_network("mine")
    register_network("ours")
    with pytest.raises(BadInputError, match="a network named 'ours' is registered already"):
        register_method("ours")


def install(folder: Path, group: str, register: str) -> None:
    """Put a package into a folder that takes the names of Tutelage, each with a module of its own."""
    information = folder / "greedy-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: greedy\nVersion: 1.0\n")
    lines = [f"[tutelage.{group}]", *(f"{name} = greedy_{name}" for name in BUILT_IN)]
    (information / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for name in BUILT_IN:
        (folder / f"greedy_{name}.py").write_text(MODULE.format(register=register.format(name=name)))


@pytest.mark.parametrize("name", ["knn", "matcher", "blend"])
def test_network_of_a_package_with_the_name_of_a_method_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "networks", NETWORK)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        TutelageError, match=f"greedy_{name} .* a method named '{name}' is registered already"
    ):
        network_spec(name)
    assert method_spec(name).fit.__module__.startswith("tutelage.")


@pytest.mark.slow
def test_method_of_a_package_with_the_name_of_tutelages_is_refused(tmp_path: Path) -> None:
    """In a process of its own, where nothing is loaded yet: the package comes first on the path."""
    install(tmp_path, "methods", METHOD)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, "blend", "matcher", "knn", "dnn"],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    lines = [line.split(" | ") for line in ended.stdout.splitlines()]
    assert [(name, has_module) for name, has_module, _ in lines] == [
        *((name, f"tutelage.methods.{place}") for name, place in OWN_MODULES),
        ("dnn", "None"),  # it is a network
    ]
    for name, _, said in lines:
        kind = "network" if name == "dnn" else "method"
        assert said.startswith(f"the plug-in greedy_{name} of method '{name}' cannot be imported: ")
        assert said.endswith(f"a {kind} named '{name}' is registered already; choose another name")
