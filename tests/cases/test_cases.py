"""Files that people really have: what the page says of each is what its owner gets."""

from __future__ import annotations

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
