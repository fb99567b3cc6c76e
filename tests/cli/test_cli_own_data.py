"""The verbs on a user's own table: what they write, what they print, and that standard output is clean."""

from __future__ import annotations

import csv
import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import MAIN, Command, Ended, assert_refused, in_own_process

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import export_table, load
from tutelage.evaluation import positions_from_csv
from tutelage.localizer import Localizer
from tutelage.paper.expert_training import Teacher
from tutelage.runtime.positions import REFUSED

TINY = ("--epochs", 2, "--set", "width=16", "--set", "d_e=8", "--device", "cpu")
VERBS = (
    *("fit", "evaluate", "locate", "export", "compare", "plan", "drift", "update", "tune", "teach"),
    *("pretrain", "reproduce", "demo", "data", "zoo"),
)
FIGURES = {"n", "mae_m", "median_m", "p75_m", "p95_m", "ground_mae_m", "floor_hit", "building_hit"}
FIGURES |= {"ipin_p75_m", "evaal_mae_m", "coverage", "radius_m"}


def parsed(ended: Ended) -> Any:
    """Standard output, which holds one JSON document and nothing else."""
    assert ended.code == 0, ended.stderr
    assert ended.stdout.count("\n") == 1
    return json.loads(ended.stdout)


# -- in processes of their own --------------------------------------------------------------------------


def test_help_needs_no_data_and_names_every_verb() -> None:
    ended = in_own_process("--help")
    assert (ended.code, ended.stderr) == (0, "")
    for verb in VERBS:
        assert f" {verb} " in ended.stdout


@pytest.mark.slow
def test_bad_table_in_its_own_process_is_one_message_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "survey.csv").write_text("scan_id,x_m,y_m,ap1\ns1,0,0,-50\ns2,0,1,-60\ns3,1,1,[red]7\n")
    ended = in_own_process("fit", "survey.csv", "--method", "knn", "--out", "m", cwd=tmp_path)
    said = "error: survey.csv, row 4, column ap1: '[red]7' is not allowed here;"
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(said)
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "m").exists()


@pytest.mark.slow
def test_fit_learns_the_train_rows_and_evaluate_judges_the_test_rows(
    tutelage: Command, tables: Path, tmp_path: Path, building: Survey
) -> None:
    fit = in_own_process("fit", tables / "survey.csv", "--method", "knn", "--out", tmp_path / "m", "--json")
    figures = parsed(fit)
    assert building.test is not None
    assert (figures["n_train"], figures["survey"]) == (len(building.train), "survey")
    assert "n_blank" not in figures
    evaluated = tutelage("evaluate", tmp_path / "m", "--on", tables / "survey.csv", "--json")
    row = parsed(evaluated)
    assert row["n"] == len(building.test)
    assert 0 < row["mae_m"] < 8
    assert (row["ground_mae_m"], row["floor_hit"], row["building_hit"]) == (row["mae_m"], 1.0, 1.0)


def test_evaluate_says_when_a_model_learnt_from_these_very_scans(
    tutelage: Command, building: Survey, tmp_path: Path
) -> None:
    table, model = tmp_path / "walk.csv", tmp_path / "m"
    export_table(building, table, split="train")
    assert tutelage("fit", table, "--method", "knn", "--set", "k=1", "--out", model).code == 0
    row = parsed(tutelage("evaluate", model, "--on", table, "--json"))
    assert row["on_training_scans"] is True
    assert "its figures are training errors" in row["note"]
    report = tmp_path / "r.html"
    shown = tutelage("evaluate", model, "--on", table, "--report", report).stdout
    assert "note: " in shown
    for text in (shown, report.read_text(encoding="utf-8")):
        assert "learnt from these very scans" in " ".join(text.split())


@pytest.mark.slow
def test_reader_that_leaves_early_gets_no_traceback(made: Path, tables: Path) -> None:
    locate = shlex.join([*MAIN, "locate", str(made / "knn"), str(tables / "survey.csv")])
    ended = in_own_process("-c", f"{locate} | head -n 1", program=["bash"])
    assert ended.stdout == "scan_id,x_m,y_m,radius_m,level,floor,building,n_unknown,reason\n"
    assert ended.stderr == ""


