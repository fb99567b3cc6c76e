"""tutelage export, as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Command, assert_refused, files_below

from tutelage.data.surveys import load
from tutelage.export.verifying import as_mappings
from tutelage.runtime import Runtime


@pytest.mark.parametrize("name", ["model.zip", "model"])
def test_export_writes_what_the_runtime_reads(
    name: str, tutelage: Command, made: Path, tables: Path, tmp_path: Path
) -> None:
    out = tmp_path / name
    ended = tutelage("export", made / "knn", "--out", out, "--scans", tables / "survey.csv")
    assert ended.code == 0, ended.stderr
    for part in ("0.0e+00 m (0.001 allowed)", "training scans of survey", "MB"):
        assert part in ended.stdout
    scan = as_mappings(load(tables / "survey.csv").train[[0]])[0]
    told = tutelage("export", made / "knn", "--out", out, "--json")
    assert json.loads(told.stdout)["files"] == Runtime.load(out).card["files"]
    assert Runtime.load(out).locate([scan])[0]["x_m"] is not None


@pytest.mark.slow
def test_export_in_eight_bits_says_what_it_costs(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path
) -> None:
    ended = tutelage(
        "export", made / "dnn", "--out", tmp_path / "m.zip", "--scans", tables / "survey.csv", "--int8"
    )
    assert ended.code == 0, ended.stderr
    shown = " ".join(ended.stdout.split())
    assert "standardised coordinates (0.0001 allowed)" in shown
    assert "MB in float32" in shown
    assert "mean error" in shown
    assert "within the 95 % radius" in shown


def test_export_refuses_with_one_message_and_leaves_nothing(
    tutelage: Command, made: Path, tmp_path: Path
) -> None:
    out = tmp_path / "m.zip"
    assert_refused(
        tutelage("export", tmp_path / "nothing", "--out", out), "there is no model", "tutelage fit"
    )
    assert_refused(tutelage("export", made / "knn", "--out", out, "--int8"), "int8", "knn has none")
    assert_refused(tutelage("export", made / "knn", "--out", made / "dnn"), "no exported model")
    assert_refused(tutelage("export", made / "knn", "--out", out, "--scans", "nowhere.csv"), "nowhere.csv")
    assert files_below(tmp_path) == {}


@pytest.mark.parametrize("name", ["model", "model.zip"])
def test_verbs_say_that_an_exported_model_is_for_the_runtime(
    name: str, tutelage: Command, made: Path, tables: Path, tmp_path: Path
) -> None:
    exported, truth = tmp_path / name, tables / "truth.csv"
    tutelage("export", made / "knn", "--out", exported)
    for asked in (
        ("locate", exported, truth),
        ("evaluate", exported, "--on", truth),
        ("drift", exported, truth),
        ("fit", "--update", exported, tables / "survey.csv", "--out", tmp_path / "next"),
        ("export", exported, "--out", tmp_path / "again"),
    ):
        said = f"{exported} is an exported model (tutelage-runtime-2), which tutelage.runtime reads"
        assert_refused(tutelage(*asked), said, "give the model folder")


@pytest.mark.parametrize("name", ["model.zip", "model.ZIP"])
def test_fit_makes_no_folder_with_the_name_of_a_zip_file(
    name: str, tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    fit = ("fit", tables / "survey.csv", "--method", "knn", "--out", tmp_path / name)
    assert_refused(tutelage(*fit), "a model is a folder", f"tutelage export {tmp_path / 'model'} --out")
    assert files_below(tmp_path) == {}
