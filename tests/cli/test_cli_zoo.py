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
    ended = tutelage("zoo", "list")
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
    for command, names in (("zoo", zoo_names()), ("data", list(public_datasets()))):
        shown = tutelage(command, "list").stdout
        assert max(map(len, shown.splitlines())) <= 80
        for name in names:
            assert name in shown


def test_list_for_machines_has_whole_cards(tutelage: Command) -> None:
    listed = json.loads(tutelage("zoo", "list", "--json").stdout)
    assert [entry["name"] for entry in listed] == zoo_names()
    for entry in listed[1:]:
        assert entry["licence"] == "CC BY 4.0"
        assert len(entry["data_hash"]) == len(entry["content_hash"]) == 64
        assert entry["quality"]["generator_mae_m"] > 0
        assert 0 < entry["privacy"]["membership"] < 1
        assert entry["size_bytes"] > 0
        assert entry["citations"]


def test_show_takes_names_of_the_zoo(tutelage: Command) -> None:
    (shown, matcher) = json.loads(tutelage("zoo", "show", DNN[0], "zoo:matcher", "--json").stdout)
    assert (shown["file"], shown["network"], shown["source"]) == (DNN[0], "dnn", SOURCES[0])
    assert len(matcher["sources"]) == 8
    assert_refused(tutelage("zoo", "show", "zoo:dnn-museum"), "zoo:dnn-museum", DNN[0])


def test_fit_under_teachers_of_the_zoo(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = ("fit", tables / "survey.csv", "--method", "dnn", "--out", tmp_path / "m", *TINY, "--json")
    one = json.loads(tutelage(*fit, "--teachers", DNN[0], "--teachers", "untrained").stdout)
    assert one["teachers"] == [SOURCES[0], "untrained"]
    assert one["method"] == "dnn"
    every = json.loads(tutelage(*fit, "--teachers", "all").stdout)
    assert every["teachers"] == SOURCES


@pytest.mark.slow
def test_fit_chooses_and_says_why(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = (
        "fit",
        tables / "survey.csv",
        "--method",
        "dnn",
        "--teachers",
        "auto",
        "--out",
        tmp_path / "m",
        *TINY,
    )
    choice = json.loads(tutelage(*fit, "--json").stdout)["teacher_choice"]
    assert [each["name"] for each in choice["candidates"]][:3] == ["none", "untrained", SOURCES[0]]
    record = Localizer.load(tmp_path / "m").lineage_.teacher_choice
    assert record is not None
    assert record.as_dict() == choice
    shown = tutelage(*fit).stdout
    assert f"{choice['chosen']}: {choice['why']}" in " ".join(shown.replace("│", " ").split())


def test_fit_refuses_what_cannot_be_chosen(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = ("fit", tables / "survey.csv", "--out", tmp_path / "m", *TINY)
    dnn = ("--method", "dnn", "--teachers")
    assert_refused(tutelage(*fit, *dnn, "auto", "--teachers", "none"), "'auto' stands by itself")
    assert_refused(tutelage(*fit, *dnn, "zoo:dnn"), "'zoo:dnn'")
    assert_refused(tutelage(*fit, "--method", "cnnloc", "--teachers", "zoo:dnn-dsi1"), "network 'dnn'")
    assert_refused(tutelage(*fit, "--method", "knn", "--teachers", "all"), "knn takes no surrogate teachers")
    assert not (tmp_path / "m").exists()


@pytest.mark.slow
def test_compare_sets_all_teachers_beside_untrained_ones(tutelage: Command, tables: Path) -> None:
    compare = ("compare", tables / "survey.csv", "--method", "dnn", "--epochs", 1, "--folds", 2, "--json")
    found = json.loads(tutelage(*compare, "--teachers", "all").stdout)
    methods = [row["name"] for row in found["methods"]]
    assert methods == ["knn", "dnn", "dnn, taught", "dnn, untrained teachers"]
    assert_refused(tutelage(*compare, "--teachers", "auto"), "'auto' is no teacher to compare")


@pytest.mark.real_data
def test_make_refuses_before_it_learns(tutelage: Command, tmp_path: Path) -> None:
    out = ("zoo", "make", "--out", tmp_path / "zoo")
    assert_refused(
        tutelage(*out, "--source", "utsindoorloc"), "states no licence", "tutelage teach utsindoorloc"
    )
    assert_refused(tutelage(*out, "--network", "dn"), "'dn'", "Did you mean dnn?")
    (tmp_path / "file").write_text("mine")
    assert_refused(tutelage("zoo", "make", "--out", tmp_path / "file"), "is a file; name a folder")
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "zoo").exists()
