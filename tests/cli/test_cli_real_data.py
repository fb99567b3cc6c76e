"""The main jobs on UJIIndoorLoc and Tampere, as the README gives them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Command, Ended, assert_refused, in_own_process

from tutelage.data.surveys import load
from tutelage.experiments.result_files import exclusive_writing

pytestmark = pytest.mark.real_data

TINY = ("--epochs", 1, "--set", "width=16", "--set", "d_e=8", "--device", "cpu")
FIGURES = {"n", "mae_m", "median_m", "p75_m", "p95_m", "ground_mae_m", "floor_hit", "building_hit"}
FIGURES |= {"ipin_p75_m", "evaal_mae_m", "coverage", "radius_m"}


def parsed(ended: Ended) -> Any:
    assert ended.code == 0, ended.stderr
    assert ended.stdout.count("\n") == 1
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def knn(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    """k-NN on UJIIndoorLoc with the settings of the literature, in processes of its own."""
    model = tmp_path_factory.mktemp("models") / "uji-knn"
    settings = ("--set", "metric=sorensen", "--set", "representation=powed", "--set", "k=10")
    where = ("--data-dir", data_dir)
    fit = in_own_process("fit", "ujiindoorloc", "--method", "knn", *settings, "--out", model, *where)
    assert fit.code == 0, fit.stderr
    return model


def test_data_list_as_json_and_as_a_table(tutelage: Command, data_dir: Path) -> None:
    rows = {row["name"]: row for row in parsed(tutelage("data", "list", "--data-dir", data_dir, "--json"))}
    sizes = ("n_train", "n_test", "n_access_points")
    assert [rows["tampere"][size] for size in sizes] == [697, 3951, 992]
    assert [rows["ujiindoorloc"][size] for size in sizes] == [19937, 1111, 520]
    assert all(row["licence"] and row["where"] != "not here" for row in rows.values())
    table = in_own_process("data", "list", "--data-dir", data_dir)
    assert (table.code, table.stderr) == (0, "")
    lines = table.stdout.splitlines()
    assert all(any(f" {name} " in line for line in lines) for name in rows)
    assert any("19,937" in line and "520" in line for line in lines)


def test_data_fetch_verifies_and_describes(tutelage: Command, data_dir: Path) -> None:
    figures = parsed(in_own_process("data", "fetch", "tampere", "--data-dir", data_dir, "--json"))
    assert (figures["n_train"], figures["n_test"], figures["access_points"]) == (697, 3951, 992)
    listed = parsed(tutelage("data", "list", "--json"))
    assert next(row for row in listed if row["name"] == "tampere")["where"] == "cached"
    assert "697" in tutelage("data", "fetch", "tampere").stdout


def test_knn_on_ujiindoorloc_gives_the_published_figures(knn: Path, data_dir: Path) -> None:
    row = parsed(in_own_process("evaluate", knn, "--on", "ujiindoorloc", "--data-dir", data_dir, "--json"))
    of_places = {f"place_{name}" for name in ("hit", "balanced", "set_coverage", "set_size")}
    others = {"model", "n_no_position", "n_refused", "level", "on_training_scans"}
    assert row.keys() == FIGURES | of_places | others
    assert {row[name] for name in of_places} == {None}
    assert (row["model"], row["n"], row["n_no_position"]) == (str(knn), 1111, row["n_refused"])
    assert row["mae_m"] == pytest.approx(6.51, abs=0.05)  # a scan 50 m off may be refused
    assert row["ground_mae_m"] == pytest.approx(0.766 * row["mae_m"], rel=1e-3)
    assert row["median_m"] < row["p75_m"] < row["p95_m"]
    assert row["building_hit"] > 0.99
    assert row["coverage"] == pytest.approx(0.95, abs=0.02)
    assert row["n_refused"] <= 2
    assert 0.8 < row["floor_hit"] < row["building_hit"]
    assert row["mae_m"] < row["evaal_mae_m"] < row["mae_m"] + 4  # a floor is wrong in 5 % of the scans
    assert row["p75_m"] < row["ipin_p75_m"] < row["p95_m"]


def test_answers_in_a_file_are_as_good_as_their_model(
    tutelage: Command, knn: Path, data_dir: Path, tmp_path: Path
) -> None:
    scans, answers = tmp_path / "scans.csv", tmp_path / "answers.csv"
    export = ("data", "export", "ujiindoorloc", scans, "--split", "test", "--data-dir", data_dir)
    assert tutelage(*export).code == 0
    assert tutelage("locate", knn, scans, "--out", answers).code == 0
    with answers.open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 1111
    by_file, by_model = parsed(tutelage("evaluate", answers, knn, "--on", scans, "--json"))
    assert by_file["mae_m"] == pytest.approx(by_model["mae_m"], abs=1e-3)
    assert by_file["floor_hit"] == by_model["floor_hit"]


@pytest.mark.slow
def test_tampere_learns_from_two_teachers(tutelage: Command, data_dir: Path, tmp_path: Path) -> None:
    teacher, model, report = tmp_path / "t.teacher", tmp_path / "m", tmp_path / "r.html"
    where = ("--data-dir", data_dir)
    taught = in_own_process("teach", "tampere", "--out", teacher, *TINY, *where)
    assert taught.code == 0, taught.stderr
    card = parsed(tutelage("zoo", "show", teacher, "--json"))
    assert (card["source"], card["network"], card["d_e"], card["n_train"]) == ("tampere", "dnn", 8, 697)
    fit = ("fit", "tampere", "--method", "dnn", "--out", model, *TINY, *where, "--json")
    figures = parsed(tutelage(*fit, "--teachers", teacher, "--teachers", "untrained"))
    assert figures["teachers"] == ["tampere", "untrained"]
    alone = tmp_path / "alone"
    parsed(tutelage("fit", "tampere", "--method", "dnn", "--out", alone, *TINY, *where, "--json"))
    rows = parsed(tutelage("evaluate", model, alone, "--on", "tampere", "--report", report, *where, "--json"))
    assert [row["n"] for row in rows] == [3951, 3951]
    assert rows[0]["mae_m"] != rows[1]["mae_m"]
    assert str(model) in report.read_text(encoding="utf-8")


@pytest.mark.slow
def test_dsi1_is_located_as_other_buildings_taught(tutelage: Command, data_dir: Path, tmp_path: Path) -> None:
    matcher, where = tmp_path / "t.matcher", ("--data-dir", data_dir)
    small = ("--set", "updates=60", "--set", "exercises=128", "--device", "cpu")
    sources = ("tut5", "tut1", "dsi1", "--exclude", "dsi1")
    pretrained = in_own_process("pretrain", *sources, *small, *where, "--out", matcher)
    assert pretrained.code == 0, pretrained.stderr
    card = parsed(tutelage("zoo", "show", matcher, "--json"))
    assert [source["source"] for source in card["sources"]] == ["tut5", "tut1"]
    fit = ("fit", "dsi1", "--method", "matcher", *where, "--json")
    figures = parsed(tutelage(*fit, "--pretrained", matcher, "--out", tmp_path / "others"))
    assert (figures["pretrained"], figures["n_train"]) == (["tut5", "tut1"], 1369)
    knn = ("fit", "dsi1", "--method", "knn", *where, "--json")
    parsed(tutelage(*knn, "--out", tmp_path / "knn"))
    models = (tmp_path / "others", tmp_path / "knn")
    scored, voted = parsed(tutelage("evaluate", *models, "--on", "dsi1", *where, "--json"))
    assert scored["mae_m"] < voted["mae_m"]
    wrong = ("fit", "tut5", "--method", "matcher", "--pretrained", matcher, *where)
    parsed(tutelage(*wrong, "--out", tmp_path / "seen", "--json"))
    evaluate = ("evaluate", tmp_path / "seen", "--on", "tut5", *where, "--json")
    assert_refused(tutelage(*evaluate), "learnt in tut5 as well", "--exclude tut5", "--source-too")
    assert parsed(tutelage(*evaluate, "--source-too"))["n"] == 982


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_export_round_trip_keeps_readings_and_positions(
    tutelage: Command, data_dir: Path, tmp_path: Path, ending: str
) -> None:
    table = tmp_path / f"table.{ending}"
    assert tutelage("data", "export", "tampere", table, "--data-dir", data_dir).code == 0
    given, read = load("tampere", data_dir=data_dir), load(table)
    assert given.test is not None
    assert read.test is not None
    assert read.train.content_hash() == given.train.content_hash()
    assert read.test.content_hash() == given.test.content_hash()


@pytest.mark.slow
def test_reproduce_makes_a_table_and_says_it_for_machines(tutelage: Command, tmp_path: Path) -> None:
    small = ("--budget", "quick", "--targets", "dsi1,utsindoorloc", "--networks", "dnn", "--methods", "none")
    command = ("reproduce", "table1", *small, "--seeds", 1, "--out", tmp_path / "results")
    page = parsed(tutelage(*command, "--json"))
    assert [(group["network"], group["seeds"]) for group in page["groups"]] == [("knn", [0]), ("dnn", [0])]
    assert page["missing"] == ["utsindoorloc"]
    assert set(page["groups"][1]["against"]) == {"knn"}
    again = tutelage(*command)
    assert "## UTSIndoorLoc\n\nNot here" in again.stdout
    page_file = tmp_path / "results" / "table1-quick-dsi1-utsindoorloc-dnn-none-1-seeds.md"
    assert page_file.read_text(encoding="utf-8").strip() == again.stdout.strip()


@pytest.mark.slow
def test_reproduce_finished_runs_nothing_and_writes_the_whole_tables_page(
    tutelage: Command, tmp_path: Path
) -> None:
    only = ("--budget", "quick", "--targets", "dsi1", "--networks", "dnn", "--methods", "none", "--seeds", 1)
    tutelage("reproduce", "table1", *only, "--out", tmp_path)
    rows = (tmp_path / "table1.csv").read_bytes()
    whole = parsed(
        tutelage("reproduce", "table1", "--budget", "quick", "--finished", "--json", "--out", tmp_path)
    )
    assert [(group["network"], group["seeds"]) for group in whole["groups"]] == [("knn", [0]), ("dnn", [0])]
    assert (tmp_path / "table1.csv").read_bytes() == rows
    assert not (tmp_path / "teachers").exists()


def test_reproduce_refuses_a_folder_that_another_command_writes_in(tutelage: Command, tmp_path: Path) -> None:
    with exclusive_writing(tmp_path):
        ended = tutelage("reproduce", "table1", "--targets", "dsi1", "--out", tmp_path)
    assert_refused(ended, "another command is writing results", "another --out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_accuracy_compares_what_taught_a_matcher(tutelage: Command, tmp_path: Path) -> None:
    asked = ("--targets", "dsi1", "--networks", "matcher,blend", "--sources", "tut5,tut1", "--seeds", 1)
    command = ("reproduce", "accuracy", *asked, "--budget", "quick", "--jobs", 1, "--out", tmp_path)
    page = parsed(tutelage(*command, "--json"))
    groups = {(group["network"], group["method"]): group for group in page["groups"]}
    assert set(groups) == {
        ("knn", "none"),
        ("knn", "best_on_test"),
        *(("matcher", method) for method in ("none", "untrained", "others", "both")),
        *(("blend", method) for method in ("none", "others", "both")),
    }
    assert groups["knn", "best_on_test"]["mean_mae_m"] <= groups["knn", "none"]["mean_mae_m"]
    assert set(groups["matcher", "both"]["against"]) == {"own", "control", "knn"}
    assert set(groups["blend", "both"]["against"]) == {"own", "knn"}
    again = tutelage(*command)
    assert "as other buildings taught the matcher" in again.stdout
    assert "The matcher taught by other buildings, against k-NN" in again.stdout
    with (tmp_path / "teachers.csv").open(newline="", encoding="utf-8") as file:
        assert [row["source"] for row in csv.DictReader(file)] == ["tut5+tut1"]


def test_reproduce_refuses_a_source_that_is_not_here(
    tutelage: Command, tmp_path: Path, data_dir: Path
) -> None:
    out = tmp_path / "results"
    ended = tutelage("reproduce", "table1", "--sources", "utsindoorloc", "--data-dir", data_dir, "--out", out)
    assert_refused(ended, "source utsindoorloc are not here", "tutelage data fetch utsindoorloc")
    assert not out.exists()


def test_export_says_what_it_wrote_and_which_code_to_read_it_with(tutelage: Command, tmp_path: Path) -> None:
    table, collection = tmp_path / "uji.csv", tmp_path / "tut5.geojson"
    told = parsed(tutelage("data", "export", "ujiindoorloc", table, "--split", "test", "--json"))
    assert told == {
        "written": str(table),
        "form": "table",
        "n_test": 1111,
        "epsg": 3857,
        "note": "a table does not say that positions are in EPSG:3857; read it with --epsg 3857",
    }
    assert load(table, epsg=3857).train.frame.epsg == 3857
    whole = parsed(tutelage("data", "export", "tut5", collection, "--json"))
    assert whole == {
        "written": str(collection),
        "form": "geojson",
        "n_train": 446,
        "n_test": 982,
        "epsg": None,
    }
