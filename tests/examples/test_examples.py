"""The examples run as their users run them."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tutelage as tt
from tutelage.cli import main
from tutelage.data.surveys import export_survey, simulated_survey
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.methods.method_registry import METHODS, method_spec
from tutelage.networks import (
    NETWORKS,
    RssBatch,
    build_network,
    check_network,
    network_spec,
    register_network,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
PLUGIN = EXAMPLES / "plugin"


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an example registers is forgotten afterwards."""
    for name in ("knn", "matcher", "blend"):
        method_spec(name)  # what registers itself when it is first named is not forgotten
    for registry in (NETWORKS, METHODS):
        monkeypatch.setattr(registry, "entries", dict(registry.entries))


# -- the template -------------------------------------------------------------------------------------


@pytest.mark.slow
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


# -- a method ------------------------------------------------------------------------------------------


@pytest.fixture
def gaussian_process() -> str:
    """The method of the template, registered as in its user's own process."""
    name: str = runpy.run_path(str(EXAMPLES / "own_method.py"))["NAME"]
    return name


@pytest.fixture(scope="module")
def office() -> tt.Survey:
    return simulated_survey(n_train=150, n_test=40, n_access_points=16, n_floors=1, width_m=40, depth_m=24)


@pytest.mark.slow
def test_method_template_runs_and_prints_figures(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "own_method.py"), run_name="__main__")
    shown = capsys.readouterr().out
    assert "gaussian-process keeps the contract" in shown
    assert re.search(r"^take (k-NN|gaussian-process): ", shown, flags=re.MULTILINE)
    (error_m,) = re.findall(r"mean error (\d+\.\d+) m; \d+% of the radii hold the truth", shown)
    assert float(error_m) < 6
    assert re.search(r"^the first scan is at .*, within \d+\.\d m$", shown, flags=re.MULTILINE)


def test_own_method_keeps_the_contract_and_refuses_wrong_settings(
    gaussian_process: str, office: tt.Survey
) -> None:
    tt.check_method(gaussian_process, {"noise": 0.3})
    assert gaussian_process in tt.method_names()
    with pytest.raises(UnknownNameError, match="Did you mean noise"):
        tt.Localizer(gaussian_process, settings={"nois": 0.3}).fit(office)
    with pytest.raises(BadInputError, match=r"noise = 0: .* greater than 0"):
        tt.Localizer(gaussian_process, settings={"noise": 0}).fit(office)
    with pytest.raises(BadInputError, match="gaussian-process takes no surrogate teachers"):
        tt.Localizer(gaussian_process, teachers=["untrained"]).fit(office)
    with pytest.raises(BadInputError, match="gaussian-process takes no pretrained matcher"):
        tt.Localizer(gaussian_process, pretrained="none").fit(office)
    run = tt.RunOptions(budget=tt.Budget(epochs=2))
    with pytest.raises(BadInputError, match="gaussian-process takes no epochs or minutes"):
        tt.Localizer(gaussian_process, run=run).fit(office)


def test_own_method_is_fitted_calibrated_evaluated_saved_and_loaded(
    gaussian_process: str, office: tt.Survey, tmp_path: Path
) -> None:
    assert office.test is not None
    model = tt.Localizer(method=gaussian_process, settings={"noise": 0.2}).fit(office)
    assert model.lineage_.settings == {"length_scale": 1.0, "noise": 0.2}
    figures = tt.evaluate(model, office).figures()
    assert (figures["mae_m"] or 99) < 6
    assert (figures["coverage"] or 0) > 0.8
    model.save(tmp_path / "model")
    assert {path.name for path in (tmp_path / "model").iterdir()} == {"model.json", "weights.safetensors"}
    loaded = tt.Localizer.load(tmp_path / "model")
    before, after = (each.predict(office.test) for each in (model, loaded))
    np.testing.assert_allclose(after.position_m, before.position_m, rtol=0, atol=1e-6)
    assert before.radius_m is not None
    assert after.radius_m is not None
    np.testing.assert_allclose(after.radius_m, before.radius_m, rtol=0, atol=1e-6)
    assert (loaded.method_spec.name, loaded.lineage_) == (gaussian_process, model.lineage_)


