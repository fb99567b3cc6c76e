"""Build wheel and source archive, and try the wheel where nothing else is installed.

    python -m benchmarks.package    # make package

1. Build `dist/`: the source archive, and the wheel from it.
2. Refuse a wheel of 8 MB or more.
3. Export models with the full environment.
4. Install the wheel with its extra `runtime` and pytest in an empty environment outside the repository.
5. Check there that nothing else came with it, and run the tests of `tests/runtime` there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

__all__ = ["LIMIT_MB", "main", "require_small"]

ROOT = Path(__file__).parents[1]
LIMIT_MB = 8.0
ALONE_TESTS = ("tests/runtime", "tests/matching/test_votes.py", "tests/matching/test_exported_methods.py")
"""Tests that need the runtime, numpy, onnxruntime and pytest only."""

CHECKED = """
import importlib.util, sys, tutelage
from pathlib import Path
missing = [name for name in ("numpy", "onnxruntime") if importlib.util.find_spec(name) is None]
others = [name for name in ("torch", "scipy", "sklearn", "typer") if importlib.util.find_spec(name)]
assert not missing, f"not installed: {missing}"
assert not others, f"installed, though the runtime does not need them: {others}"
assert Path(tutelage.__file__).is_relative_to(sys.prefix), f"not the wheel, but {tutelage.__file__}"
"""
"""Is run in the empty environment."""


def require_small(wheel: Path, limit_mb: float = LIMIT_MB) -> float:
    """Return the size of a wheel in MB, and refuse one that is too large.

    Parameters
    ----------
    wheel : Path
        The file.
    limit_mb : float, default 8
        The smallest size that is refused, in MB of 10^6 bytes.

    Raises
    ------
    SystemExit
        If it is too large.
    """
    size_mb = wheel.stat().st_size / 1e6
    if size_mb >= limit_mb:
        raise SystemExit(f"{wheel.name} has {size_mb:.1f} MB; a wheel must stay under {limit_mb:g} MB")
    return size_mb


def _run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=cwd, env=env)


def _built(folder: Path) -> tuple[Path, Path]:
    """Build both archives anew and return the paths of wheel and source archive."""
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, source


def _test_alone(wheel: Path, folder: Path) -> None:
    """Install the wheel in an empty environment in the folder, and run the tests there."""
    models, tests = folder / "models", folder / "tests"
    models.mkdir()
    _run(sys.executable, ROOT / "tests/runtime/made_models.py", models, cwd=folder)
    venv.create(folder / "empty", with_pip=True)
    python = folder / "empty" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = ("-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt"))
    _run(python, *install, f"{wheel}[runtime]", "pytest", cwd=folder)
    tests.mkdir()
    for name in ALONE_TESTS:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tests / source.name)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    outside = kept | {"TUTELAGE_EXPORTED": str(models)}
    _run(python, "-c", CHECKED, cwd=folder, env=outside)
    _run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests, cwd=folder, env=outside)


def main() -> None:
    """Build, check and test."""
    wheel, source = _built(ROOT / "dist")
    size_mb = require_small(wheel)
    with tempfile.TemporaryDirectory(prefix="tutelage-package-") as name:
        _test_alone(wheel, Path(name))
    print(f"{wheel.name}: {size_mb:.1f} MB; {source.name}: {source.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
