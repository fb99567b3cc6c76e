"""`tutelage data check`: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Command, assert_refused, files_below, in_own_process

SOUND = "scan_id,x_m,y_m,a,b\n" + "".join(f"s{i},{i // 3 * 4},0,{-50 - i},{-70 + i}\n" for i in range(9))


def test_a_sound_table_ends_with_0(tutelage: Command, tmp_path: Path) -> None:
    (tmp_path / "survey.csv").write_text(SOUND)
    ended = tutelage("data", "check", tmp_path / "survey.csv")
    assert (ended.code, ended.stderr) == (0, "")
    assert "9 training and 0 test scans, 2 access points" in ended.stdout
    assert "nothing found" in ended.stdout


@pytest.mark.slow
def test_errors_end_with_1_and_stand_with_their_rows_in_the_table_and_in_json(tmp_path: Path) -> None:
    (tmp_path / "survey.csv").write_text(SOUND + "s9,8,0,loud,-60\n,8,0,-50,-61\n")
    before = files_below(tmp_path)
    ended = in_own_process("data", "check", tmp_path / "survey.csv")
    assert (ended.code, ended.stderr) == (1, "")
    assert "unreadable_rss" in ended.stdout
    assert "row 11" in ended.stdout
    machine = in_own_process("data", "check", tmp_path / "survey.csv", "--json")
    found = json.loads(machine.stdout)
    assert (machine.code, found["n_errors"]) == (1, 2)
    rows = {finding["code"]: finding["rows"] for finding in found["findings"]}
    assert (rows["unreadable_rss"], rows["no_id"]) == ([11], [12])
    assert all(finding["advice"] for finding in found["findings"])
    assert files_below(tmp_path) == before


def test_one_error_is_one_error(tutelage: Command, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("scan_id,x_m,y_m,a\ns0,0,0,-50\ns1,4,0,loud\ns2,8,0,-60\n")
    assert "1 error among " in tutelage("data", "check", tmp_path / "s.csv").stdout


def test_what_cannot_be_read_ends_with_2(tutelage: Command, tmp_path: Path) -> None:
    (tmp_path / "survey.csv").write_text("x_m,a\n0,-50\n")
    assert_refused(tutelage("data", "check", tmp_path / "survey.csv"), "column y_m is missing")
    assert_refused(tutelage("data", "check", tmp_path / "none.csv"), "no such file")
    assert_refused(tutelage("data", "check", "ujindoorloc"), "Did you mean ujiindoorloc")


@pytest.mark.real_data
def test_warnings_end_with_0(tutelage: Command) -> None:
    ended = tutelage("data", "check", "ujiindoorloc", "--json")
    found = json.loads(ended.stdout)
    assert (ended.code, found["n_errors"], found["n_train"]) == (0, 0, 19937)
    [blank] = [each for each in found["findings"] if each["code"] == "blank_scan"]
    assert len(blank["rows"]) == len(blank["scans"]) == 76
