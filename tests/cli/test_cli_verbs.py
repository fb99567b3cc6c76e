"""Every verb: its length, its help, and one short way from a survey to what it makes.

`demo` is in test_cli_demo.py, `reproduce` in test_cli_real_data.py, `keys` and `forget` in
test_cli_keys.py, `serve` in serving/http/test_process.py, `collect` in
serving/http/test_collect.py.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Command, assert_refused

import tutelage
from tutelage.cli.lazy_verbs import VERBS, command_of
from tutelage.data.surveys import load
from tutelage.localizer import Localizer
from tutelage.methods.matcher.matcher_recipe import FAST_UPDATES

CLI = Path(tutelage.__file__).parent / "cli"
MOST_LINES = 40
TINY = ("--epochs", 1, "--set", "width=8", "--set", "d_e=8", "--device", "cpu")
EXERCISES = ("--set", "updates=4", "--set", "exercises=32", "--device", "cpu")


def made_of(tutelage: Command, *command: object) -> Any:
    """What a verb prints for machines: one document, and nothing else."""
    ended = tutelage(*command, "--json")
    assert ended.code == 0, ended.stderr
    return json.loads(ended.stdout)


# -- what they are ------------------------------------------------------------------------------------


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def test_no_function_of_the_command_line_is_over_40_lines() -> None:
    lengths = {
        f"{path.name}: {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in sorted(CLI.glob("*.py"))
        for function in functions(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}
    commands = {name.partition(": ")[2] for name in lengths if name.startswith("verb_")}
    assert {f"{verb.replace(' ', '_')}_command" for verb in VERBS} == {
        name for name in commands if name.endswith("_command")
    }


@pytest.mark.parametrize("name", ["zoo", "data", "keys", *VERBS])
def test_help_of_a_verb_says_what_it_does_and_what_it_takes(tutelage: Command, name: str) -> None:
    ended = tutelage(*name.split(), "--help")
    assert (ended.code, ended.stderr) == (0, "")
    assert f"tutelage {name}" in " ".join(ended.stdout.split())
    if name in VERBS:
        assert "--json" in ended.stdout
    for old in ("--target ", "tutor", "scorer"):
        assert old not in ended.stdout


def test_help_of_fit_is_two_screens_and_begins_with_the_common_options(
    tutelage: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = tutelage("fit", "--help").stdout.splitlines()
    assert len(lines) <= 100
    first = next(n for n, line in enumerate(lines) if "─ Options ─" in line)
    end = next(n for n, line in enumerate(lines) if n > first and line.startswith("╰"))
    options = [line.split()[1] for line in lines[first:end] if line.startswith("│ --")]
    assert options == ["--out", "--method", "--pretrained", "--set", "--json", "--help"]


def test_every_option_of_every_verb_has_help() -> None:
    commands = [command_of(verb) for verb in VERBS]
    assert [f"{each.name} {param.name}" for each in commands for param in each.params if not param.help] == []


def test_list_of_verbs_says_what_their_own_help_begins_with() -> None:
    own = {verb: " ".join(command_of(verb).help.partition("\n\n")[0].split()) for verb in VERBS}
    assert own == {verb: each.about for verb, each in VERBS.items()}


# -- from a survey to what they make -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("knn", ("--set", "k=3")),
        ("matcher", ("--set", "fine_tune_updates=4", "--set", "exercises=32", "--device", "cpu")),
        ("dnn", TINY),
    ],
)
def test_fit_evaluate_locate_and_export(
    tutelage: Command, tables: Path, tmp_path: Path, method: str, options: tuple[object, ...]
) -> None:
    model, survey = tmp_path / "model", tables / "survey.csv"
    fitted = made_of(
        tutelage, "fit", survey, "--method", method, *options, "--no-calibration", "--out", model
    )
    assert (fitted["method"], fitted["survey"], fitted["n_train"]) == (method, "survey", 160)
    evaluated = made_of(tutelage, "evaluate", model, "--on", survey)
    assert (evaluated["n"], evaluated["n_no_position"]) == (40, 0)
    located = made_of(tutelage, "locate", model, tables / "truth.csv")
    assert len(located) == 40
    exported = made_of(tutelage, "export", model, "--out", tmp_path / "model.zip")
    assert (exported["method"], exported["verified"]["n_scans"] > 0) == (method, True)


@pytest.mark.parametrize(("method", "prefix"), [("matcher", ""), ("blend", "matcher.")])
@pytest.mark.parametrize("own_updates", [None, 4])
def test_fast_fits_with_few_updates_and_no_network(
    tutelage: Command, tables: Path, tmp_path: Path, method: str, prefix: str, own_updates: int | None
) -> None:
    own = {"exercises": 32, "batch_size": 16} | ({"fine_tune_updates": own_updates} if own_updates else {})
    settings = [f"--set={prefix}{name}={value}" for name, value in own.items()]
    fit = ("fit", tables / "survey.csv", "--method", method, "--fast", "--no-calibration", "--device", "cpu")
    fitted = made_of(tutelage, *fit, *settings, "--out", tmp_path / "model")
    lineage = Localizer.load(tmp_path / "model").lineage_
    assert lineage.n_steps == (own_updates or FAST_UPDATES)
    assert len(fitted["learning_curve"]) == lineage.n_steps // 4  # rounds of two batches, gone through twice
    assert (lineage.network, lineage.share) == ((None, None) if method == "matcher" else ("no network", 0))


def test_fast_is_refused_where_nothing_is_fine_tuned(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = ("fit", tables / "survey.csv", "--fast", "--out", tmp_path / "model")
    assert_refused(tutelage(*fit, "--method", "dnn"), "--fast is for matcher and blend", "--epochs N")
    assert_refused(tutelage(*fit, "--update", tmp_path / "old"), "--fast")


def test_compare_plan_and_drift(tutelage: Command, made: Path, tables: Path) -> None:
    survey = tables / "survey.csv"
    compared = made_of(tutelage, "compare", survey, "--method", "knn", "--folds", 2)
    assert [row["name"] for row in compared["methods"]] == ["knn"]
    planned = made_of(tutelage, "plan", survey, "--folds", 2, "--rounds", 1)
    assert planned["method"] == "knn"
    drifted = made_of(tutelage, "drift", made / "knn", tables / "truth.csv")
    assert drifted["severity"] in ("none", "watch", "resurvey", "unknown")


def test_tune_teach_and_fit_with_what_they_made(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    survey, file, teacher = tables / "survey.csv", tmp_path / "dnn.json", tmp_path / "t.teacher"
    tuned = made_of(tutelage, "tune", survey, "--trials", 1, *TINY, "--out", file)
    assert (tuned["network"], tuned["search_record"]["n_finished"]) == ("dnn", 1)
    length = ("--epochs", 1, "--device", "cpu")
    taught = made_of(tutelage, "teach", survey, "--network", f"dnn:{file}", *length, "--out", teacher)
    assert (taught["network"], taught["source"], taught["d_e"]) == ("dnn", "survey", 8)
    fit = ("fit", survey, "--method", f"dnn:{file}", *length, "--no-calibration", "--out", tmp_path / "m")
    fitted = made_of(tutelage, *fit, "--teachers", teacher)
    assert (fitted["method"], fitted["teachers"]) == ("dnn", ["survey"])
    assert sum(fitted["gradient_shares"]["mean"].values()) == pytest.approx(1, abs=1e-5)
    report = tmp_path / "report.html"
    made_of(tutelage, "evaluate", tmp_path / "m", "--on", survey, "--report", report)
    share = 100 * fitted["gradient_shares"]["mean"]["J_Sim"]
    assert f"J_Sim {share:.2f} %" in report.read_text()


def test_pretrain_and_fit_with_what_it_made(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    file, truth = tmp_path / "p.matcher", tables / "truth.csv"
    pretrained = made_of(tutelage, "pretrain", truth, "simulated:4", *EXERCISES, "--out", file)
    assert [source["source"] for source in pretrained["sources"]] == ["truth", "simulated"]
    assert all(source["membership"] is not None for source in pretrained["sources"])
    shown = made_of(tutelage, "zoo", "show", file)
    assert shown == pretrained
    fit = (
        "fit",
        tables / "survey.csv",
        "--method",
        "matcher",
        "--set",
        "fine_tune=false",
        "--no-calibration",
    )
    fitted = made_of(tutelage, *fit, "--pretrained", file, "--out", tmp_path / "m")
    assert (fitted["pretrained"], fitted["method"]) == (["truth", "simulated"], "matcher")


def test_zoo_list_and_show(tutelage: Command) -> None:
    listed = made_of(tutelage, "zoo", "list")
    shown = made_of(tutelage, "zoo", "show", listed[0]["name"], listed[1]["name"])
    assert [card["file"] for card in shown] == [listed[0]["name"], listed[1]["name"]]
    assert [shown[1][key] for key in ("network", "source")] == [
        listed[1][key] for key in ("network", "source")
    ]


def test_zoo_make(tutelage: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it hands on; tests/zoo makes teachers."""
    given: dict[str, Any] = {}

    def make_zoo(folder: Path, **options: Any) -> list[Path]:
        given.update(options, folder=folder)
        return []

    monkeypatch.setattr("tutelage.methods.teachers.zoo_making.make_zoo", make_zoo)
    out = ("zoo", "make", "--out", tmp_path / "zoo", "--device", "cpu", "--seed", 3)
    assert made_of(tutelage, *out, "--network", "dnn", "--source", "dsi1", "--no-matcher") == []
    assert given["folder"] == tmp_path / "zoo"
    assert (given["networks"], given["sources"], given["matcher"]) == (["dnn"], ["dsi1"], False)
    assert (given["run"].seed, given["run"].device, given["run"].progress) == (3, "cpu", False)
    made_of(tutelage, *out)
    assert (given["networks"], given["sources"], given["matcher"]) == (None, None, None)


def test_data_list_check_and_export(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    survey = tables / "survey.csv"
    assert {"tampere", "ujiindoorloc"} <= {row["name"] for row in made_of(tutelage, "data", "list")}
    assert made_of(tutelage, "data", "check", survey)["n_errors"] == 0
    exported = made_of(tutelage, "data", "export", survey, tmp_path / "copy.parquet")
    assert (exported["form"], exported["n_train"], exported["n_test"]) == ("table", 160, 40)
    assert load(tmp_path / "copy.parquet").train.content_hash() == load(survey).train.content_hash()


@pytest.mark.real_data
def test_data_fetch(tutelage: Command, data_dir: Path) -> None:
    fetched = made_of(tutelage, "data", "fetch", "dsi1", "--data-dir", data_dir)
    assert (fetched["name"], fetched["n_train"]) == ("dsi1", 1369)
