"""What is installed with what, and what is said where something is not installed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tutelage.errors import BROUGHT_BY, TutelageError, missing_package_message
from tutelage.export import export_model

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# Runs a program as if nothing but the core's dependencies were installed beside Tutelage.
BARE = """
import sys

class Refuse:
    allowed = {*sys.stdlib_module_names, "lazy_loader", "numpy", "tutelage"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in self.allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
"""


def distributions(requirements: list[str]) -> set[str]:
    """Their names, those of the package's own extras left out."""
    names = {re.split(r"[\[><=~! ]", requirement)[0] for requirement in requirements}
    return names - {"tutelage"}


def test_core_is_what_the_runtime_needs_for_knn() -> None:
    assert distributions(PROJECT["dependencies"]) == {"lazy-loader", "numpy"}
    assert distributions(PROJECT["optional-dependencies"]["runtime"]) == {"onnxruntime"}


def test_extras_bring_what_they_are_said_to_bring() -> None:
    extras = PROJECT["optional-dependencies"]
    of_package = packages_distributions()
    said = {extra: {of_package[name][0] for name in names} for extra, names in BROUGHT_BY.items()}
    assert said["train"] == distributions(extras["train"])
    assert said["export"] == distributions([*extras["export"], *extras["runtime"]])
    for extra in ("serve", "mqtt", "postgres"):
        assert said[extra] == distributions(extras[extra])


def bare(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BARE + program]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["fit", "a.csv", "--out", "b"]])
def test_command_without_its_extra_says_what_to_install_in_one_line(arguments: list[str]) -> None:
    ended = bare(f"from tutelage.__main__ import main\nsys.argv[1:] = {arguments}\nmain()")
    assert ended.returncode == 2
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: the command tutelage needs ")
    assert line.endswith('not installed: pip install "tutelage[train]"')


def test_library_without_its_extra_says_what_to_install() -> None:
    ended = bare("import tutelage\nprint(tutelage.__doc__ is not None)\ntutelage.Localizer")
    assert ended.stdout.strip() == "True"
    assert re.search(r'tutelage\.Localizer needs \w+, .*pip install "tutelage\[train\]"', ended.stderr)


def test_export_without_its_extra_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(TutelageError, match=r'needs onnxscript.*pip install "tutelage\[export\]"'):
        export_model("model", tmp_path / "model.zip")


def test_what_no_extra_brings_is_not_explained_away() -> None:
    assert missing_package_message("it", ModuleNotFoundError("No module named 'mine'", name="mine")) is None
