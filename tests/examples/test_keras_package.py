"""The Keras package agrees with this one: its stored vectors are ours, and its own tests hold it to them."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

KERAS = Path(__file__).parents[2] / "examples" / "keras"
SOURCES = Path(__file__).parents[2] / "src"


def test_stored_vectors_are_those_of_today() -> None:
    made = runpy.run_path(str(KERAS / "make_vectors.py"))["vectors"]()
    stored = load_file(KERAS / "vectors" / "vectors.safetensors")
    assert {*made} == {*stored}, "run: python examples/keras/make_vectors.py"
    for name, array in stored.items():
        np.testing.assert_allclose(made[name], array, rtol=1e-7, atol=1e-9, err_msg=name)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Keras in a folder of its own, on PyTorch."""
    folder = tmp_path_factory.mktemp("keras")
    install = ("pip", "install", "--quiet", "--no-deps", "--target", str(folder))
    run(*install, "--requirement", str(KERAS / "requirements-test.txt"), environment=dict(os.environ))
    path = os.pathsep.join(map(str, (KERAS / "src", folder, SOURCES)))
    return os.environ | {"PYTHONPATH": path, "KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}


def run(*module: str, environment: dict[str, str]) -> str:
    """Run a module of Python in the package's folder; return what it prints."""
    ended = subprocess.run(
        [sys.executable, "-m", *module],
        env=environment,
        cwd=KERAS,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.slow
def test_tests_of_the_keras_package_pass(environment: dict[str, str]) -> None:
    summary = run("pytest", "-q", "-p", "no:cacheprovider", environment=environment).splitlines()[-1]
    assert re.match(r"\d+ passed", summary)
    assert "skipped" not in summary


@pytest.mark.slow
@pytest.mark.real_data
def test_keras_example_locates_in_tampere_and_writes_a_teacher(
    environment: dict[str, str], tmp_path: Path
) -> None:
    archive = Path(os.environ["TUTELAGE_DATA"]).resolve() / "tampere" / "FINGERPRINTING_DB.zip"
    teacher = tmp_path / "tampere.teacher"
    shown = run("tampere", str(archive), "--updates", "12", "--out", str(teacher), environment=environment)
    assert "697 training scans, 3951 test scans, backend torch" in shown
    errors_m = {name: float(m) for name, m in re.findall(r"^(.+): mean error (\S+) m$", shown, re.MULTILINE)}
    assert {*errors_m} == {"alone", "two shipped teachers", "two untrained teachers"}
    assert max(errors_m.values()) < 25  # the centre of the building: 33 m
    assert teacher.stat().st_size > 100_000
