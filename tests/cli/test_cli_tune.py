"""`tutelage tune` as its users meet it, and the file that it writes where a network is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Command, assert_refused, files_below

LENGTH = ("--epochs", 1, "--device", "cpu")
TINY = (*LENGTH, "--set", "width=8", "--set", "d_e=8", "--set", "batch_size=64")


def test_tune_writes_a_file_that_fit_and_teach_use(
    tutelage: Command, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    survey = tables / "survey.csv"
    tune = ("tune", survey, "--out", "a.json", "--trials", 2, *TINY)
    ended = tutelage(*tune, "--report", "r.html")
    assert ended.code == 0, ended.stderr
    assert "held-out error, best" in ended.stdout
    assert f"next: tutelage fit {survey} --method dnn:a.json --out MODEL" in ended.stdout
    assert files_below(tmp_path).keys() == {"a.json", "a.json.sqlite", "r.html"}
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "learning_rate" in page
    assert "http-equiv" in page
    assert '<script src="' not in page
    fit = tutelage("fit", survey, "--method", "dnn:a.json", "--out", "m", *LENGTH, "--json")
    assert fit.code == 0, fit.stderr
    card = json.loads((tmp_path / "m" / "model.json").read_text())
    assert (card["method"], card["config"]["settings"]["width"]) == ("dnn", 8)
    assert card["lineage"]["recipe"]["batch_size"] == 64
    assert tutelage("evaluate", "m", "--on", survey, "--json").code == 0
    teach = tutelage("teach", survey, "--network", "dnn:a.json", "--out", "t", *LENGTH, "--json")
    assert teach.code == 0, teach.stderr
    assert json.loads(teach.stdout)["d_e"] == 8


def test_tune_again_shows_the_same_without_training(
    tutelage: Command, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    study = ("--study", "s.sqlite")
    tune = ("tune", tables / "survey.csv", "--trials", 1, *TINY)
    first = tutelage(*tune, *study, "--json")
    monkeypatch.setattr("tutelage.tuning.trial_scoring.train_network", None)
    again = tutelage(*tune, *study, "--json")
    assert (first.code, again.code) == (0, 0), again.stderr
    assert first.stdout == again.stdout
    shown = json.loads(again.stdout)
    assert (shown["network"], shown["search_record"]["n_finished"]) == ("dnn", 1)
    assert shown["settings"] == {"width": 8, "d_e": 8}
    assert files_below(tmp_path).keys() == {"dnn.json", "s.sqlite"}  # named after the network


def test_report_of_a_search_of_one_trial_can_be_written(
    tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    tune = ("tune", tables / "survey.csv", "--network", "bayescnn", "--out", tmp_path / "a.json")
    options = ("--trials", 1, "--set", "d_e=8", *LENGTH, "--report", tmp_path / "r.html")
    ended = tutelage(*tune, *options)
    assert ended.code == 0, ended.stderr
    assert (tmp_path / "r.html").stat().st_size > 1e6


def test_teachers_and_recipe_stand_in_the_next_command(
    tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    tune = ("tune", tables / "survey.csv", "--out", tmp_path / "a.json", "--trials", 1, *TINY)
    ended = tutelage(*tune, "--search", "paper", "--teachers", "untrained")
    assert ended.code == 0, ended.stderr
    assert "--teachers untrained --recipe paper --out MODEL" in ended.stdout


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_the_search_goes_on(
    tutelage: Command, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    tune = ("tune", tables / "survey.csv", "--out", tmp_path / "a.json", "--trials", 1, *TINY)
    with monkeypatch.context() as patched:
        patched.setattr("tutelage.tuning.trial_scoring.train_network", stopped)
        ended = tutelage(*tune)
    assert (ended.code, ended.stdout) == (130, "")
    assert "give the same command again: finished trials are kept" in ended.stderr
    assert files_below(tmp_path).keys() == {"a.json.sqlite"}
    assert tutelage(*tune).code == 0
    other = tutelage(*tune, "--seed", 1)
    assert_refused(other, "a.json.sqlite belongs to another search: seed was 0, now 1", "--study")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--search", "learnin"), ["unknown search space 'learnin'", "Did you mean learning"]),
        (("--search", "architecture"), ["'dnn' has no architecture", "--search learning"]),
        (("--search", "paper"), ["give at least one --teachers"]),
        (("--network", "knn"), ["unknown network 'knn'", "dnn"]),
        (("--network", "dnn:gone.json"), ["there is no network file gone.json"]),
        (("--teachers", "gone.teacher"), ["there is no teacher file gone.teacher"]),
        (("--set", "nois=1"), ["Did you mean noise"]),
        (("--trials", "0"), ["Invalid value", "--trials"]),
        (("--epochs", "1", "--minutes", "1"), ["either epochs or minutes, not both"]),
        (("--report", "far/r.html"), ["far does not exist"]),
        (("--study", "far/s.sqlite"), ["far does not exist"]),
        (("--out", "far/a.json"), ["far does not exist"]),
        (("--device", "abacus"), ["device 'abacus' cannot be used here"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_option_of_tune_is_refused(
    tutelage: Command,
    tables: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    said: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_refused(tutelage("tune", tables / "survey.csv", "--out", "a.json", *options), *said)
    assert files_below(tmp_path) == {}


@pytest.mark.parametrize(
    "verb",
    [
        ("teach", "--network"),
        ("fit", "--method"),
        ("fit", "--transfer", "sequential", "--source", "simulated", "--method"),
    ],
    ids=["teach", "fit", "transfer"],
)
def test_slip_in_a_network_file_is_refused_by_every_verb(
    tutelage: Command, tables: Path, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"network": "dnn", "recipe": {"learning_rat": 0.001}}', encoding="utf-8")
    ended = tutelage(*verb, f"dnn:{file}", tables / "survey.csv", "--out", tmp_path / "made")
    assert_refused(ended, "unknown setting 'learning_rat'", "Did you mean learning_rate")
    assert files_below(tmp_path).keys() == {"a.json"}


@pytest.mark.real_data
@pytest.mark.slow
def test_tune_on_tampere_is_used_by_fit(tutelage: Command, data_dir: Path, tmp_path: Path) -> None:
    where = ("tampere", "--data-dir", data_dir, "--device", "cpu")
    out = tmp_path / "a.json"
    options = ("--network", "bayescnn", "--trials", 2, "--epochs", 1, "--set", "d_e=8", "--json")
    tuned = tutelage("tune", *where, "--out", out, *options)
    assert tuned.code == 0, tuned.stderr
    found = json.loads(tuned.stdout)["search_record"]
    assert (found["target"], found["spaces"], found["n_finished"]) == ("tampere", ["architecture"], 2)
    assert 0 < found["held_out_mae_m"] <= found["default_held_out_mae_m"] < 200
    fit = tutelage("fit", *where, "--method", f"bayescnn:{out}", "--epochs", 1, "--out", tmp_path / "m")
    assert fit.code == 0, fit.stderr