# -- teach, fit, evaluate -------------------------------------------------------------------------------


def test_teach_writes_a_teacher_and_says_how_good_it_is(
    tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    out = tmp_path / "t.teacher"
    taught = parsed(tutelage("teach", tables / "survey.csv", "--out", out, "--json", *TINY))
    shown = parsed(tutelage("zoo", "show", out, "--json"))
    assert taught == shown
    assert (shown["file"], shown["source"], shown["d_e"]) == (str(out), "survey", 8)
    assert shown["quality"]["generator_mae_m"] > 0
    assert Teacher.load(out).card.source == "survey"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.teacher", "t.teacher.metrics.jsonl"]


def test_teachers_show_gives_a_list_or_a_row_for_several(
    tutelage: Command, made: Path, tmp_path: Path
) -> None:
    files = [str(made / "t.teacher"), str(shutil.copy(made / "t.teacher", tmp_path / "copy.teacher"))]
    assert [row["file"] for row in parsed(tutelage("zoo", "show", *files, "--json"))] == files
    table = tutelage("zoo", "show", *files).stdout
    assert table.count("survey") == 2
    assert "held-out places" in table


def test_teach_and_fit_by_the_printed_recipe_and_show_that_nothing_was_held_out(
    tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    teacher, model, printed = tmp_path / "t.teacher", tmp_path / "model", ("--recipe", "printed")
    tutelage("teach", tables / "survey.csv", "--out", teacher, *printed, *TINY)
    assert "nothing held" in tutelage("zoo", "show", teacher).stdout
    tutelage(
        *("fit", tables / "survey.csv", "--method", "dnn", "--teachers", teacher, "--out", model),
        *(*printed, *TINY),
    )
    assert Localizer.load(model).lineage_.recipe_name == "printed"


def test_metrics_are_json_lines_of_every_stage(made: Path) -> None:
    for name, stages in (("t.teacher", {"source network", "surrogate teacher"}), ("dnn", {"student"})):
        text = (made / f"{name}.metrics.jsonl").read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
        assert {line["stage"] for line in lines} == stages
        assert all(line["step"] <= line["n_steps"] for line in lines)


def test_fit_with_two_teachers_names_both(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path
) -> None:
    fit = ("fit", tables / "survey.csv", "--method", "dnn", "--out", tmp_path / "m", *TINY, "--json")
    figures = parsed(tutelage(*fit, "--teachers", made / "t.teacher", "--teachers", "untrained"))
    assert figures["teachers"] == ["survey", "untrained"]
    lineage = Localizer.load(tmp_path / "m").lineage_
    assert [t if isinstance(t, str) else t.source for t in lineage.teachers] == ["survey", "untrained"]


def test_teachers_none_is_plain_learning(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = ("fit", tables / "survey.csv", "--method", "dnn", *TINY, "--json")
    assert "teachers" not in parsed(tutelage(*fit, "--out", tmp_path / "a", "--teachers", "none"))
    parsed(tutelage(*fit, "--out", tmp_path / "b"))
    truth = load(tables / "truth.csv").train
    one, other = (Localizer.load(tmp_path / name).predict(truth) for name in "ab")
    np.testing.assert_array_equal(one.position_m, other.position_m)


def test_fit_without_a_method_is_the_blend(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    short = [f"--set=matcher.{name}" for name in ("fine_tune_updates=4", "exercises=64")]
    fit = ("fit", tables / "survey.csv", "--out", tmp_path / "m", *short, *TINY, "--json")
    figures = parsed(tutelage(*fit))
    assert (figures["method"], figures["network"], figures["share"]) == ("blend", "no network", 0)
    assert figures["share_reason"].startswith("no network: scans of 2 named phones ")
    figures = parsed(tutelage(*fit, "--set", "always=true"))
    assert (figures["method"], figures["network"], figures["share_reason"]) == ("blend", "dnn", "")
    assert 0 < figures["share"] < 1
    assert "held_out_matcher_mae_m" in figures
    found = parsed(tutelage("evaluate", tmp_path / "m", "--on", tables / "truth.csv", "--json"))
    assert found["n_no_position"] == 0


def test_fit_shows_a_table_without_json(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    survey = tables / "survey.csv"
    ended = tutelage("fit", survey, "--method", "knn", "--set", "k=3", "--out", tmp_path / "m")
    assert ended.code == 0
    assert "access_points" in ended.stdout
    assert " k=3," in ended.stdout


def test_evaluate_of_two_models_and_a_file_of_answers_with_a_report(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path
) -> None:
    models = [made / "knn", made / "dnn", made / "answers.csv"]
    command = ("evaluate", *models, "--on", tables / "truth.csv", "--report", tmp_path / "r.html")
    rows = parsed(tutelage(*command, "--json"))
    assert [row["model"] for row in rows] == list(map(str, models))
    assert all(row.keys() >= FIGURES for row in rows)
    knn, dnn, answers = rows
    assert answers["mae_m"] == pytest.approx(knn["mae_m"], abs=1e-3)  # the file is rounded to millimetres
    assert dnn["mae_m"] != knn["mae_m"]
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert all(str(model) in html for model in models)
    shown = tutelage(*command).stdout
    assert f"{knn['mae_m']:.2f}" in shown
    assert "r.html" in shown


def test_source_target_and_truth_may_be_parquet(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    table, model = tmp_path / "survey.parquet", tmp_path / "m"
    assert tutelage("data", "export", tables / "survey.csv", table).code == 0
    assert tutelage("fit", table, "--method", "knn", "--set", "k=3", "--out", model).code == 0
    from_parquet, from_csv = (
        parsed(tutelage("evaluate", model, "--on", on, "--json")) for on in (table, tables / "survey.csv")
    )
    assert from_parquet == from_csv


def test_declared_code_is_not_heard_in_every_verb(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path
) -> None:
    rows = list(csv.reader((tables / "survey.csv").read_text().splitlines()))
    coded = tmp_path / "survey.csv"
    with coded.open("w", newline="") as file:
        csv.writer(file).writerows([[cell or "100" for cell in row] for row in rows])
    code = ("--not-heard", 100)
    fit = ("fit", coded, "--method", "knn", "--set", "k=3", "--out", tmp_path / "m", *code)
    assert tutelage(*fit).code == 0
    theirs = Localizer.load(tmp_path / "m").lineage_.data_hash
    assert theirs == Localizer.load(made / "knn").lineage_.data_hash
    ours = parsed(tutelage("evaluate", made / "knn", "--on", tables / "survey.csv", "--json"))
    assert parsed(tutelage("evaluate", made / "knn", "--on", coded, *code, "--json")) == ours
    assert tutelage("locate", made / "knn", coded, *code).code == 0
    assert tutelage("teach", coded, "--out", tmp_path / "t", *code, *TINY).code == 0


# -- locate ---------------------------------------------------------------------------------------------


@pytest.fixture
def scans(building: Survey, tmp_path: Path) -> Path:
    """A scan the model knows, one with a new access point as well, and three that it cannot locate.

    One of these hears a single access point, one hears nothing known, and one is blank.
    """
    train = building.train
    scan = train.rss_dbm[[train.n_heard.argmax()]].tocoo()
    known = ",".join(train.access_points[column] for column in scan.coords[1])
    heard, unheard = ",".join(f"{each:.0f}" for each in scan.data), "," * (scan.nnz - 1)
    path = tmp_path / "scans.csv"
    rows = {"old": f"{heard},", "both": f"{heard},-60", "lone": f"-50{unheard},", "new": f"{unheard},-60"}
    lines = [f"scan_id,{known},new", *(f"{name},{row}" for name, row in rows.items()), f"blank,{unheard},"]
    path.write_text("\n".join(lines) + "\n")
    return path


EXPECTED = {"old": (0, ""), "both": (1, ""), "lone": (0, REFUSED),
            "new": (1, "no access point that the model knows is heard"),
            "blank": (0, "the scan is blank: nothing is heard")}  # fmt: skip


def test_locate_writes_csv_with_reasons_and_unknown_access_points(
    tutelage: Command, made: Path, scans: Path, tmp_path: Path
) -> None:
    out = tmp_path / "answers.csv"
    ended = tutelage("locate", made / "knn", scans, "--out", out)
    assert (ended.code, ended.stdout) == (0, "")
    with out.open(newline="", encoding="utf-8") as file:
        rows = {row["scan_id"]: row for row in csv.DictReader(file)}
    assert {name: (int(row["n_unknown"]), row["reason"]) for name, row in rows.items()} == EXPECTED
    assert rows["old"]["x_m"] == rows["both"]["x_m"] != ""
    assert rows["new"]["x_m"] == rows["blank"]["y_m"] == rows["blank"]["floor"] == ""
    assert positions_from_csv(out).answered.tolist() == [True, True, False, False, False]
    assert tutelage("locate", made / "knn", scans).stdout == out.read_text(encoding="utf-8")


def test_locate_writes_the_same_as_json(tutelage: Command, made: Path, scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.json"
    assert tutelage("locate", made / "knn", scans, "--out", out).code == 0
    rows = {row["scan_id"]: row for row in json.loads(out.read_text(encoding="utf-8"))}
    assert {name: (row["n_unknown"], row["reason"]) for name, row in rows.items()} == EXPECTED
    assert isinstance(rows["old"]["x_m"], float)
    assert rows["new"]["x_m"] is rows["new"]["y_m"] is rows["blank"]["building"] is None
    assert tutelage("locate", made / "knn", scans, "--json").stdout == out.read_text(encoding="utf-8")


def test_locate_answers_in_the_coordinates_of_the_survey(
    tutelage: Command, made: Path, tables: Path, building: Survey
) -> None:
    rows = json.loads(tutelage("locate", made / "knn", tables / "truth.csv", "--json").stdout)
    assert building.test is not None
    true_m = building.test.absolute_position_m
    assert [row["scan_id"] for row in rows] == building.test.scan_id.tolist()
    answer_m = np.array([[row["x_m"], row["y_m"]] for row in rows])
    assert np.hypot(*(answer_m - true_m).T).mean() < 8


def test_fit_takes_the_survey_as_an_argument_and_names_the_model_after_it(
    tutelage: Command, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(tables / "survey.csv", tmp_path / "office.csv")
    ended = tutelage("fit", "office.csv", "--method", "knn", "--set", "k=3")
    assert ended.code == 0, ended.stderr
    assert Localizer.load(tmp_path / "office-model").method_spec.name == "knn"
    first = (tmp_path / "office-model" / "model.json").read_bytes()
    again = tutelage("fit", "office.csv", "--method", "knn", "--set", "k=9")
    assert_refused(again, "office-model exists", "--out office-model to replace it")
    assert (tmp_path / "office-model" / "model.json").read_bytes() == first
    named = ("--method", "knn", "--set", "k=9", "--out", "office-model")
    assert tutelage("fit", "office.csv", *named).code == 0
    assert (tmp_path / "office-model" / "model.json").read_bytes() != first


@pytest.mark.parametrize(
    ("building", "name"),
    [
        ("tampere", "tampere-model"),
        ("maps/office.csv", "office-model"),
        ("matrix:maps/TUT5", "TUT5-model"),
        ("simulated:7", "simulated-7-model"),
        ("uji_library:1-2", "uji_library-1-2-model"),
        ("uji_library:1,25", "uji_library-1-25-model"),
    ],
)
def test_a_model_without_a_name_is_named_after_its_building(
    tutelage: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, building: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).mkdir()
    assert_refused(tutelage("fit", building), f"{name} exists; name another")
