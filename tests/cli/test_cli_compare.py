"""tutelage compare, on a user's own table: the table, the page, the model, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Command, assert_refused

from tutelage.evaluation.compare import candidate
from tutelage.localizer import Localizer
from tutelage.training import Budget, RunOptions

SHORT = ("--method", "dnn", "--epochs", 1, "--folds", 2, "--device", "cpu")


def test_compare_gives_a_table_a_page_a_model_and_a_reason(
    tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    report, model = tmp_path / "c.html", tmp_path / "m"
    compare = ("compare", tables / "survey.csv", *SHORT, "--report", report, "--out", model, "--json")
    ended = tutelage(*compare)
    assert ended.code == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert [row["name"] for row in found["methods"]] == ["knn", "dnn"]
    knn, dnn = found["methods"]
    assert dnn["against_knn_m"] > 0  # an epoch is nothing
    assert knn["low_m"] < knn["error_m"] < knn["high_m"] < dnn["error_m"]
    assert found["recommended"] == {
        "name": "knn",
        "why": "k-NN: nothing was better on the reference points held out",
    }
    assert "Take k-NN: nothing was better" in report.read_text(encoding="utf-8")
    assert Localizer.load(model).method_spec.name == "knn"


def test_compare_shows_a_table_and_the_next_command(tutelage: Command, tables: Path) -> None:
    ended = tutelage("compare", tables / "survey.csv", *SHORT)
    assert ended.code == 0, ended.stderr
    assert ended.stderr.startswith("comparing takes about 10 seconds: 2 methods, each fitted 2 times\n")
    assert "take k-NN" in ended.stdout
    assert f"next: tutelage fit {tables / 'survey.csv'} --method knn --out MODEL" in ended.stdout


def test_a_fit_that_is_stopped_leaves_the_comparison(
    tutelage: Command, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_model: Localizer, _path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Localizer, "save", stopped)
    report, model = tmp_path / "c.html", tmp_path / "m"
    compare = ("compare", tables / "survey.csv", "--method", "knn", "--folds", 2)
    ended = tutelage(*compare, "--report", report, "--out", model)
    assert ended.code == 130
    assert "take k-NN" in ended.stdout
    assert report.is_file()
    assert "stopped; the comparison is done, but no model was written; for that: tutelage fit" in ended.stderr
    assert "nothing was written" not in ended.stderr
    assert not model.exists()


def test_the_model_learns_for_as_long_as_it_was_told() -> None:
    run = RunOptions(budget=Budget(epochs=3))
    assert candidate("dnn").localizer(run).run == run
    assert candidate("knn").localizer(run).run == RunOptions()  # which has no length


def test_compare_refuses_before_anything_learns(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    survey = tables / "survey.csv"
    assert_refused(tutelage("compare", survey, "--method", "dn"), "'dn'", "Did you mean dnn?")
    assert_refused(tutelage("compare", survey, "--folds", 5000), "5000 folds of")
    assert_refused(tutelage("compare", survey, "--teachers", tmp_path / "none.teacher"), "none.teacher")
    of_other = ("--method", "dnn", "--teachers", "zoo:cnnloc-tampere")
    assert_refused(tutelage("compare", survey, *of_other), "tampere, which is for --method cnnloc")
    assert_refused(tutelage("compare", tmp_path / "gone.csv", "--device", "abacus"), "device 'abacus'")
    (tmp_path / "mine").mkdir()
    assert_refused(tutelage("compare", survey, "--out", tmp_path / "mine"), "exists and is no model")
