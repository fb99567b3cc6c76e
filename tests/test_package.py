"""What `make package` refuses, and that the tests which it copies out need the runtime alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from benchmarks.package import ALONE_TESTS, require_small

ROOT = Path(__file__).parents[1]
ALLOWED = {*sys.stdlib_module_names, "numpy", "pytest", "tutelage.errors", "tutelage.runtime", "made_models"}
MAKER = "made_models.py"  # runs in the full environment
COPIED = sorted(
    file
    for name in ALONE_TESTS
    for file in ((ROOT / name).glob("*.py") if (ROOT / name).is_dir() else [ROOT / name])
    if file.name != MAKER
)


def imported_modules(file: Path) -> set[str]:
    """Return what a file imports: of the package, the module below it; else the first name."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {".".join(name.split(".")[: 2 if name.startswith("tutelage") else 1]) for name in names}


@pytest.mark.parametrize("file", COPIED, ids=lambda file: file.name)
def test_tests_beside_the_wheel_import_the_runtime_alone(file: Path) -> None:
    assert imported_modules(file) <= ALLOWED


def test_a_wheel_of_eight_megabytes_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "tutelage-1-py3-none-any.whl"
    wheel.write_bytes(bytes(1_000_000))
    assert require_small(wheel) == 1.0
    wheel.write_bytes(bytes(8_000_000))
    with pytest.raises(SystemExit, match=r"has 8\.0 MB; a wheel must stay under 8 MB"):
        require_small(wheel)
