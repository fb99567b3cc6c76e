"""No command replaces what it reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import Command, assert_refused


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "MODEL", "--on", "SURVEY", "--report", "SURVEY"),
        ("evaluate", "MODEL", "--on", "checks.csv", "--report", "MODEL/model.json"),
        ("locate", "MODEL", "SURVEY", "--out", "SURVEY"),
        ("plan", "SURVEY", "--report", "SURVEY"),
        ("compare", "SURVEY", "--report", "SURVEY"),
        ("tune", "SURVEY", "--report", "SURVEY"),
        ("tune", "SURVEY", "--out", "SURVEY"),
        ("teach", "SURVEY", "--network", "dnn", "--out", "SURVEY"),
        ("pretrain", "SURVEY", "--out", "SURVEY"),
        ("data", "export", "SURVEY", "SURVEY"),
    ],
    ids=" ".join,
)
def test_what_is_read_is_not_replaced(
    words: tuple[str, ...], tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    survey, model = tmp_path / "survey.csv", tmp_path / "model"
    shutil.copy(tables / "survey.csv", survey)
    if "MODEL" in words:
        made = tutelage("fit", survey, "--method", "knn", "--no-calibration", "--out", model)
        assert made.code == 0, made.stderr
    before = survey.read_bytes()
    named = [word.replace("SURVEY", str(survey)).replace("MODEL", str(model)) for word in words]
    assert_refused(tutelage(*named), "is read by this command and would be replaced; name another to write")
    assert survey.read_bytes() == before


def test_the_same_file_under_another_name_is_not_replaced(
    tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    survey, link = tmp_path / "survey.csv", tmp_path / "report.html"
    shutil.copy(tables / "survey.csv", survey)
    link.symlink_to(survey)
    assert_refused(tutelage("plan", survey, "--report", link), "is read by this command")
