"""The examples run as their users run them."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch

from tutelage.data.surveys import export_survey, simulated_survey
from tutelage.errors import BadInputError
from tutelage.networks import RssBatch, build_network, check_network, network_registry, network_spec

EXAMPLES = Path(__file__).parents[2] / "examples"
PLUGIN = EXAMPLES / "plugin"


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an example registers is forgotten afterwards."""
    monkeypatch.setattr(network_registry, "_REGISTRY", dict(network_registry._REGISTRY))


# -- the template -------------------------------------------------------------------------------------


def test_template_registers_checks_learns_and_prints_figures(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "own_network.py"), run_name="__main__")
    shown = capsys.readouterr().out
    assert "my-network keeps the contract" in shown
    errors_m = [float(found) for found in re.findall(r"mean error (\d+\.\d+) m", shown)]
    assert len(errors_m) == 2
    assert max(errors_m) < 17  # the centre of the building: 60 m by 30 m


def test_representation_of_the_template_is_a_feature_map() -> None:
    names: dict[str, Any] = runpy.run_path(str(EXAMPLES / "own_network.py"))
    names["register"]()
    settings = {"channels": 4, "side": 5, "d_e": 6}
    network = build_network("my-network", 30, settings)
    nothing = torch.zeros(0)
    scans = RssBatch(nothing.long(), nothing, torch.zeros(3, dtype=torch.int64), 30)
    assert [list(z.shape) for z in network(scans)] == [[3, 4, 5, 5], [3, 6], [3, 2]]
    check_network("my-network", settings)


# -- from a walk to a model, and sharing ----------------------------------------------------------------


def test_first_survey_runs_from_a_table_to_an_exported_model(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["first_survey.py"])
    runpy.run_path(str(EXAMPLES / "first_survey.py"), run_name="__main__")
    shown = capsys.readouterr().out
    assert re.search(r"^take (k-NN|dnn): ", shown, flags=re.MULTILINE)
    (error_m,) = re.findall(r"mean error (\d+\.\d+) m; \d+% of the radii hold the truth", shown)
    assert float(error_m) < 8
    assert "exported: " in shown
    assert "a scan of three access points: " in shown


def test_first_survey_holds_out_points_of_a_table_without_a_test_split(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    export_survey(simulated_survey(n_train=300), tmp_path / "walk.csv", split="train")
    monkeypatch.setattr(sys, "argv", ["first_survey.py", str(tmp_path / "walk.csv")])
    names = runpy.run_path(str(EXAMPLES / "first_survey.py"))
    names["main"].__globals__["METHODS"] = ["knn"]
    names["main"]()
    shown = capsys.readouterr().out
    assert "without a test split: " in shown
    (error_m,) = re.findall(r"mean error (\d+\.\d+) m; ", shown)
    assert 0.5 < float(error_m) < 8  # of scans that the model had learnt it would be 0


def test_first_survey_stops_at_a_survey_with_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.csv").write_text("scan_id,x_m,y_m,ap1\ns1,0,0,-50\ns1,1,1,-60\n")
    monkeypatch.setattr(sys, "argv", ["first_survey.py", str(tmp_path / "bad.csv")])
    with pytest.raises(SystemExit, match=r"errors in .*bad\.csv; mend them first"):
        runpy.run_path(str(EXAMPLES / "first_survey.py"), run_name="__main__")


def test_sharing_hands_over_files_without_access_points_and_shows_the_controls(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runpy.run_path(str(EXAMPLES / "sharing.py"), run_name="__main__")
    shown = capsys.readouterr().out
    assert shown.count("no access point of the survey in it") == 2
    errors_m = {
        name: float(m) for name, m in re.findall(r"^(.+): mean error (\d+\.\d+) m$", shown, re.MULTILINE)
    }
    assert {name for name in errors_m if "untrained" in name} == {
        "network, untrained teacher",
        "matcher, untrained",
    }
    assert errors_m["matcher, taught"] < errors_m["matcher, untrained"]


# -- the package --------------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path as an installer leaves it, from the package's own pyproject.toml."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for package in (PLUGIN / "src").iterdir():
        shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
        monkeypatch.delitem(sys.modules, package.name, raising=False)
    information = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    information.mkdir()
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (information / "METADATA").write_text(head)
    lines = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in entries.items()))
    ]
    (information / "entry_points.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("installed")
def test_package_brings_its_network_and_keeps_the_contract() -> None:
    check_network("example-attention")
    check_network("example-attention", {"tokens": 3, "width": 8})
    assert network_spec("example-attention").sparse_input


@pytest.mark.usefixtures("installed")
def test_name_of_the_package_cannot_be_taken_twice() -> None:
    spec = network_spec("example-attention")
    with pytest.raises(BadInputError, match="registered already"):
        registry.register_network("example-attention", spec.build)


def test_command_of_the_packages_readme_works(installed: Path) -> None:
    readme = (PLUGIN / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^ +tutelage (fit .*)$", readme, flags=re.MULTILINE)
    program = [sys.executable, "-c", "from tutelage.__main__ import main; main()", *command.split()]
    environment = os.environ | {"PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        program, env=environment, cwd=installed, capture_output=True, text=True, check=False, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    assert (installed / "model" / "model.json").exists()
