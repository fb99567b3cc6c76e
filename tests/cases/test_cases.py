"""Files that people really have: what the page says of each is what its owner gets."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from benchmarks.cases import case_files, documented, outcome
from benchmarks.cases_folder import cases_folder

SAID = documented()


@pytest.mark.cases
def test_the_page_names_every_file() -> None:
    folder = cases_folder()
    assert folder is not None
    assert [*SAID] == case_files(folder)


@pytest.mark.cases
@pytest.mark.parametrize("name", SAID)
def test_an_owner_gets_what_the_page_says(name: str) -> None:
    folder = cases_folder()
    assert folder is not None
    assert outcome(folder / name) == SAID[name]


@pytest.mark.cases
def test_rooms_of_find3_need_no_positions(tmp_path: Path) -> None:
    folder = cases_folder()
    assert folder is not None
    shutil.copy(folder / "01-find3-rooms/home.jsons", tmp_path)
    assert outcome(tmp_path / "home.jsons") == "259 scans, 58 access points, 3 named places"