@pytest.mark.slow
def test_own_method_is_compared_and_planned_with(gaussian_process: str, office: tt.Survey) -> None:
    comparison = tt.compare(office, tt.candidates([gaussian_process]), n_folds=2)
    assert [each.candidate.name for each in comparison.standings] == ["knn", gaussian_process]
    assert comparison.standings[1].candidate.words == ("--method", gaussian_process)
    plan = tt.plan(office, tt.candidate(gaussian_process), n_folds=2, n_rounds=1)
    assert plan.as_dict()["method"] == gaussian_process
    assert plan.curve.errors[0].mean > plan.curve.errors[-1].mean


def test_own_method_is_not_updated_nor_exported_unless_its_spec_says_how(
    gaussian_process: str, office: tt.Survey, tmp_path: Path
) -> None:
    assert office.test is not None
    model = tt.Localizer(gaussian_process, calibrate=False).fit(office)
    with pytest.raises(BadInputError, match="gaussian-process cannot be updated; fit it anew"):
        tt.update(model, office.test)
    with pytest.raises(BadInputError, match="gaussian-process"):
        tt.export_model(model, tmp_path / "model.zip")
    assert not (tmp_path / "model.zip").exists()


# -- from a walk to a model, and sharing ----------------------------------------------------------------


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert errors_m["matcher, pretrained"] < errors_m["matcher, untrained"]


# -- the package --------------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path as an installer leaves it, from the package's own pyproject.toml."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wheel = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    for package in map(Path, wheel["targets"]["wheel"]["packages"]):
        shutil.copytree(
            PLUGIN / package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for source, place in wheel["targets"]["wheel"]["force-include"].items():
        shutil.copy(PLUGIN / source, tmp_path / place)
    for name in ("tutelage_example", "tutelage_example.own_method"):
        monkeypatch.delitem(sys.modules, name, raising=False)
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
def test_package_brings_its_network_which_keeps_the_contract() -> None:
    check_network("example-attention")
    check_network("example-attention", {"tokens": 3, "width": 8})
    assert network_spec("example-attention").sparse_input


@pytest.mark.usefixtures("installed")
def test_package_brings_its_method_which_keeps_the_contract() -> None:
    assert {"example-attention", "gaussian-process"} <= set(tt.method_names())
    tt.check_method("gaussian-process")
    assert method_spec("gaussian-process").fit.__module__ == "tutelage_example.own_method"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["example-attention", "gaussian-process"])
def test_names_of_the_package_cannot_be_taken_twice(name: str) -> None:
    with pytest.raises(BadInputError, match=f"named '{name}' is registered already"):
        register_network(name, lambda _n_ap: torch.nn.Module())
    with pytest.raises(BadInputError, match=f"named '{name}' is registered already"):
        tt.register_method(tt.MethodSpec(name, "another", method_spec("knn").fit, method_spec("knn").load))


@pytest.mark.slow
def test_commands_of_the_packages_readme_work(installed: Path) -> None:
    readme = (PLUGIN / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^ +tutelage (fit .*)$", readme, flags=re.MULTILINE)
    assert len(commands) == 2
    path = os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    for command in commands:
        program = [sys.executable, "-c", "from tutelage.__main__ import main; main()", *command.split()]
        ended = subprocess.run(
            program, env=environment, cwd=installed, capture_output=True, text=True, check=False, timeout=300
        )
        assert ended.returncode == 0, ended.stderr
        assert (installed / command.split()[-1] / "model.json").exists()


@pytest.mark.slow
def test_command_line_judges_compares_and_plans_with_the_packages_method(
    installed: Path, office: tt.Survey, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def figures(*arguments: str) -> Any:
        """Run the command line in this process, and read the JSON that it prints."""
        monkeypatch.setattr(sys, "argv", ["tutelage", *arguments, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        assert ended.value.code in (None, 0), shown.err
        return json.loads(shown.out)

    monkeypatch.chdir(installed)
    tt.export_survey(office, installed / "office.csv")
    method = ("--method", "gaussian-process")
    made = figures("fit", "office.csv", *method, "--set", "noise=0.2", "--out", "model")
    assert (made["method"], made["survey"]) == ("gaussian-process", "office")
    assert int(made["held_out"].split()[0]) > 10
    assert figures("evaluate", "model", "--on", "office.csv")["mae_m"] < 6
    located = figures("locate", "model", "office.csv")
    assert all(row["radius_m"] > 0 for row in located if row["x_m"] is not None)
    compared = figures("compare", "office.csv", *method, "--folds", "2")
    assert [row["method"] for row in compared["methods"]] == ["knn", "gaussian-process"]
    planned = figures("plan", "office.csv", *method, "--folds", "2", "--rounds", "1")
    assert (planned["method"], planned["survey"]) == ("gaussian-process", "office")
