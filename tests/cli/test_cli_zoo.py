"""The teacher zoo from the command line: listed, shown, taught by, chosen from, made."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from command_line import Command, assert_refused

from tutelage.data.sets.public_sets import public_datasets
from tutelage.localizer import Localizer
from tutelage.methods.teachers.shelf import zoo_names

TINY = ("--set", "updates=4", "--device", "cpu", "--no-calibration")
DNN = zoo_names("dnn")
SOURCES = [name.removeprefix("zoo:dnn-") for name in DNN]


def test_list_shows_every_teacher_with_its_licence(tutelage: Command) -> None:
    ended = tutelage("teachers", "list")
    assert ended.code == 0, ended.stderr
    for name in zoo_names():
        assert name in ended.stdout
    assert "CC BY 4.0" in ended.stdout
    assert "membership" in ended.stdout


def test_names_to_be_typed_are_whole_on_a_narrow_terminal(
    tutelage: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    for command, names in (("teachers", zoo_names()), ("data", list(public_datasets()))):
        shown = tutelage(command, "list").stdout
        assert max(map(len, shown.splitlines())) <= 80
        for name in names:
            assert name in shown


def test_list_for_machines_has_whole_cards(tutelage: Command) -> None:
    listed = json.loads(tutelage("teachers", "list", "--json").stdout)
    assert [entry["name"] for entry in listed] == zoo_names()
    for entry in listed[1:]:
        assert entry["licence"] == "CC BY 4.0"
        assert len(entry["data_hash"]) == len(entry["content_hash"]) == 64
        assert entry["quality"]["generator_mae_m"] > 0
        assert 0 < entry["privacy"]["membership"] < 1
        assert entry["size_bytes"] > 0
        assert entry["citations"]


def test_show_takes_names_of_the_zoo(tutelage: Command) -> None:
    (shown, matcher) = json.loads(tutelage("teachers", "show", DNN[0], "zoo:matcher", "--json").stdout)
    assert (shown["file"], shown["network"], shown["source"]) == (DNN[0], "dnn", SOURCES[0])
    assert len(matcher["sources"]) == 8
    assert_refused(tutelage("teachers", "show", "zoo:dnn-museum"), "zoo:dnn-museum", DNN[0])


def test_fit_under_teachers_of_the_zoo(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = ("fit", tables / "survey.csv", "--out", tmp_path / "m", *TINY, "--json")
    one = json.loads(tutelage(*fit, "--teachers", DNN[0], "--teacher", "untrained").stdout)
    assert one["teachers"] == [SOURCES[0], "untrained"]
    assert one["network"] == "dnn"
    every = json.loads(tutelage(*fit, "--network", "dnn", "--teachers", "all").stdout)
    assert every["teachers"] == SOURCES


def test_fit_chooses_and_says_why(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = (
        "fit",
        tables / "survey.csv",
        "--network",
        "dnn",
        "--teachers",
        "auto",
        "--out",
        tmp_path / "m",
        *TINY,
    )
    choice = json.loads(tutelage(*fit, "--json").stdout)["teacher_choice"]
    assert [each["name"] for each in choice["tried"]][:3] == ["none", "untrained", SOURCES[0]]
    assert Localizer.load(tmp_path / "m").lineage_["teacher_choice"] == choice
    shown = tutelage(*fit).stdout
    assert f"{choice['taken']}: {choice['why']}" in " ".join(shown.replace("│", " ").split())


def test_fit_refuses_what_cannot_be_chosen(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = ("fit", tables / "survey.csv", "--out", tmp_path / "m", *TINY)
    assert_refused(tutelage(*fit, "--teachers", "auto", "--teachers", "none"), "'auto' stands by itself")
    assert_refused(tutelage(*fit, "--teachers", "zoo:dnn"), "'zoo:dnn'")
    assert_refused(tutelage(*fit, "--network", "cnnloc", "--teachers", "zoo:dnn-dsi1"), "network 'dnn'")
    assert_refused(tutelage(*fit, "--network", "knn", "--teachers", "all"), "knn has no teachers")
    assert not (tmp_path / "m").exists()


def test_compare_sets_all_teachers_beside_untrained_ones(tutelage: Command, tables: Path) -> None:
    compare = ("compare", tables / "survey.csv", "--network", "dnn", "--epochs", 1, "--folds", 2, "--json")
    found = json.loads(tutelage(*compare, "--teachers", "all").stdout)
    methods = [row["method"] for row in found["methods"]]
    assert methods == ["knn", "dnn", "dnn, taught", "dnn, untrained teachers"]
    assert_refused(tutelage(*compare, "--teachers", "auto"), "'auto' is no teacher to compare")


@pytest.mark.real_data
def test_make_refuses_before_it_learns(tutelage: Command, tmp_path: Path) -> None:
    out = ("teachers", "make", "--out", tmp_path / "zoo")
    assert_refused(tutelage(*out, "--source", "utsindoorloc"), "states no licence", "tutelage teach --source")
    assert_refused(tutelage(*out, "--network", "dn"), "'dn'", "Did you mean dnn?")
    (tmp_path / "file").write_text("mine")
    assert_refused(tutelage("teachers", "make", "--out", tmp_path / "file"), "is a file; name a folder")
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "zoo").exists()
