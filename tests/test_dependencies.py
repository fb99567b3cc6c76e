"""What is said of dependencies: in the table of licences, and in the two files of pinned versions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from benchmarks.dependencies import BLOCK, PAGE, USES, Requirement, licence, requirements
from benchmarks.documented.page_blocks import block_lines

ROOT = Path(__file__).parents[1]
REQUIREMENTS = list(requirements())


def pinned(file: str) -> dict[str, str]:
    """Return versions by normalised names."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pins = (line.split("#")[0].strip().split("==") for line in lines)
    return {normalised(pin[0]): pin[1] for pin in pins if len(pin) == 2}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_table_names_every_dependency_once_with_its_use() -> None:
    rows = block_lines(PAGE.read_text(encoding="utf-8"))[BLOCK][2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    expected = [
        [one.name, f"`{one.extra}`" if one.extra else "always", USES[one.name]] for one in REQUIREMENTS
    ]
    assert [row[:3] for row in cells] == expected, "run: python -m benchmarks.dependencies"
    assert all(row[3] not in ("", "not stated") for row in cells)


def test_no_use_is_told_of_what_is_no_dependency() -> None:
    assert {*USES} == {one.name for one in REQUIREMENTS}


@pytest.mark.parametrize("one", REQUIREMENTS, ids=lambda one: one.name)
def test_the_oldest_version_that_is_tested_is_the_lower_bound(one: Requirement) -> None:
    version = pinned("constraints-oldest.txt")[normalised(one.name)]
    assert version == one.lower_bound or re.fullmatch(rf"{re.escape(one.lower_bound)}(\.0)+", version)


@pytest.mark.parametrize("one", REQUIREMENTS, ids=lambda one: one.name)
def test_the_version_that_is_tested_is_pinned(one: Requirement) -> None:
    assert normalised(one.name) in pinned("constraints.txt")


def test_licences_are_short() -> None:
    assert licence("numpy").startswith("BSD")
    assert licence("onnxscript") == "MIT License"
    assert licence("rich") == "MIT License"


@pytest.mark.parametrize("line", ["numpy", "numpy==2.0", "numpy>=2,!=2.1", "numpy >= 2"])
def test_a_dependency_without_a_plain_lower_bound_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="NAME>=VERSION"):
        list(requirements({"dependencies": [line], "optional-dependencies": {}}))


def test_extras_of_a_dependency_are_no_part_of_its_name() -> None:
    project = {
        "dependencies": [],
        "optional-dependencies": {"train": ["tutelage[runtime]", "pooch[progress]>=1.8,<2"]},
    }
    assert list(requirements(project)) == [Requirement("pooch", "train", "1.8")]
