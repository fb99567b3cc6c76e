"""How the command has PyTorch's threads wait, unless its user says otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow  # what they share takes long to make

PROGRAM = """
import os, sys
from tutelage.__main__ import main
sys.argv[1:] = ["--help"]
try:
    main()
finally:
    print("waits:", os.environ["OMP_WAIT_POLICY"], "torch" in sys.modules)
"""


@pytest.mark.parametrize(("given", "expected"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_wait_without_a_loop_unless_told_otherwise(given: str | None, expected: str) -> None:
    """The policy is set before PyTorch is loaded, which reads it once."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if given:
        environment["OMP_WAIT_POLICY"] = given
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert f"waits: {expected} False" in ended.stdout, ended.stderr
